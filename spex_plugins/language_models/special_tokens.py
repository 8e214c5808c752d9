"""The special tokens that a tokenizer puts around a text, and texts that bring them along."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["SpecialTokens", "special_tokens"]


@dataclass(frozen=True)
class SpecialTokens:
    """What a tokenizer adds, and how its outermost tokens are written.

    A chat template writes the token of the beginning into the text; a tokenizer that adds another makes a
    prompt that the model was not trained on. A text that brings its first or last special token gets none.

    Attributes
    ----------
    before, behind : tuple of int
        Tokens put before a text, and behind.
    first, last : str
        Texts of the first token of ``before`` and the last of ``behind``; empty where there is none.
    """

    before: tuple[int, ...]
    behind: tuple[int, ...]
    first: str
    last: str

    def begins(self, text: str, bare: Sequence[int]) -> bool:
        """Tell whether a text, with its tokens as they are, brings the beginning along."""
        shown = text.lstrip()
        blank = len(text) - len(shown)
        return bool(self.first) and shown.startswith(self.first) and self.before[0] in bare[: blank + 1]

    def ends(self, text: str, bare: Sequence[int]) -> bool:
        """Tell whether a text, with its tokens as they are, brings the end along."""
        shown = text.rstrip()
        blank = len(text) - len(shown)
        return bool(self.last) and shown.endswith(self.last) and self.behind[-1] in bare[-blank - 1 :]

    def once(self, text: str, ids: Sequence[int], second: str | None = None) -> slice:
        """Return which of the tokens of a text, or of a pair, leave no special token twice.

        Parameters
        ----------
        text : str
        ids : sequence of int
            With the special tokens of the tokenizer around it.
        second : str, optional
            The other text of a pair.
        """
        inner = ids[len(self.before) : len(ids) - len(self.behind)]
        start = len(self.before) if self.begins(text, inner) else 0
        twice = self.ends(text if second is None else second, inner)
        return slice(start, len(ids) - len(self.behind) if twice else len(ids))


def special_tokens(tokenizer: Any, encode: Callable[[str, bool], Sequence[int]]) -> SpecialTokens:
    """Look at what a tokenizer does to a short text.

    Parameters
    ----------
    tokenizer : Any
        With ``convert_ids_to_tokens``.
    encode : callable
        From a text, and whether special tokens are added, to tokens.
    """
    bare, whole = (tuple(encode("a", special)) for special in (False, True))
    places = (i for i in range(len(whole) - len(bare) + 1) if whole[i : i + len(bare)] == bare)
    at = next(places, None) if bare or not whole else None
    if at is None:
        raise InputError(
            f"tokenizer: makes {list(whole)} of 'a' with special tokens and {list(bare)} without, which do "
            "not contain each other; its special tokens cannot be told from a text."
        )
    before, behind = whole[:at], whole[at + len(bare) :]
    first, last = (tokenizer.convert_ids_to_tokens(list(ids)) for ids in (before[:1], behind[-1:]))
    return SpecialTokens(before, behind, str(*first), str(*last))
