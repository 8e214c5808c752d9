"""Tokens of texts: special tokens, the first token of an answer, rows that answers share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from warnings import warn

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.prompts import Prompt
from spex_plugins.language_models.special_tokens import special_tokens

__all__ = ["Continuation", "Encoder", "Encoding", "Ending", "common_rows", "padded"]

Row = list[int]


@dataclass(frozen=True)
class Encoding:
    """The tokens of a prompt.

    Attributes
    ----------
    ids : list of int
        Tokens, with the special ones.
    types : list of int or None
        The text of a pair that each token belongs to, where the tokenizer returns it.
    """

    ids: Row
    types: Row | None


@dataclass(frozen=True)
class Continuation:
    """The tokens of a prompt with an answer after it.

    Attributes
    ----------
    ids : list of int
        Tokens of prompt and answer.
    start : int
        Position of the first token of the answer; ≥ 1.
    """

    ids: Row
    start: int


@dataclass(frozen=True)
class Ending:
    """What an answer puts in the place of the last tokens of a prompt.

    Attributes
    ----------
    replaced : int
        Number of last tokens of the prompt that the answer changes, such as a space that joins its word.
    ids : list of int
        Tokens of the answer.
    """

    replaced: int
    ids: Row


class Encoder:
    """A tokenizer with its special tokens before and after a text.

    Special tokens that a text already contains are not added again.

    Parameters
    ----------
    tokenizer : Any
        Of transformers.
    side : {"text", "text_target"}
        For sequence-to-sequence models, the tokens of the encoder or those of the decoder.
    complete : bool
        Whether texts have all their special tokens, as those of a chat template: none are added.
    """

    def __init__(self, tokenizer: Any, side: str = "text", complete: bool = False) -> None:
        if not callable(tokenizer):
            raise InputError(
                f"tokenizer: must be a tokenizer of transformers, got {type(tokenizer).__name__}."
            )
        self._tokenizer, self._side, self._complete = tokenizer, side, complete
        self._special = special_tokens(tokenizer, lambda text, special: self._ids([text], special)[0])
        starts = (getattr(tokenizer, name, None) for name in ("bos_token_id", "eos_token_id"))
        self._start = [token for token in starts if token is not None][:1]

    @property
    def before(self) -> Row:
        """The special tokens before a text that has none."""
        return [] if self._complete else list(self._special.before)

    @property
    def behind(self) -> Row:
        """The special tokens after a text that has none."""
        return [] if self._complete else list(self._special.behind)

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
        """Raise an error for a pair in one text, where the tokenizer distinguishes the texts of a pair."""
        separator = getattr(self._tokenizer, "sep_token_id", None)
        if separator is None or not isinstance(prompt, str):
            return
        (pair,) = self.encodings([("a", "a")])
        (ids,) = self.whole([prompt])
        around = (*self._special.before, *self._special.behind)
        if pair.types and len(set(pair.types)) > 1 and ids.count(separator) > around.count(separator):
            raise InputError(
                f"template: holds {self._tokenizer.sep_token!r}, but the tokenizer distinguishes the texts "
                "of a pair, which it cannot within one; give two, such as template=('{}', 'second text')."
            )

    def continuations(self, prompts: Sequence[str], answers: Sequence[str]) -> list[list[Continuation]]:
        """Return every prompt with every answer after it, tokenised as one text.

        The tokens of the answer are those that the prompt alone does not have: a token that joins the last
        character of the prompt, such as a space, with the first of the answer is a token of the answer.
        """
        return [
            [self._continuation(prompt, whole, start) for whole, start in joined]
            for prompt, (_, joined) in zip(prompts, self._joined(prompts, answers), strict=True)
        ]

    def check_answer(self, answer: str, ids: Row) -> None:
        """Raise an error for an answer of unknown tokens only, and warn of one with some.

        Their probability is that of any text that the tokenizer does not know. An answer may name the token.

        Parameters
        ----------
        answer : str
        ids : list of int
            Its tokens.
        """
        unknown = getattr(self._tokenizer, "unk_token_id", None)
        if unknown is None or ids.count(unknown) <= answer.count(self._tokenizer.unk_token):
            return
        shown = f"the tokenizer reads {answer!r:.60} as {self._tokenizer.decode(ids)!r:.60}"
        if not any(token != unknown and self._tokenizer.decode([token]).strip() for token in ids):
            raise InputError(
                f"answer: {shown}, which stands for every text that it does not know; choose another answer."
            )
        warn(
            f"answer: {shown}; what it does not know of an answer is scored as any unknown text.",
            UserWarning,
            stacklevel=4,
        )

    def endings(self, prompts: Sequence[str], answers: Sequence[str]) -> list[list[Ending]]:
        """Return what every answer puts in the place of the last tokens of every prompt."""
        return [
            [Ending(length - start, whole[start:]) for whole, start in joined]
            for length, joined in self._joined(prompts, answers)
        ]

    def _joined(
        self, prompts: Sequence[str], answers: Sequence[str]
    ) -> list[tuple[int, list[tuple[Row, int]]]]:
        """Return the length of every prompt, and with every answer its tokens and where those differ."""
        alone = self.bare(prompts)
        together = iter(self.bare([prompt + answer for prompt in prompts for answer in answers]))
        found = []
        for row in alone:
            wholes = [next(together) for _ in answers]
            found.append((len(row), [(whole, _first_difference(row, whole)) for whole in wholes]))
        return found

    def _once(self, texts: tuple[str, ...], ids: Row, types: Row | None) -> Encoding:
        kept = slice(None) if self._complete else self._special.once(texts[0], ids, texts[-1])
        return Encoding(self._begun(ids[kept]), types and types[kept])

    def _continuation(self, text: str, whole: Row, start: int) -> Continuation:
        before = [] if self._special.begins(text, whole) else self.before
        before = before if before or start else self._begun([])
        return Continuation([*before, *whole], len(before) + start)

    def _begun(self, row: Row) -> Row:
        """Return the start token of the model for a text without tokens, as the model's `generate` does."""
        if row:
            return row
        if not self._start:
            raise InputError(
                "template: a mask leaves a prompt without tokens, and the tokenizer has no start token; "
                "put fixed text around the '{}'."
            )
        return list(self._start)

    def _ids(self, texts: Sequence[str], special: bool) -> list[Row]:
        arguments = {self._side: list(texts), "add_special_tokens": special}
        return self._encode(**arguments)["input_ids"]

    def _encode(self, *texts: str, **arguments: Any) -> dict[str, Any]:
        """Call the tokenizer without padding and truncation, whatever its settings."""
        return self._tokenizer(*texts, **arguments, padding=False, truncation=False, verbose=False)


