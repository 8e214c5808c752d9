"""Lengths of the prompts of masks, without making the prompts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.games.text.text_features import MaskedParts
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["PromptLengths", "prompt_lengths"]


@dataclass(frozen=True, eq=False)
class PromptLengths:
    """Lengths that are sums over the parts of a text: exact in characters, approximate in tokens.

    Attributes
    ----------
    fixed : float
        Length of the text that is never masked.
    kept, masked : ndarray of float64, shape (n,)
        Length of every part when it is kept and when it is masked, with the white space before it.
    """

    fixed: float
    kept: FloatArray
    masked: FloatArray

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the lengths (b,) of the prompts of masks (b, n)."""
        kept = np.asarray(masks, dtype=np.float64)
        return self.fixed + kept @ self.kept + (1.0 - kept) @ self.masked


def prompt_lengths(
    parts: Sequence[MaskedParts],
    replacement: str | None,
    whole: int,
    lengths: Callable[[list[str]], Sequence[int]],
) -> PromptLengths:
    """Measure the parts of texts.

    Parameters
    ----------
    parts : sequence of MaskedParts
        The parts of every text.
    replacement : str or None
        The text that replaces masked parts; None where they are removed.
    whole : int
        Length of the prompt with all parts.
    lengths : callable
        From texts to their lengths.
    """
    segments = (sorted((at, gap, body) for gap, body, at in part.segments if at >= 0) for part in parts)
    features = [segment for found in segments for segment in found]
    kept = np.array(lengths([gap + body for _, gap, body in features]), dtype=np.float64)
    masked = np.zeros(len(features))
    if replacement is not None:
        masked += lengths([gap + replacement for _, gap, _ in features])
    return PromptLengths(max(whole - kept.sum(), 0.0), kept, masked)
