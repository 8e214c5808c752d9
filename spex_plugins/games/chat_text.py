"""A text with some of its features masked: removed, or replaced by a placeholder."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Features", "MaskedText", "feature_spans"]

Features = str | Callable[[str], Sequence[str]] | Sequence[tuple[int, int]]

_PARTS = {"word": r"\S+", "sentence": r"\S.*?(?:[.!?…]+[\"'”’»)\]]*(?=\s)|$|(?=\n[^\S\n]*\n))"}


def feature_spans(text: str, features: Features) -> tuple[tuple[int, int], ...]:
    """Return where every feature starts and ends.

    Parameters
    ----------
    text : str
    features : {"word", "sentence"}, callable or sequence of (int, int)
        A function returns the parts of the text as strings, in order and leaving out only white space. Pairs
        are start and end in characters; what lies outside of them is always kept.
    """
    if isinstance(features, str):
        if features not in _PARTS:
            raise InputError(
                f"features: {features!r} is unknown; choose one of {list(_PARTS)}, a function that splits a "
                "text into strings, or (start, end) pairs."
            )
        spans = [match.span() for match in re.finditer(_PARTS[features], text, re.DOTALL)]
    elif callable(features):
        spans = _located(text, features(text))
    else:
        spans = [(int(start), int(end)) for start, end in features]
    ordered = all(before <= start for (_, before), (start, _) in pairwise(spans))
    if not ordered or not all(0 <= start < end <= len(text) for start, end in spans):
        raise InputError(
            f"features: the spans must be in order, not overlap, and lie within the {len(text)} characters."
        )
    if not spans:
        raise InputError("text: has no features; give a text with at least one word.")
    return tuple(spans)


def _located(text: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    spans, end = [], 0
    for part in (part.strip() for part in parts if part.strip()):
        start = end + len(text[end:]) - len(text[end:].lstrip())
        if not text.startswith(part, start):
            raise InputError(
                f"features: at character {start} the text goes on with {text[start : start + 40]!r}, but the "
                f"next part is {part!r:.60}; return the parts in order, leaving out only white space."
            )
        end = start + len(part)
        spans.append((start, end))
    return spans


class MaskedText:
    """The texts that masks stand for.

    A removed feature takes the white space before it along, so that no double spaces stay behind.

    Parameters
    ----------
    text : str
    spans : sequence of (int, int)
        Where the n features lie.
    placeholder : str or None
        What masked features are replaced by; None removes them.
    """

    def __init__(self, text: str, spans: Sequence[tuple[int, int]], placeholder: str | None) -> None:
        edges = [0, *(end for _, end in spans)]
        gaps = [text[end:start] for end, (start, _) in zip(edges, spans, strict=False)]
        features = [text[start:end] for start, end in spans]
        self._tail = text[edges[-1] :]
        self._strip = placeholder is None and not text[:1].isspace()
        if placeholder is None:
            self._masked = [gap.rstrip() for gap in gaps]
        else:
            self._masked = [gap + placeholder for gap in gaps]
        self._kept = [gap + feature for gap, feature in zip(gaps, features, strict=True)]

    def __call__(self, masks: BoolArray) -> list[str]:
        """Return the text of every mask, for masks (b, n)."""
        pieces = list(zip(self._masked, self._kept, strict=True))
        texts = [
            "".join(pair[keep] for pair, keep in zip(pieces, mask, strict=True)) for mask in masks.tolist()
        ]
        return [(text + self._tail).lstrip() if self._strip else text + self._tail for text in texts]

    def characters(self, masks: BoolArray) -> FloatArray:
        """Return the number of characters of every text, shape (b,), with the white space at its edge."""
        masked = np.array([len(piece) for piece in self._masked], dtype=np.float64)
        kept = np.array([len(piece) for piece in self._kept], dtype=np.float64)
        return masked.sum() + len(self._tail) + masks @ (kept - masked)
