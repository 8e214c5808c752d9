"""The special tokens that a tokenizer adds to a text, and texts that already contain them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from spex_plugins.errors import InputError

__all__ = ["SpecialTokens", "special_tokens"]


@dataclass(frozen=True)
class SpecialTokens:
    """The tokens that a tokenizer adds, and the texts of the first and the last of them.

    A chat template writes the first token into the text; a tokenizer that adds another one makes a prompt
    that the model was not trained on. A text that contains its first or last special token gets none.

    Attributes
    ----------
    before, behind : tuple of int
        Tokens added before and after a text.
    first, last : str
        Texts of the first token of ``before`` and the last of ``behind``; empty where there is none.
    """

    before: tuple[int, ...]
    behind: tuple[int, ...]
    first: str
    last: str

    def begins(self, text: str, bare: Sequence[int]) -> bool:
        """Return whether a text, whose tokens are ``bare``, contains the first special token."""
        shown = text.lstrip()
        blank = len(text) - len(shown)
        return bool(self.first) and shown.startswith(self.first) and self.before[0] in bare[: blank + 1]

    def ends(self, text: str, bare: Sequence[int]) -> bool:
        """Return whether a text, whose tokens are ``bare``, contains the last special token."""
        shown = text.rstrip()
        blank = len(text) - len(shown)
        return bool(self.last) and shown.endswith(self.last) and self.behind[-1] in bare[-blank - 1 :]

    def once(self, text: str, ids: Sequence[int], second: str | None = None) -> slice:
        """Return the slice of the tokens of a text, or of a pair, without duplicate special tokens.

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
    """Determine the special tokens of a tokenizer from a short text.

    Parameters
    ----------
    tokenizer : Any
        With ``convert_ids_to_tokens``.
    encode : callable
        From a text, and whether special tokens are added, to tokens.

    Raises
    ------
    InputError
        If the special tokens cannot be told from those of the text.
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
