"""Answers to prompts by a sequence-to-sequence model: a prompt is read once, for any number of answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.answer_scores import AnswerScores, answer_scores
from spex_plugins.games.tokens import Encoder, common_rows, padded
from spex_plugins.language_models.token_scores import token_scores

__all__ = ["Seq2SeqScorer"]


class Seq2SeqScorer:
    """Scores of A answers to prompts; the tokens put around an answer, such as that of its end, do not count.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    answers : sequence of str
    """

    def __init__(self, model: Any, tokenizer: Any, answers: Sequence[str]) -> None:
        self._model = model
        self.encoder = Encoder(tokenizer)
        written = Encoder(tokenizer, "text_target")
        self._answers = written.bare(answers)
        if not all(self._answers):
            raise InputError("answer: has no tokens; give it some text.")
        begin = [_decoder_start(model), *written.before]
        self._rows, self._row_of = common_rows([begin + answer[:-1] for answer in self._answers])
        self._begin = len(begin)
        self._padding = tokenizer.pad_token_id or 0

    def lengths(self, prompts: Sequence[str]) -> list[int]:
        """Return the number of tokens of prompts."""
        return list(map(len, self.encoder.whole(prompts)))

    def answer_tokens(self, prompt: str) -> list[int]:
        """Return the tokens of the first answer, which no prompt can change."""
        return self._answers[0]

    def __call__(self, prompts: Sequence[str]) -> AnswerScores:
        """Return the scores of all answers to b prompts."""
        device = self._model.get_input_embeddings().weight.device
        ids, real = padded(self.encoder.whole(prompts), self._padding, device, "right")
        read = self._model.get_encoder()(input_ids=ids, attention_mask=real).last_hidden_state
        written, _ = padded(self._rows, self._padding, device, "right")  # causal: padding behind is not seen
        each = len(self._rows)
        logits = self._model(
            encoder_outputs=(read.repeat_interleave(each, dim=0),),
            attention_mask=real.repeat_interleave(each, dim=0),
            decoder_input_ids=written.repeat(len(prompts), 1),
            use_cache=False,
        ).logits
        logits = logits.reshape(len(prompts), each, *logits.shape[1:])
        wanted = [
            (row, self._begin - 1 + j, token)
            for row, answer in zip(self._row_of, self._answers, strict=True)
            for j, token in enumerate(answer)
        ]
        row, at, token = torch.tensor(wanted, device=logits.device).T
        scores = token_scores(logits[:, row, at].flatten(0, 1), token.repeat(len(prompts)))
        return answer_scores(scores.numpy(), [list(map(len, self._answers))] * len(prompts))


def _decoder_start(model: Any) -> int:
    for settings in (model.config, model.generation_config):
        start = getattr(settings, "decoder_start_token_id", None)
        if start is not None:
            return int(start)
    raise InputError(
        "model: its configuration has no decoder_start_token_id; set model.config.decoder_start_token_id."
    )
