"""The parts of a text that can be masked, and the texts of masks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.regions.texts import character_labels, splitter
from spex_plugins.types import BoolArray

__all__ = ["MaskedParts", "Spans", "masked_parts"]

_FIXED = -1


@dataclass(frozen=True)
class MaskedParts:
    """A text as a sequence of segments, some of which are features.

    Attributes
    ----------
    spans : tuple of (start, end)
        Characters of every feature, n in all.
    names : tuple of str
    segments : tuple of (white space, body, feature)
        In the order of the text; −1 for text that is never masked.
    tail : str
        White space at the end of the text.
    """

    spans: tuple[tuple[int, int], ...]
    names: tuple[str, ...]
    segments: tuple[tuple[str, str, int], ...]
    tail: str

    @property
    def described(self) -> tuple[Any, ...]:
        """What the texts of masks depend on beside the whole text."""
        return self.spans

    def texts(self, masks: BoolArray, replacement: str | None) -> list[str]:
        """Return the texts with the features of masks (b, n).

        The other features are replaced, or removed with the white space before them.
        """
        return [self._text(mask, replacement) for mask in masks]

    def _text(self, mask: BoolArray, replacement: str | None) -> str:
        kept = [*mask.tolist(), True]  # the last one is that of the fixed segments
        shown = [
            (gap, body if kept[feature] else replacement)
            for gap, body, feature in self.segments
            if kept[feature] or replacement is not None
        ]
        # The first segment takes the white space at the beginning of the text.
        rest = "".join(f"{gap}{body}" for gap, body in shown[1:])
        return f"{self.segments[0][0]}{shown[0][1]}{rest}{self.tail}" if shown else self.tail.lstrip()


Spans = (
    str | Sequence[tuple[int, int]] | Callable[[str], Sequence[str] | Sequence[tuple[int, int]]] | MaskedParts
)


def masked_parts(text: str, features: Spans) -> MaskedParts:
    """Return the parts of a text that can be masked.

    Parameters
    ----------
    text : str
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), callable, or MaskedParts
        A function from the text returns such spans, or the parts as strings, in the order of the text and
        with nothing but white space between them. Parts of the text are returned as they are.

    Raises
    ------
    InputError
        If there is no feature, or the spans overlap or do not fit the text.
    """
    if isinstance(features, MaskedParts):
        return features
    found: Any = features
    if isinstance(features, str) or callable(features):
        found = splitter(features)(text)
        if any(isinstance(part, str) for part in found):
            found = _spans_of_parts(text, found)
    spans = _checked(text, found)
    names = tuple(text[start:end].strip() for start, end in spans)
    segments: list[tuple[str, str, int]] = []
    gap = ""
    order = sorted(range(len(spans)), key=lambda i: spans[i])
    bounds = [(0, 0), *(spans[i] for i in order), (len(text), len(text))]
    for feature, ((_, before), (start, end)) in zip([*order, _FIXED], pairwise(bounds), strict=True):
        between = text[before:start]
        fixed = between.strip()
        gap = between
        if fixed:
            at = between.index(fixed)
            segments.append((between[:at], fixed, _FIXED))
            gap = between[at + len(fixed) :]
        if feature != _FIXED:
            segments.append((gap, text[start:end], feature))
    return MaskedParts(spans, names, tuple(segments), gap)


def _spans_of_parts(text: str, parts: Sequence[str]) -> list[tuple[int, int]]:
    labels = character_labels(text, parts)
    ends = np.flatnonzero(np.diff(labels, append=labels[-1:] + 1)) + 1
    pieces = [(start, end, text[start:end]) for start, end in pairwise([0, *ends.tolist()])]
    return [(end - len(piece.lstrip()), start + len(piece.rstrip())) for start, end, piece in pieces]


def _checked(text: str, spans: Any) -> tuple[tuple[int, int], ...]:
    try:
        pairs = tuple((int(start), int(end)) for start, end in spans)
    except (TypeError, ValueError):
        raise InputError(
            "features: must be 'word', 'sentence', 'paragraph', spans (start, end) of characters, or a "
            f"function that returns strings or spans; got {spans!r:.80}."
        ) from None
    if not pairs:
        raise InputError("features: the text has no parts that could be masked; give a text with words.")
    for start, end in pairs:
        if not 0 <= start < end <= len(text):
            raise InputError(
                f"features: the span ({start}, {end}) does not lie in a text of {len(text)} characters."
            )
    for (a, b), (c, d) in pairwise(sorted(pairs)):
        if c < b:
            raise InputError(f"features: the spans ({a}, {b}) and ({c}, {d}) overlap; make them one.")
    return pairs
