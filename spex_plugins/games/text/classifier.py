"""Scores of labels by a sequence classifier; a label is an answer of one token."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import Any

import numpy as np
import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.answer_scores import AnswerScores
from spex_plugins.games.text.prompts import Prompt
from spex_plugins.games.text.tokens import Encoder, Encoding, padded
from spex_plugins.language_models.batching import Batching, batches, find_batching
from spex_plugins.language_models.length_scaling import forget_length, scales_with_length
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
    value : str
        One of `VALUES`.
    complete : bool
        Whether prompts have all their special tokens.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        labels: Sequence[str | int],
        value: str,
        complete: bool,
    ) -> None:
        self._model = model
        self.encoder = Encoder(tokenizer, complete=complete)
        self._labels = [_index(label, model.config) for label in labels]
        self._independent = model.config.problem_type == "multi_label_classification"
        if value != "logit" and not self._independent and model.config.num_labels == 1:
            raise InputError("value: a model of one output has no probabilities; set value='logit'.")
        self._typed = "token_type_ids" in signature(model.forward).parameters
        padding = getattr(model.config, "pad_token_id", None)  # where it is None, the model may not need it
        self._padding = padding if padding is not None else tokenizer.pad_token_id or 0
        self._batching = Batching.EQUAL_LENGTH if scales_with_length(model) else Batching.ANY_LENGTH

    def prepare(self, examples: Sequence[Prompt]) -> None:
        """Determine which prompts can share a call, from prompts that differ in all features."""
        if self._typed:
            self.encoder.check_pairs(examples[0])
        rows = sorted(self.encoder.whole(examples), key=len)
        try:
            batching = find_batching(
                lambda rows: self._logits([Encoding(ids, None) for ids in rows]), rows[-1], rows[0]
            )
        except ValueError as error:  # transformers' decoders search for the last token that is not padding
            if isinstance(error, InputError):
                raise
            raise InputError(
                f"model: cannot evaluate several texts at once ({error}); set "
                "model.config.pad_token_id, for example to tokenizer.pad_token_id or tokenizer.eos_token_id."
            ) from error
        if self._batching is Batching.ANY_LENGTH:
            self._batching = batching

    def lengths(self, prompts: Sequence[Prompt]) -> list[int]:
        """Return the number of tokens of prompts."""
        return list(map(len, self.encoder.whole(prompts)))

    def __call__(self, prompts: Sequence[Prompt]) -> AnswerScores:
        """Return the scores of all labels of b prompts."""
        found = self.encoder.encodings(prompts)
        scores = np.empty((2, len(found), len(self._labels), 1))
        for batch in batches([len(one.ids) for one in found], self._batching):
            logits = self._logits([found[i] for i in batch])
            labels = torch.tensor(self._labels, device=logits.device).repeat(len(batch))
            each = logits.repeat_interleave(len(self._labels), dim=0)
            scores[:, batch] = token_scores(each, labels).reshape(2, len(batch), -1, 1).numpy()
        chosen, others = scores
        if self._independent:  # the alternative of a label is its absence, whose logit is 0
            others = others * 0.0
        return AnswerScores(chosen, others, chosen == chosen)

    def _logits(self, prompts: Sequence[Encoding]) -> Any:
        device = self._model.get_input_embeddings().weight.device
        ids, real = padded([one.ids for one in prompts], self._padding, device, "right")
        inputs = {"input_ids": ids, "attention_mask": real}
        types = [one.types for one in prompts if one.types is not None]
        if self._typed and types:
            inputs["token_type_ids"] = padded(types, 0, device, "right")[0]
        forget_length(self._model)
        return self._model(**inputs).logits


def _index(label: str | int, config: Any) -> int:
    names = [str(config.id2label.get(i, i)) for i in range(config.num_labels)]
    if isinstance(label, str) and label in names:
        return names.index(label)
    if not isinstance(label, str | bool) and 0 <= label < len(names):
        return int(label)
    raise InputError(f"answer: the model has no label {label!r}; choose one of {names} or its index.")
