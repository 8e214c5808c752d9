"""Texts as tokens: what the tokenizer adds around them, where an answer begins, rows that answers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from spex_plugins.errors import InputError

__all__ = ["Continuation", "Encoder", "common_rows", "padded"]

Row = list[int]


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

    Parameters
    ----------
    tokenizer : Any
        Of transformers.
    side : {"text", "text_target"}
        Of sequence-to-sequence models, the tokens that are read or those that are written.
    """

    def __init__(self, tokenizer: Any, side: str = "text") -> None:
        self._tokenizer, self._side = tokenizer, side
        bare, (whole,) = self.bare(["a"])[0], self._ids(["a"], special=True)
        at = next((i for i in range(len(whole)) if whole[i : i + len(bare)] == bare), 0)
        self.before, self.behind = whole[:at], whole[at + len(bare) :]
        starts = (getattr(tokenizer, name, None) for name in ("bos_token_id", "eos_token_id"))
        self._start = [token for token in starts if token is not None][:1]

    def bare(self, texts: Sequence[str]) -> list[Row]:
        """Return the tokens of texts, without special ones."""
        return self._ids(texts, special=False)

    def whole(self, texts: Sequence[str]) -> list[Row]:
        """Return the tokens of texts with the special ones around them; at least one."""
        return [self.before + row + self.behind or self._begun(row) for row in self.bare(texts)]

    def continuations(self, prompts: Sequence[str], answers: Sequence[str]) -> list[list[Continuation]]:
        """Return every prompt with every answer behind it, tokenised as one text.

        The tokens of the answer are those that the prompt alone does not have: where the last sign of the
        prompt, such as a space, makes one token with the first of the answer, that is a token of the answer.
        """
        alone = self.bare(prompts)
        joined = iter(self.bare([prompt + answer for prompt in prompts for answer in answers]))
        return [[self._continuation(row, next(joined)) for _ in answers] for row in alone]

    def _continuation(self, prompt: Row, whole: Row) -> Continuation:
        differ = (i for i, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b)
        start = next(differ, min(len(prompt), len(whole)))
        if start == len(whole):
            raise InputError("answer: has no tokens of its own behind the prompt; give it some text.")
        before = self.before if self.before or start else self._begun([])
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
        arguments = {self._side: list(texts), "add_special_tokens": special, "verbose": False}
        return self._tokenizer(**arguments)["input_ids"]


def common_rows(sequences: Sequence[Row]) -> tuple[list[Row], list[int]]:
    """Return the fewest rows of which every sequence is a beginning, and the row of every sequence."""
    rows: list[Row] = []
    row_of = [0] * len(sequences)
    for i in sorted(range(len(sequences)), key=lambda i: -len(sequences[i])):
        sequence = sequences[i]
        fitting = (r for r, row in enumerate(rows) if row[: len(sequence)] == sequence)
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
