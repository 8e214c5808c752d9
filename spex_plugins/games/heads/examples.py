"""Examples that a model is judged on: prompts with right and wrong answers, in batches of equal length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.tokens import Encoder

__all__ = ["Batch", "Examples"]


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows of one length, and the tokens of answers that they predict.

    Attributes
    ----------
    ids : Tensor of int64, shape (rows, T)
        Prompts and all but the last token of answers.
    n_last : int
        Number of positions at the end of the rows whose logits `log_probs` needs.
    """

    ids: Any
    n_last: int
    _answer: Any
    _row: Any
    _from_end: Any
    _token: Any
    _answers: int

    def log_probs(self, logits: Any) -> Any:
        """Return what the last logits, (b · rows, positions, V), add to those of answers, (b, answers)."""
        logits = logits.reshape(-1, len(self.ids), *logits.shape[-2:])
        chosen = logits[:, self._row, logits.shape[2] - self._from_end].float().log_softmax(dim=-1)
        tokens = self._token.expand(len(chosen), -1)[..., None]
        each = chosen.gather(-1, tokens)[..., 0].double()
        total = torch.zeros(len(chosen), self._answers, dtype=torch.float64, device=each.device)
        return total.index_add_(1, self._answer, each)


class Examples:
    """Prompts with answers, as batches of distinct rows of one length, which need no padding.

    Parameters
    ----------
    tokenizer : Any
        Of transformers.
    prompts : sequence of str
    answers, against : sequence of str
        One for each prompt; ``against`` may be empty.
    device : Any
        Of the model.

    Attributes
    ----------
    count : int
        Number of prompts.
    n_answers : int
        Number of answers: the right ones, then the wrong ones.
    batches : tuple of Batch
    tokens : int
        Number of tokens of all batches.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompts: Sequence[str],
        answers: Sequence[str],
        against: Sequence[str] | None,
        device: Any,
    ) -> None:
        _check_texts("prompts", prompts)
        for name, given in (("answers", answers), *([] if against is None else [("against", against)])):
            _check_texts(name, given)
            if len(given) != len(prompts) or not len(prompts):
                raise InputError(f"{name}: must be as many texts as there are prompts, at least one.")
        self.count = len(prompts)
        encoder = Encoder(tokenizer)
        pairs = [*zip(prompts, answers, strict=True)]
        if against is not None:
            pairs += zip(prompts, against, strict=True)
        found = [encoder.continuations([prompt], [answer])[0][0] for prompt, answer in pairs]
        for (_, text), one in zip(pairs, found, strict=True):
            encoder.check_answer(text, one.ids[one.start :])
        self.n_answers = len(found)
        # The last token is only predicted: answers of one token to a prompt share the row of this prompt.
        wanted: dict[int, dict[tuple[int, ...], list[tuple[int, int, int]]]] = {}
        for answer, one in enumerate(found):
            row = tuple(one.ids[:-1])
            for at in range(max(one.start, 1), len(one.ids)):
                known = wanted.setdefault(len(row), {}).setdefault(row, [])
                known.append((answer, len(row) - at + 1, one.ids[at]))
        self.batches = tuple(self._batch(rows, device) for rows in wanted.values())
        self.tokens = sum(batch.ids.numel() for batch in self.batches)

    def _batch(self, rows: dict[tuple[int, ...], list[tuple[int, int, int]]], device: Any) -> Batch:
        """Return rows of one length with their (answer, position from the end, token)."""
        numbers = [(row, *one) for row, predicted in enumerate(rows.values()) for one in predicted]
        row, answer, from_end, token = torch.tensor(numbers, device=device).T
        ids = torch.tensor([*rows], device=device)
        return Batch(ids, int(from_end.max()), answer, row, from_end, token, self.n_answers)


def _check_texts(name: str, given: Any) -> None:
    several = hasattr(given, "__len__") and not isinstance(given, str)
    if not several or not all(isinstance(one, str) for one in given):
        raise InputError(f"{name}: must be a sequence of texts, got {given!r:.80}.")
