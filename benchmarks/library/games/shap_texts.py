"""Masking of words as `shap.maskers.Text` does it, for many masks at once."""

from __future__ import annotations

import numpy as np
import shap

__all__ = ["FreeText", "masked_texts", "word_masker"]


class FreeText(shap.maskers.Text):
    """SHAP's masker without its clustering of words.

    `PermutationExplainer` permutes whole clusters when the masker has some, and so estimates Owen values;
    without them it estimates Shapley values. The masked texts are the same.
    """

    clustering = None


def word_masker() -> shap.maskers.Text:
    """Return SHAP's masker of words: every hidden run of words becomes ``...``."""
    return shap.maskers.Text(r"\s")


def masked_texts(words: list[str], masks: np.ndarray) -> list[str]:
    """Return the texts that `word_masker` makes of ``" ".join(words)`` under masks (m, n), True = kept."""
    first_hidden = ~masks
    first_hidden[:, 1:] &= masks[:, :-1]
    kept = np.array([f"{word} " for word in words[:-1]] + words[-1:], dtype=object)
    parts = np.where(masks, kept, np.where(first_hidden, " ...", ""))
    return ["".join(row).replace("  ", " ").strip() for row in parts.tolist()]
