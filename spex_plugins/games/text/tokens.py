"""Texts as tokens: what the tokenizer adds around them, where an answer begins, rows that answers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.prompts import Prompt
from spex_plugins.language_models.special_tokens import special_tokens

__all__ = ["Continuation", "Encoder", "Encoding", "common_rows", "padded"]

Row = list[int]


@dataclass(frozen=True)
class Encoding:
    """A prompt that a model reads as a whole.

    Attributes
    ----------
    ids : list of int
        Tokens, with the special ones.
    types : list of int or None
        To which text of a pair each belongs, where the tokenizer says so.
    """

    ids: Row
    types: Row | None


@dataclass(frozen=True)
class Continuation:
    """A prompt with an answer behind it.

    Attributes
    ----------
    ids : list of int
        Tokens of both.
    start : int
        Where those of the answer begin; ≥ 1.
    """

    ids: Row
    start: int


class Encoder:
    """A tokenizer whose special tokens are known: those it puts before a text, and those behind.

    A text that brings its first or last special token along gets none twice.

    Parameters
    ----------
    tokenizer : Any
        Of transformers.
    side : {"text", "text_target"}
        Of sequence-to-sequence models, the tokens that are read or those that are written.
    complete : bool
        Whether texts have all their special tokens, as those that a chat template writes: none are added.
    """

    def __init__(self, tokenizer: Any, side: str = "text", complete: bool = False) -> None:
        self._tokenizer, self._side, self._complete = tokenizer, side, complete
        self._special = special_tokens(tokenizer, lambda text, special: self._ids([text], special)[0])
        starts = (getattr(tokenizer, name, None) for name in ("bos_token_id", "eos_token_id"))
        self._start = [token for token in starts if token is not None][:1]

    @property
    def before(self) -> Row:
        """The special tokens before a text that has none."""
        return [] if self._complete else list(self._special.before)

    def bare(self, texts: Sequence[str]) -> list[Row]:
        """Return the tokens of texts, without special ones."""
        return self._ids(texts, special=False)

    def whole(self, prompts: Sequence[Prompt]) -> list[Row]:
        """Return the tokens of `encodings`."""
        return [one.ids for one in self.encodings(prompts)]

    def encodings(self, prompts: Sequence[Prompt]) -> list[Encoding]:
        """Return the tokens of texts or pairs of texts with the special ones around them; at least one."""
        # One by one: an empty second text is none to a tokenizer, but for those of a list.
        texts = [(prompt,) if isinstance(prompt, str) else prompt for prompt in prompts]
        given = [self._encode(*each, add_special_tokens=not self._complete) for each in texts]
        return [
            self._once(each, data["input_ids"], data.get("token_type_ids"))
            for each, data in zip(texts, given, strict=True)
        ]

    def check_pairs(self, prompt: Prompt) -> None:
        """Refuse a pair that is written as one text, where the tokenizer tells the texts of pairs apart."""
        separator = getattr(self._tokenizer, "sep_token_id", None)
        if separator is None or not isinstance(prompt, str):
            return
        (pair,) = self.encodings([("a", "a")])
        (ids,) = self.whole([prompt])
        around = (*self._special.before, *self._special.behind)
        if pair.types and len(set(pair.types)) > 1 and ids.count(separator) > around.count(separator):
            raise InputError(
                f"template: holds {self._tokenizer.sep_token!r}, but the tokenizer tells the two texts of a "
                "pair apart, which it cannot within one; give two, such as template=('{}', 'second text')."
            )

    def continuations(self, prompts: Sequence[str], answers: Sequence[str]) -> list[list[Continuation]]:
        """Return every prompt with every answer behind it, tokenised as one text.

        The tokens of the answer are those that the prompt alone does not have: where the last sign of the
        prompt, such as a space, makes one token with the first of the answer, that is a token of the answer.
        """
        alone = self.bare(prompts)
        joined = iter(self.bare([prompt + answer for prompt in prompts for answer in answers]))
        return [
            [self._continuation(prompt, row, next(joined)) for _ in answers]
            for prompt, row in zip(prompts, alone, strict=True)
        ]

    def _once(self, texts: tuple[str, ...], ids: Row, types: Row | None) -> Encoding:
        kept = slice(None) if self._complete else self._special.once(texts[0], ids, texts[-1])
        return Encoding(self._begun(ids[kept]), types and types[kept])

    def _continuation(self, text: str, prompt: Row, whole: Row) -> Continuation:
        differ = (i for i, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b)
        start = next(differ, min(len(prompt), len(whole)))
        if start == len(whole):
            raise InputError("answer: has no tokens of its own behind the prompt; give it some text.")
        before = [] if self._special.begins(text, prompt) else self.before
        before = before if before or start else self._begun([])
        return Continuation([*before, *whole], len(before) + start)

    def _begun(self, row: Row) -> Row:
        """Put the model's own start before a text of no tokens, as the model's `generate` does."""
        if row:
            return row
        if not self._start:
            raise InputError(
                "template: a mask leaves a prompt without tokens, and the tokenizer has none to begin with; "
                "put fixed text around the '{}'."
            )
        return list(self._start)

    def _ids(self, texts: Sequence[str], special: bool) -> list[Row]:
        arguments = {self._side: list(texts), "add_special_tokens": special}
        return self._encode(**arguments)["input_ids"]

    def _encode(self, *texts: str, **arguments: Any) -> dict[str, Any]:
        """Call the tokenizer, which neither pads nor cuts, whatever it is set to."""
        return self._tokenizer(*texts, **arguments, padding=False, truncation=False, verbose=False)


def common_rows(sequences: Sequence[Row], share: bool = True) -> tuple[list[Row], list[int]]:
    """Return the fewest rows of which every sequence is a beginning, and the row of every sequence.

    Parameters
    ----------
    sequences : sequence of list of int
    share : bool
        Whether a sequence may be the beginning of a longer row; else only equal ones are one row.
    """
    rows: list[Row] = []
    row_of = [0] * len(sequences)
    for i in sorted(range(len(sequences)), key=lambda i: -len(sequences[i])):
        sequence = sequences[i]
        fitting = (r for r, row in enumerate(rows) if (row[: len(sequence)] if share else row) == sequence)
        row_of[i] = next(fitting, len(rows))
        if row_of[i] == len(rows):
            rows.append(sequence)
    return rows, row_of


def padded(rows: Sequence[Row], padding: int, device: Any, side: str) -> tuple[Any, Any]:
    """Return rows as one tensor of int64 (c, width), padded "left" or "right", and what is no padding."""
    width = max(map(len, rows))
    left = side == "left"
    blank = [[padding] * (width - len(row)) for row in rows]
    ids = [[*fill, *row] if left else [*row, *fill] for row, fill in zip(rows, blank, strict=True)]
    lengths = torch.tensor([len(row) for row in rows])
    at = torch.arange(width)
    real = at >= width - lengths[:, None] if left else at < lengths[:, None]
    return torch.tensor(ids).to(device), real.long().to(device)
