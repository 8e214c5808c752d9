"""Scores of answers after prompts by a causal language model: one forward pass, one row per prompt."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from itertools import chain
from typing import Any

import numpy as np
import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.answer_scores import AnswerScores, answer_scores
from spex_plugins.games.text.tokens import Continuation, Encoder, common_rows, padded
from spex_plugins.language_models.batching import Batching, batches, find_batching, nearly_equal
from spex_plugins.language_models.length_scaling import forget_length, scales_with_length
from spex_plugins.language_models.prefix import Prefix, common_prefix, make_prefix
from spex_plugins.language_models.token_scores import token_scores
from spex_plugins.types import FloatArray

__all__ = ["CausalScorer"]

_FEW = 8  # tokens, enough to tell where positions begin


class CausalScorer:
    """Scores of A answers after prompts.

    Answers share a row where possible: any number of answers of one token needs one row per prompt. The
    common beginning of all prompts is cached. A model whose logits for a prompt change with longer rows of
    the same call is evaluated at rows of equal length, without cache.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    answers : sequence of str
    complete : bool
        Whether prompts have all their special tokens.
    """

    def __init__(self, model: Any, tokenizer: Any, answers: Sequence[str], complete: bool) -> None:
        self._model, self._answers = model, tuple(answers)
        self._examples: tuple[str, ...] = ()
        self.encoder = Encoder(tokenizer, complete=complete)
        self._prefix: Prefix | None = None
        self._prefix_of: Any = None
        parameters = signature(type(model).forward).parameters
        # Without position ids, a model may count the padding after a cached beginning.
        self._placed = "position_ids" in parameters
        self._takes_last = "logits_to_keep" in parameters
        self._batching = Batching.EQUAL_LENGTH if scales_with_length(model) else Batching.ANY_LENGTH

    def prepare(self, examples: Sequence[str]) -> None:
        """Determine which prompts can share a call, from prompts that differ in all features."""
        self._examples = tuple(examples)
        (found,) = self.encoder.continuations(examples[:1], self._answers)
        for answer, one in zip(self._answers, found, strict=True):
            self.encoder.check_answer(answer, one.ids[one.start :])
        rows = [found[0].ids for found in self.encoder.continuations(examples, self._answers[:1])]
        long, short = max(rows, key=len), min(rows, key=len)
        self._placed = self._placed and self._counts_from_0(short[:_FEW])
        if self._batching is Batching.ANY_LENGTH:
            self._check_causal(short)
            self._batching = find_batching(self._last_logits, long, short)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out the cached states; they are computed again where they are needed."""
        return self.__dict__ | {"_prefix": None, "_prefix_of": None}

    def _counts_from_0(self, row: list[int]) -> bool:
        """Return whether the first position of the model is 0; that of RoBERTa and its kin is not."""
        last = [(0, len(row) - 1, 0)]
        given = self._logits([row], last, None)[0]
        self._placed = False
        own = self._logits([row], last, None)[0]
        return nearly_equal(given, own, torch.float32)  # equal positions give equal logits in any precision

    def _check_causal(self, row: list[int]) -> None:
        """Raise an error if the logits at a token change with the tokens after it, or with their number."""
        half = max(1, len(row) // 2)
        alone, within = (self._logits([ids], [(0, half - 1, 0)], None)[0][0] for ids in (row[:half], row))
        if not nearly_equal(alone, within, alone.dtype):
            raise InputError(
                f"model: the logits of {type(self._model).__name__} at a token change with the tokens after "
                "it, or with their number, so one call gives no probability of a continuation; load it as a "
                "decoder (config.is_decoder = True) if it is none, or choose another model."
            )

    def lengths(self, prompts: Sequence[str]) -> list[int]:
        """Return the number of tokens of prompts, each with its longest answer."""
        found = self.encoder.continuations(prompts, self._answers)
        return [max(len(one.ids) for one in answers) for answers in found]

    def answer_tokens(self, prompt: str) -> list[int]:
        """Return the tokens of the first answer after a prompt."""
        ((answer,),) = self.encoder.continuations([prompt], self._answers[:1])
        return answer.ids[answer.start :]

    def __call__(self, prompts: Sequence[str]) -> AnswerScores:
        """Return the scores of all answers after b prompts."""
        found = self.encoder.continuations(prompts, self._answers)
        rows: list[list[int]] = []
        wanted = []  # (row, position, token)
        for answers in found:
            together = self._batching is Batching.ANY_LENGTH
            own, row_of = common_rows([answer.ids[:-1] for answer in answers], share=together)
            for answer, row in zip(answers, row_of, strict=True):
                for position in range(answer.start, len(answer.ids)):
                    wanted.append((len(rows) + row, position - 1, answer.ids[position]))
            rows += own
        counts = [[len(answer.ids) - answer.start for answer in answers] for answers in found]
        return answer_scores(self._scores(rows, wanted), counts)

    def _scores(self, rows: Sequence[list[int]], wanted: list[tuple[int, int, int]]) -> FloatArray:
        """Return scores (2, N) of the given tokens, in as few calls as the model allows."""
        if self._batching is Batching.ANY_LENGTH:
            return token_scores(*self._logits(rows, wanted, self._current_prefix())).numpy()
        found = np.empty((2, len(wanted)))
        row_of = np.array([row for row, _, _ in wanted])
        for batch in batches(list(map(len, rows)), self._batching):
            at = np.flatnonzero(np.isin(row_of, batch))
            place = {row: i for i, row in enumerate(batch)}
            here = [(place[wanted[i][0]], *wanted[i][1:]) for i in at]
            found[:, at] = token_scores(*self._logits([rows[row] for row in batch], here, None)).numpy()
        return found

    def _logits(
        self, rows: Sequence[list[int]], wanted: list[tuple[int, int, int]], prefix: Prefix | None
    ) -> tuple[Any, Any]:
        """Return the logits (N, V) at the given positions, and the tokens (N,) there."""
        device = self._model.get_input_embeddings().weight.device
        first = min(position for _, position, _ in wanted)
        skipped = 0
        if prefix and first:
            beginnings = torch.tensor([row[:first] for row in rows], device=device)
            skipped = prefix.shared(beginnings, first)
        ids, real = padded([row[skipped:] for row in rows], 0, device, "left")
        mask = torch.cat([real.new_ones(len(rows), skipped), real], dim=1)
        inputs: dict[str, Any] = {"input_ids": ids, "attention_mask": mask}
        if self._placed:
            inputs["position_ids"] = (mask.cumsum(dim=1) - 1).clamp(min=0)[:, skipped:]
        if prefix and skipped:
            inputs |= prefix.arguments(self._model, skipped, len(rows))
        from_end = torch.tensor([len(rows[row]) - position for row, position, _ in wanted])
        if self._takes_last:  # the vocabulary is large
            inputs["logits_to_keep"] = int(from_end.max())
        forget_length(self._model)
        logits = self._model(**inputs, use_cache=False).logits
        if logits.dim() == 4:  # Llama 4: (c, 1, positions, vocabulary)
            logits = logits[:, 0]
        row, _, token = torch.tensor(wanted).T
        at = logits.shape[1] - from_end
        return logits[row.to(logits.device), at.to(logits.device)], token.to(logits.device)

    def _last_logits(self, rows: Sequence[list[int]]) -> Any:
        """Return the logits after rows; several rows are one batch."""
        prefix = self._current_prefix() if len(rows) > 1 else None
        return self._logits(rows, [(i, len(row) - 1, 0) for i, row in enumerate(rows)], prefix)[0]

    def _current_prefix(self) -> Prefix | None:
        """Return the cached beginning, computed again if the model has changed its device or dtype."""
        table = self._model.get_input_embeddings().weight
        if self._placed and self._prefix_of != (table.device, table.dtype):
            found = self.encoder.continuations(self._examples, self._answers)
            every = list(chain.from_iterable(found))
            self._prefix = make_prefix(self._model, _beginning(every, table.device))
            self._prefix_of = table.device, table.dtype
        return self._prefix


def _beginning(found: Sequence[Continuation], device: Any) -> Any:
    """Return the common first tokens of all prompts, before the answers."""
    most = min(one.start for one in found) - 1
    return common_prefix(torch.tensor([one.ids[:most] for one in found], device=device).long(), most)
