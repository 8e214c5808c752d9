"""Scores of answers by a sequence-to-sequence model: prompts are encoded once for all answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.answer_scores import AnswerScores, answer_scores
from spex_plugins.games.text.prompts import Prompt
from spex_plugins.games.text.tokens import Encoder, common_rows, padded
from spex_plugins.language_models.batching import Batching, batches, find_batching, nearly_equal
from spex_plugins.language_models.length_scaling import forget_length, scales_with_length
from spex_plugins.language_models.token_scores import token_scores

__all__ = ["Seq2SeqScorer"]


class Seq2SeqScorer:
    """Scores of A answers to prompts; the special tokens around an answer do not count.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    answers : sequence of str
    complete : bool
        Whether prompts have all their special tokens.
    """

    def __init__(self, model: Any, tokenizer: Any, answers: Sequence[str], complete: bool) -> None:
        self._model = model
        self.encoder = Encoder(tokenizer, complete=complete)
        written = Encoder(tokenizer, "text_target")
        self._answers = written.bare(answers)
        if not all(self._answers):
            raise InputError("answer: has no tokens; give it some text.")
        for answer, ids in zip(answers, self._answers, strict=True):
            written.check_answer(answer, ids)
        begin = [_decoder_start(model), *written.before]
        self._rows, self._row_of = common_rows([begin + answer[:-1] for answer in self._answers])
        self._begin = len(begin)
        self._padding = tokenizer.pad_token_id or 0
        self._batching = Batching.EQUAL_LENGTH if scales_with_length(model) else Batching.ANY_LENGTH

    def prepare(self, examples: Sequence[Prompt]) -> None:
        """Determine which prompts can share a call, from prompts that differ in all features."""
        rows = sorted(self.encoder.whole(examples), key=len)
        self._check_decoder(rows[0])
        if self._batching is Batching.ANY_LENGTH:
            self._batching = find_batching(
                lambda rows: self._logits(rows, self._rows)[:, 0, self._begin - 1], rows[-1], rows[0]
            )

    def _check_decoder(self, row: list[int]) -> None:
        """Raise an error if the logits of the first token change with other tokens, or with padding."""
        longest = max(self._rows, key=len)
        begin = longest[: self._begin]
        alone = self._logits([row], [begin])[0, 0, -1]
        beside = self._logits([row], [begin, longest])[0, :, self._begin - 1]
        if not nearly_equal(alone, beside, alone.dtype):
            raise InputError(
                f"model: the decoder of {type(self._model).__name__} attends to later tokens or to padding, "
                "so one call gives no probabilities of several tokens; choose another model, or answers of "
                "one token."
            )

    def lengths(self, prompts: Sequence[Prompt]) -> list[int]:
        """Return the number of tokens of prompts."""
        return list(map(len, self.encoder.whole(prompts)))

    def answer_tokens(self, prompt: str) -> list[int]:
        """Return the tokens of the first answer, which are the same after every prompt."""
        return self._answers[0]

    def __call__(self, prompts: Sequence[Prompt]) -> AnswerScores:
        """Return the scores of all answers to b prompts."""
        rows = self.encoder.whole(prompts)
        wanted = [
            (row, self._begin - 1 + j, token)
            for row, answer in zip(self._row_of, self._answers, strict=True)
            for j, token in enumerate(answer)
        ]
        row, at, token = torch.tensor(wanted).T
        found = np.empty((2, len(rows), len(wanted)))
        for batch in batches(list(map(len, rows)), self._batching):
            logits = self._logits([rows[i] for i in batch], self._rows)[:, row, at].flatten(0, 1)
            scores = token_scores(logits, token.repeat(len(batch)).to(logits.device))
            found[:, batch] = scores.numpy().reshape(2, len(batch), -1)
        return answer_scores(found.reshape(2, -1), [list(map(len, self._answers))] * len(rows))

    def _logits(self, rows: Sequence[list[int]], answers: Sequence[list[int]]) -> Any:
        """Return the logits (b, A, T, V) of the decoder's rows A after each of b prompts."""
        device = self._model.get_input_embeddings().weight.device
        ids, real = padded(rows, self._padding, device, "right")
        forget_length(self._model)
        read = self._model.get_encoder()(input_ids=ids, attention_mask=real)
        written, _ = padded(answers, self._padding, device, "right")  # no effect on a causal decoder
        each = len(answers)
        read["last_hidden_state"] = read.last_hidden_state.repeat_interleave(each, dim=0)
        logits = self._model(
            encoder_outputs=read,
            attention_mask=real.repeat_interleave(each, dim=0),
            decoder_input_ids=written.repeat(len(rows), 1),
            use_cache=False,
        ).logits
        return logits.reshape(len(rows), each, *logits.shape[1:])


def _decoder_start(model: Any) -> int:
    for settings in (model.config, model.generation_config):
        start = getattr(settings, "decoder_start_token_id", None)
        if start is not None:
            return int(start)
    raise InputError(
        "model: its configuration has no decoder_start_token_id; set model.config.decoder_start_token_id."
    )
