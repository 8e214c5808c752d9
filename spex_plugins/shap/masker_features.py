"""Maskers whose features are words instead of tokens, or regions instead of pixels."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.images.grouped_image import GroupedImage
from spex_plugins.shap.texts.grouped_text import GroupedText

__all__ = ["default_features", "masker_of_features"]

_MOST_NUMBERS = 4096  # of an image whose numbers are features each


def default_features(masker: Any) -> str | None:
    """Return "superpixel" for images of too many numbers to explain each, with a warning; else None."""
    image_masker = getattr(masker, "masker", masker)  # SHAP wraps the maskers of models that write texts
    shape: tuple[int, ...] = getattr(image_masker, "input_shape", ())
    if not isinstance(image_masker, shap.maskers.Image) or np.prod(shape) <= _MOST_NUMBERS:
        return None
    if len(shape) != 3 or shape[0] < shape[2]:
        raise InputError(
            f"masker: images have the shape (H, W, C), got {tuple(shape)}; move the channels to the end, or "
            "pass features=, a function that labels the pixels."
        )
    warnings.warn(
        f"features: an image of shape {tuple(shape)} has {np.prod(shape):,} numbers, too many for a feature "
        'each; about 100 superpixels are used. Pass features="superpixel" to silence this warning, or '
        "features=Superpixels(n), Grid(rows, columns), or a function that labels the pixels.",
        stacklevel=3,
    )
    return "superpixel"


def masker_of_features(masker: Any, features: Any) -> Any:
    """Return a masker whose features are words, sentences, paragraphs of texts or regions of images.

    Parameters
    ----------
    masker : shap.maskers.Text or shap.maskers.Image
        Or a composite around one, which stays around it.
    features : str or callable
        As in `GroupedText` or `GroupedImage`.

    Raises
    ------
    InputError
        If the masker is of neither texts nor images, or the features are unknown.
    """
    if isinstance(masker, shap.maskers.OutputComposite):
        return shap.maskers.OutputComposite(masker_of_features(masker.masker, features), masker.model)
    if isinstance(masker, shap.maskers.FixedComposite):
        return shap.maskers.FixedComposite(masker_of_features(masker.masker, features))
    if isinstance(masker, shap.maskers.Text):
        return GroupedText.of(masker, features)
    if isinstance(masker, shap.maskers.Image):
        return GroupedImage(masker, features)
    if isinstance(masker, GroupedImage):
        return GroupedImage(masker.image_masker, features)
    raise InputError(
        f"features: only texts and images can be divided, the masker is {type(masker).__name__}; leave "
        "features out, or pass a tokenizer, shap.maskers.Text or shap.maskers.Image."
    )
