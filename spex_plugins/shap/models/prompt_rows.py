"""The prompts of SHAP's language models: special tokens are not doubled, batches do not change values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.language_models.batching import Batching, batches, nearly_equal
from spex_plugins.language_models.length_scaling import forget_length, scales_with_length
from spex_plugins.shap.texts.text_tokens import special_tokens_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.types import FloatArray

__all__ = ["PromptRows"]


class PromptRows:
    """Half of a `shap.models.Model` of a language model of transformers, which has a tokenizer."""

    inner_model: Any
    _batching: Batching | None = None  # not known yet

    def get_inputs(self, X: Any, padding_side: str = "right") -> Any:
        """Return the tokens of prompts as tensors, padded on a side."""
        scored = getattr(self, "similarity_tokenizer", None)
        tokenizer: Any = getattr(self, "tokenizer", None) if scored is None else scored
        special = special_tokens_of(tokenizer)
        if special is None:
            return super().get_inputs(X, padding_side)  # type: ignore[misc]
        texts = np.array(self.inner_model(X) if getattr(self, "model_agnostic", False) else X).tolist()
        if self._model.config.is_encoder_decoder:
            whole = tokenizer(texts)["input_ids"]
            rows = [ids[special.once(text, ids)] for text, ids in zip(texts, whole, strict=True)]
        else:  # it writes on where the text ends
            bare = tokenizer(texts, add_special_tokens=False)["input_ids"]
            begun = [special.begins(text, ids) for text, ids in zip(texts, bare, strict=True)]
            before = list(special.before)
            rows = [ids if own else before + ids for ids, own in zip(bare, begun, strict=True)]
        return tokenizer.pad({"input_ids": rows}, padding_side=padding_side, return_tensors="pt")

    def by_rows(self, X: Any, logits: Callable[[Sequence[int]], FloatArray]) -> FloatArray:
        """Return the logits (m, ...) of prompts, by calls in which prompts do not affect each other.

        Parameters
        ----------
        X : ndarray of str, shape (m,)
        logits : callable
            From numbers of prompts to their logits, by one call.
        """
        lengths = self.get_inputs(X)["attention_mask"].sum(dim=1).tolist()
        if self._batching is None and scales_with_length(self._model):
            self._batching = Batching.EQUAL_LENGTH
        calls = batches(lengths, self._batching or Batching.ANY_LENGTH)
        found = np.concatenate([self._asked(logits, rows) for rows in calls])
        found = found[np.argsort(np.concatenate(calls))]
        if self._batching is None and len(set(lengths)) > 1:
            shortest = lengths.index(min(lengths))
            alone = self._asked(logits, [shortest])[0]
            if not nearly_equal(alone, found[shortest], self._model.dtype):
                self._batching = Batching.SINGLE
                return self.by_rows(X, logits)
            self._batching = Batching.ANY_LENGTH
        return found

    @property
    def _model(self) -> Any:
        scored = getattr(self, "similarity_model", None)
        return self.inner_model if scored is None else scored

    def _asked(self, logits: Callable[[Sequence[int]], FloatArray], rows: Sequence[int]) -> FloatArray:
        forget_length(self._model)
        return logits(rows)
