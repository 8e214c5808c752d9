"""Words for tokens, regions for pixels: put groups into the masker that SHAP has made."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.images.grouped_image import GroupedImage
from spex_plugins.shap.texts.grouped_text import GroupedText

__all__ = ["default_group", "grouped"]

_MOST_NUMBERS = 4096  # of an image whose numbers are features each


def default_group(masker: Any) -> str | None:
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
        f"features: an image of shape {tuple(shape)} has {np.prod(shape):,} numbers, too many to be a feature "
        'each; its superpixels, about 100, are the features. features="superpixel" says so, "grid", Grid, '
        "Superpixels(n) or a function choose others.",
        stacklevel=3,
    )
    return "superpixel"


def grouped(masker: Any, features: Any) -> Any:
    """Return a masker whose features are groups of those of a text or image masker.

    Parameters
    ----------
    masker : shap.maskers.Text or shap.maskers.Image
        Or a composite around one, which stays around it.
    features : str or callable
        As in `GroupedText` or `GroupedImage`.
    """
    if isinstance(masker, shap.maskers.OutputComposite):
        return shap.maskers.OutputComposite(grouped(masker.masker, features), masker.model)
    if isinstance(masker, shap.maskers.FixedComposite):
        return shap.maskers.FixedComposite(grouped(masker.masker, features))
    if isinstance(masker, shap.maskers.Text):
        return GroupedText.of(masker, features)
    if isinstance(masker, shap.maskers.Image):
        return GroupedImage(masker, features)
    if isinstance(masker, GroupedImage):
        return GroupedImage(masker.image_masker, features)
    raise InputError(
        f"features: only texts and images can be split, the masker is {type(masker).__name__}; leave features "
        "out, or pass a tokenizer, shap.maskers.Text or shap.maskers.Image."
    )
