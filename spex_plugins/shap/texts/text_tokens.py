"""The tokens of a text, and which of them are never masked: special tokens, padding, tokens without text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from shap.utils import safe_isinstance

from spex_plugins.errors import InputError
from spex_plugins.language_models.special_tokens import SpecialTokens, special_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import BoolArray, IntArray

__all__ = ["TextTokens", "is_tokenizer", "special_tokens_of"]


class TextTokens(shap.maskers.Text):  # type: ignore[misc]
    """`shap.maskers.Text` that knows the special tokens of every tokenizer.

    SHAP counts the tokens of an empty text, takes the first half for the beginning and the other for the
    end: with two tokens before a text and none behind, or with padding, words count as special. Here those
    are fixed that a tokenizer of transformers is known to add; of other tokenizers, those at both ends that
    show no text, as offsets say, or without offsets those that stand around every text. Special tokens that
    the text brings along, as chat templates write them, are not added again.
    """

    def __init__(  # SHAP loads what it saved by the names of these arguments
        self,
        tokenizer: Any = None,
        mask_token: Any = None,
        collapse_mask_token: Any = "auto",
        output_type: str = "string",
    ) -> None:
        # SHAP refuses tokenizers whose special tokens it cannot halve; it is shown none.
        super().__init__(
            None if callable(tokenizer) else tokenizer, mask_token, collapse_mask_token, output_type
        )
        if callable(tokenizer):
            self.tokenizer = tokenizer
            own = getattr(tokenizer, "mask_token", None)
            if mask_token is None and own is not None:
                self.mask_token, self.mask_token_id = own, getattr(tokenizer, "mask_token_id", None)
                self.collapse_mask_token = collapse_mask_token is True
        self.find_special_tokens()

    def find_special_tokens(self) -> None:
        """Correct the special tokens that SHAP's constructor has assumed."""
        self.keep_prefix = self.keep_suffix = 0
        self._special = special_tokens_of(self.tokenizer)
        self._adds_tokens = bool(self.tokenizer("")["input_ids"])
        self._known: tuple[Any, ...] = (None,)
        given = self.input_mask_token
        if isinstance(given, str) or (given is None and self.mask_token == "..."):
            self._tokenize(self.mask_token)
            free = np.flatnonzero(~self._fixed_tokens(self.mask_token))
            self.mask_token_id = self._tokenize(self.mask_token)[0][free[0]] if len(free) else None

    def __call__(self, mask: Any, s: str) -> Any:
        return super().__call__(self._standardize_mask(mask, s) | self._fixed_tokens(s), s)

    def invariants(self, s: str) -> BoolArray:
        """Return which tokens cannot be masked, shape (1, T)."""
        fixed = self._fixed_tokens(s)
        separator = getattr(self.tokenizer, "sep_token_id", None)
        return (fixed | (np.array(self._tokenize(s)[0]) == separator))[None]

    def _fixed_tokens(self, s: str) -> BoolArray:
        """Return which tokens are never masked, (T,).

        Raises
        ------
        InputError
            If that is all of them, though there is a text.
        """
        ids, spans, padding = self._tokenize(s)
        shown = np.zeros(len(ids), dtype=bool) if spans is None else spans[:, 0] < spans[:, 1]
        if self._special is not None and not padding.any():
            fixed = _outermost(ids, self._special, s)
        elif spans is None:
            fixed = padding | _around(self.tokenizer, ids, padding)
        else:
            fixed = padding | (self._adds_tokens & _outside(shown))
        if s.strip() and not shown.any() and len(ids) and fixed.all():
            raise InputError(
                f"masker: the tokenizer makes only special tokens of the text {s!r:.60}, none of which can "
                "be masked; pass one that returns 'offset_mapping' and does not pad."
            )
        return fixed

    def _tokenize(self, s: str) -> tuple[list[int], IntArray | None, BoolArray]:
        """Return the tokens, where each starts and ends (T, 2) if the tokenizer can tell, what is padding."""
        if self._known[0] != s:
            try:
                data = self.tokenizer(s, return_offsets_mapping=True)
                pairs = [pair or (0, 0) for pair in data["offset_mapping"]]
            except (NotImplementedError, TypeError):  # as SHAP tells them
                data, pairs = self.tokenizer(s), None
            ids = list(data["input_ids"])
            padding = np.array(data.get("attention_mask", [1] * len(ids))) == 0
            kept = slice(None) if self._special is None else self._special.once(s, ids)
            spans = None if pairs is None else np.array(pairs[kept], dtype=np.int64).reshape(-1, 2)
            self._known = (s, ids[kept], spans, padding[kept])
        _, ids, spans, padding = self._known
        return ids, spans, padding


def is_tokenizer(given: Any) -> bool:
    """Tell whether something is a tokenizer of transformers, without importing it."""
    return bool(safe_isinstance(given, "transformers.tokenization_utils_base.PreTrainedTokenizerBase"))


def special_tokens_of(tokenizer: Any) -> SpecialTokens | None:
    """Return the special tokens of a tokenizer of transformers, None of any other."""
    if not is_tokenizer(tokenizer):
        return None
    return special_tokens(
        tokenizer, lambda text, special: tokenizer(text, add_special_tokens=special)["input_ids"]
    )


def _outermost(ids: Sequence[int], special: SpecialTokens, s: str) -> BoolArray:
    """Return which of the tokens are special ones at the beginning and end, added or the text's own."""
    fixed = np.zeros(len(ids), dtype=bool)
    ends = [(slice(len(special.before)), special.before, special.begins(s, ids))]
    ends += [(slice(len(ids) - len(special.behind), None), special.behind, special.ends(s, ids))]
    for at, tokens, own in ends:
        fixed[at] = np.isin(ids[at], tokens) if own else True
    return fixed


def _outside(shown: BoolArray) -> BoolArray:
    """Return which tokens stand before the first or after the last that shows text."""
    forward, backward = np.logical_or.accumulate(shown), np.logical_or.accumulate(shown[::-1])[::-1]
    return ~(forward & backward)


def _around(tokenizer: Any, ids: Sequence[int], padding: BoolArray) -> BoolArray:
    """Return which tokens stand around every text, by what the tokenizer makes of an empty one."""
    empty, other = tokenizer(""), tokenizer("a")
    none, one = _unpadded(empty), _unpadded(other)
    if none and len(none) == len(one):
        raise InputError("masker: the tokenizer pads every text to one length; pass one that does not pad.")
    fixed = np.zeros(len(ids), dtype=bool)
    before = _equal(none, one)
    behind = _equal(none[before:][::-1], one[before:][::-1])
    real = np.flatnonzero(~padding)
    fixed[real[:before]] = fixed[real[max(len(real) - behind, 0) :]] = True
    return fixed


def _unpadded(data: Any) -> list[int]:
    ids = list(data["input_ids"])
    real = data.get("attention_mask", [1] * len(ids))
    return [token for token, kept in zip(ids, real, strict=True) if kept]


def _equal(a: Sequence[int], b: Sequence[int]) -> int:
    """Return how many of their first tokens are the same."""
    differ = (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    return next(differ, min(len(a), len(b)))
