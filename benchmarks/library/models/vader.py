"""The score of the package vaderSentiment: a lexicon with rules, no training."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

__all__ = ["vader"]


@cache
def vader() -> Callable[[Any], np.ndarray]:
    """Return VADER's compound score in [−1, 1]: a lexicon with rules for negations, boosters, "but", …."""
    from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

    analyzer = SentimentIntensityAnalyzer()
    return lambda inputs: np.array([analyzer.polarity_scores(str(text))["compound"] for text in inputs])
