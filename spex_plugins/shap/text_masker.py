"""SHAP's Text masker for tokenizers that cut a character into several tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray, IntArray

__all__ = ["WholeText", "text_masker"]


class WholeText(shap.maskers.Text):  # type: ignore[misc]
    """`shap.maskers.Text` that shows the model every character once, and whole or not at all.

    Byte-level tokenizers make several tokens of é or of an emoji. SHAP gives each of them the whole
    character, so that the model reads "caféé". Here the first of these tokens stands for the character; the
    others are masked along with it and are no features.
    """

    def __call__(self, mask: Any, s: str) -> Any:
        return super().__call__(self._standardize_mask(mask, s)[self._first_tokens(s)], s)

    def token_segments(self, s: str) -> tuple[list[str], list[Any]]:
        """Return the substrings of the tokens, which do not overlap, and the ids of the tokens."""
        offsets = self._offsets(s)
        if offsets is None:
            return super().token_segments(s)
        if not len(offsets):
            raise InputError(f"rows: the text {s!r} has no tokens; leave it out.")
        segments, ids = super().token_segments(s)
        starts = offsets[:, 0]
        stops = starts + np.array([len(part) for part in segments], dtype=np.int64)
        starts = np.maximum(starts, _reached_before(stops))
        return [s[start:stop] for start, stop in zip(starts, stops, strict=True)], ids

    def invariants(self, s: str) -> BoolArray:
        first = self._first_tokens(s)
        return super().invariants(s) | (first != np.arange(len(first)))

    def _first_tokens(self, s: str) -> IntArray:
        """Return for every token the one that stands for its characters: mostly itself."""
        tokens = np.arange(self.shape(s)[1])
        offsets = self._offsets(s)
        if offsets is None:
            return tokens
        stops = offsets[:, 1]
        repeats = stops <= _reached_before(stops)
        return np.maximum.accumulate(np.where(repeats, 0, tokens))

    def _offsets(self, s: str) -> IntArray | None:
        """Return where every token starts and ends, (T, 2), or None for tokenizers that cannot tell."""
        known: tuple[Any, Any] = self.__dict__.get("_known_offsets", (None, None))
        if known[0] != s:
            try:
                pairs = self.tokenizer(s, return_offsets_mapping=True)["offset_mapping"]
                known = s, np.array([pair or (0, 0) for pair in pairs], dtype=np.int64).reshape(-1, 2)
            except (NotImplementedError, TypeError):  # as SHAP tells them
                known = s, None
            self._known_offsets = known
        return known[1]


def _reached_before(stops: IntArray) -> IntArray:
    """Return how far the text was covered before every token."""
    return np.maximum.accumulate(np.append(0, stops))[:-1]


def text_masker(masker: Any) -> Any:
    """Return a `WholeText` in place of a Text masker, also inside SHAP's composites for language models."""
    if type(masker) is shap.maskers.Text:
        whole = WholeText.__new__(WholeText)
        whole.__dict__.update(masker.__dict__, _s=None)
        return whole
    if type(masker) is shap.maskers.OutputComposite:
        return shap.maskers.OutputComposite(text_masker(masker.masker), masker.model)
    if type(masker) is shap.maskers.FixedComposite:
        return shap.maskers.FixedComposite(text_masker(masker.masker))
    return masker
