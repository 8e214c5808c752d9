"""Special tokens of prompts: those that the tokenizer adds, and those of a chat template."""

from __future__ import annotations

from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.language_models.special_tokens import SpecialTokens, special_tokens

__all__ = ["check_special_tokens", "prompt_tokens"]


def prompt_tokens(tokenizer: Any, text: str) -> list[int]:
    """Return the tokens of a text that a model continues.

    The special tokens before a text are there once, whether the tokenizer or the text adds them; those after
    it are left out.
    """
    special = _special(tokenizer, text)
    bare = list(tokenizer.encode(text, add_special_tokens=False))
    return bare if special.begins(text, bare) else [*special.before, *bare]


def check_special_tokens(inp: Any) -> None:
    """Raise an error for a `TextTokenInput` whose text has two first tokens, or an end token."""
    special = _special(inp.tokenizer, inp.tokenizer.decode(inp.inp_tensor[0]))
    ids = tuple(inp.inp_tensor[0].tolist())
    start = len(special.before)
    if start and ids[:start] == ids[start : 2 * start] == special.before:
        raise InputError(
            f"inp: the text begins with {special.first!r}, and the tokenizer adds another; leave it out of "
            "the text, or use TextTemplateInput."
        )
    if special.behind and ids[-len(special.behind) :] == special.behind:
        raise InputError(
            f"inp: the tokenizer ends the text with {special.last!r}, before the target; switch that off in "
            "the tokenizer, or use TextTemplateInput."
        )


def _special(tokenizer: Any, text: str) -> SpecialTokens:
    """Determine the special tokens from a short text, or from this one where that cannot be encoded."""

    def encode(short: str, special: bool) -> list[int]:
        try:
            return list(tokenizer.encode(short, add_special_tokens=special))
        except Exception:  # a vocabulary of a few words
            return list(tokenizer.encode(text, add_special_tokens=special))

    return special_tokens(tokenizer, encode)
