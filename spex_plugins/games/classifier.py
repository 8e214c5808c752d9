"""Labels of prompts by a sequence classifier; a label is an answer of one token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.answer_scores import AnswerScores
from spex_plugins.games.tokens import Encoder, padded
from spex_plugins.language_models.padding_check import check_padding
from spex_plugins.language_models.token_scores import token_scores

__all__ = ["ClassifierScorer"]


class ClassifierScorer:
    """Scores of A labels of prompts.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    labels : sequence of str or int
        Names as in ``model.config.id2label``, or indices.
    examples : sequence of str
        Prompts.
    value : str
        One of `VALUES`.
    """

    def __init__(
        self, model: Any, tokenizer: Any, labels: Sequence[str | int], examples: Sequence[str], value: str
    ) -> None:
        self._model = model
        self.encoder = Encoder(tokenizer)
        self._labels = [_index(label, model.config) for label in labels]
        self._independent = model.config.problem_type == "multi_label_classification"
        if value != "logit" and not self._independent and model.config.num_labels == 1:
            raise InputError("value: a model of one output has no probabilities; set value='logit'.")
        padding = getattr(model.config, "pad_token_id", None)  # where it is None, the model may not need it
        self._padding = padding if padding is not None else tokenizer.pad_token_id
        if self._padding is None:
            raise InputError(
                "model: without a padding token it reads one text at a time; set config.pad_token_id."
            )

        check_padding(self._logits, self.encoder.whole(examples[:1])[0])

    def lengths(self, prompts: Sequence[str]) -> list[int]:
        """Return the number of tokens of prompts."""
        return list(map(len, self.encoder.whole(prompts)))

    def __call__(self, prompts: Sequence[str]) -> AnswerScores:
        """Return the scores of all labels of b prompts."""
        logits = self._logits(self.encoder.whole(prompts))
        labels = torch.tensor(self._labels, device=logits.device).repeat(len(prompts))
        each = logits.repeat_interleave(len(self._labels), dim=0)
        chosen, others = token_scores(each, labels).reshape(2, len(prompts), -1, 1).numpy()
        if self._independent:  # a label stands against its absence, whose logit is 0
            others = others * 0.0
        return AnswerScores(chosen, others, chosen == chosen)

    def _logits(self, rows: Sequence[list[int]]) -> Any:
        device = self._model.get_input_embeddings().weight.device
        ids, real = padded(rows, self._padding, device, "right")
        return self._model(input_ids=ids, attention_mask=real).logits


def _index(label: str | int, config: Any) -> int:
    names = [str(config.id2label.get(i, i)) for i in range(config.num_labels)]
    if isinstance(label, str) and label in names:
        return names.index(label)
    if not isinstance(label, str | bool) and 0 <= label < len(names):
        return int(label)
    raise InputError(f"answer: the model has no label {label!r}; choose one of {names} or its index.")
