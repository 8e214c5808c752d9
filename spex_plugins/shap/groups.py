"""Words for tokens, regions for pixels: put groups into the masker that SHAP has made."""

from __future__ import annotations

from typing import Any

import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.grouped_image import GroupedImage
from spex_plugins.shap.grouped_text import GroupedText

__all__ = ["grouped"]


def grouped(masker: Any, group: Any) -> Any:
    """Return a masker whose features are groups of those of a text or image masker.

    Parameters
    ----------
    masker : shap.maskers.Text or shap.maskers.Image
        Or a composite around one, which stays around it.
    group : str or callable
        As in `GroupedText` or `GroupedImage`.
    """
    if isinstance(masker, shap.maskers.OutputComposite):
        return shap.maskers.OutputComposite(grouped(masker.masker, group), masker.model)
    if isinstance(masker, shap.maskers.FixedComposite):
        return shap.maskers.FixedComposite(grouped(masker.masker, group))
    if isinstance(masker, shap.maskers.Text):
        return GroupedText.of(masker, group)
    if isinstance(masker, shap.maskers.Image):
        return GroupedImage(masker, group)
    if isinstance(masker, GroupedImage):
        return GroupedImage(masker.image_masker, group)
    raise InputError(
        f"group: only texts and images have groups, the masker is {type(masker).__name__}; leave group "
        "out, or pass a tokenizer, shap.maskers.Text or shap.maskers.Image."
    )