def _first_difference(prompt: Row, whole: Row) -> int:
    """Return the position of the first token of an answer, from its prompt without and with it."""
    differ = (i for i, (a, b) in enumerate(zip(prompt, whole, strict=False)) if a != b)
    start = next(differ, min(len(prompt), len(whole)))
    if start == len(whole):
        raise InputError("answer: adds no tokens to the prompt; give it some text.")
    return start


def common_rows(sequences: Sequence[Row], share: bool = True) -> tuple[list[Row], list[int]]:
    """Return the fewest rows that have every sequence as a prefix, and the row of every sequence.

    Parameters
    ----------
    sequences : sequence of list of int
    share : bool
        Whether a sequence may be a prefix of a longer row; else only equal sequences share a row.
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
    """Return rows as int64 (c, width), padded "left" or "right", and their attention mask."""
    width = max(map(len, rows))
    left = side == "left"
    blank = [[padding] * (width - len(row)) for row in rows]
    ids = [[*fill, *row] if left else [*row, *fill] for row, fill in zip(rows, blank, strict=True)]
    lengths = torch.tensor([len(row) for row in rows])
    at = torch.arange(width)
    real = at >= width - lengths[:, None] if left else at < lengths[:, None]
    return torch.tensor(ids).to(device), real.long().to(device)
