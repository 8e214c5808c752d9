"""Prompts of masks: a text within a template, a pair of texts, or messages of a chat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.chat_template import chat_template
from spex_plugins.games.text.text_features import MaskedParts, masked_parts
from spex_plugins.types import BoolArray

__all__ = ["PLACE", "Prompt", "Prompts", "make_prompts"]

Prompt = str | tuple[str, str]
"""A text, or a pair of texts."""

PLACE = "{}"


@dataclass(frozen=True)
class Prompts:
    """The prompts of a text, or of a pair of texts, some of whose parts are masked.

    Attributes
    ----------
    parts : tuple of MaskedParts
        The parts of the text, or of both texts.
    write : callable
        From the masked texts to the prompt.
    replacement : str or None
        The text that replaces masked parts; None where they are removed.
    complete : bool
        Whether prompts have all their special tokens, as those of a chat template.
    """

    parts: tuple[MaskedParts, ...]
    write: Callable[..., Prompt]
    replacement: str | None
    complete: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the n features."""
        return tuple(name for part in self.parts for name in part.names)

    def __call__(self, masks: BoolArray) -> list[Prompt]:
        """Return the prompts of masks (b, n)."""
        bounds = np.cumsum([len(part.names) for part in self.parts])[:-1]
        columns = np.split(np.asarray(masks, dtype=bool), bounds, axis=1)
        texts = [
            part.texts(column, self.replacement) for part, column in zip(self.parts, columns, strict=True)
        ]
        return [self.write(*each) for each in zip(*texts, strict=True)]


def make_prompts(text: Any, template: Any, features: Any, replacement: str | None, tokenizer: Any) -> Prompts:
    """Return the prompts of a game, from its text and its template.

    Parameters
    ----------
    text : str or (str, str)
    template : str, (str, str) or list of dict
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), callable, or two of those
    replacement : str or None
    tokenizer : Any
        Formats the messages of a chat.
    """
    texts = _strings("text", text)
    write: Callable[..., Prompt]
    if isinstance(template, list):
        write, places = chat_template(tokenizer, template, PLACE)
        counts = [places]
    else:
        shown = _strings("template", template)
        if len(texts) == 2 and shown == (PLACE,):
            shown = (PLACE, PLACE)
        write, counts = _Template(shown), [one.count(PLACE) for one in shown]
    if sum(counts) != len(texts) or max(counts) > 1:
        each = "once" if len(texts) == 1 else "once in each of two texts"
        raise InputError(
            f"template: must hold '{PLACE}', the place of the text, {each}; got {template!r:.80}."
        )
    several = len(texts) == 2 and not isinstance(features, str) and not callable(features)
    if several and len(features) != 2:
        raise InputError("features: of a pair of texts, give one kind for both, or two, one for each.")
    kinds = features if several else [features] * len(texts)
    parts = tuple(masked_parts(one, kind) for one, kind in zip(texts, kinds, strict=True))
    return Prompts(parts, write, replacement, complete=isinstance(template, list))


@dataclass(frozen=True)
class _Template:
    """Puts texts into one template, or into the two of a pair."""

    shown: tuple[str, ...]

    def __call__(self, *texts: str) -> Prompt:
        rest = iter(texts)
        pieces = [one.split(PLACE) for one in self.shown]
        filled = [one[0] + next(rest) + one[1] if len(one) == 2 else one[0] for one in pieces]
        return filled[0] if len(filled) == 1 else (filled[0], filled[1])


def _strings(name: str, given: Any) -> tuple[str, ...]:
    """Return a text or a pair of texts as a tuple."""
    found = (given,) if isinstance(given, str) else given
    if not (isinstance(found, Sequence) and len(found) in (1, 2) and all(isinstance(x, str) for x in found)):
        pair = "a pair of strings" + (", or a list of messages" if name == "template" else "")
        raise InputError(f"{name}: must be a string or {pair}, got {type(given).__name__}.")
    return tuple(found)
