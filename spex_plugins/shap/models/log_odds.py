"""SHAP's language models with finite log-odds, each of its prompt alone, without doubled special tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.models.prompt_rows import PromptRows
from spex_plugins.shap.texts.text_tokens import is_tokenizer

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["TeacherForcing", "TextGeneration", "TopKLM", "language_model", "log_odds"]


class TeacherForcing(PromptRows, shap.models.TeacherForcing):  # type: ignore[misc]
    """`shap.models.TeacherForcing` whose log-odds neither overflow nor become infinite."""

    def get_teacher_forced_logits(self, X: Any, Y: Any) -> FloatArray:
        """Return the logits (m, T, V) before the target tokens."""
        if self.model_agnostic:  # asking for the prompts means asking the user's function
            return super().get_teacher_forced_logits(X, Y)
        return self.by_rows(
            X, lambda rows: super(TeacherForcing, self).get_teacher_forced_logits(X[rows], Y[rows])
        )

    def get_outputs(self, X: Any) -> Any:
        """Return the tokens (m, T) of target texts, or tokens as they are."""
        if X.dtype.type is not np.str_ or not is_tokenizer(self.similarity_tokenizer):
            return super().get_outputs(X)
        rows = self.similarity_tokenizer(X.tolist(), add_special_tokens=False)["input_ids"]
        return np.array(rows, dtype=np.int64)

    def get_logodds(self, logits: FloatArray) -> FloatArray:
        """Return log-odds (m, T) of the T target tokens from logits (m, T, V)."""
        ids = np.asarray(self.get_outputs(self.output)[0])
        if not ids.size:
            raise InputError("targets: the text to be scored, given or generated, has no tokens")
        return log_odds(logits, ids[None, :, None])[..., 0]


class TopKLM(PromptRows, shap.models.TopKLM):  # type: ignore[misc]
    """`shap.models.TopKLM` whose log-odds neither overflow nor become infinite."""

    def get_lm_logits(self, X: Any) -> FloatArray:
        """Return the logits (m, V) of the next token."""
        return self.by_rows(X, lambda rows: super(TopKLM, self).get_lm_logits(X[rows]))

    def get_logodds(self, logits: FloatArray) -> FloatArray:
        """Return log-odds (m, k) of the k most likely tokens from logits (m, V)."""
        return log_odds(logits, np.asarray(self.topk_token_ids)[None])


class TextGeneration(PromptRows, shap.models.TextGeneration):  # type: ignore[misc]
    """`shap.models.TextGeneration` that continues prompts without doubled special tokens."""


def log_odds(logits: FloatArray, ids: IntArray) -> FloatArray:
    """Return log p / (1 − p) of tokens under a softmax.

    SHAP exponentiates the logits as they are, which overflows near 710, and takes the logit of the rounded
    probability, which is infinite from p = 1 − 1e-16. Here 1 − p is summed from the other tokens.

    Parameters
    ----------
    logits : ndarray of float64, shape (..., V)
    ids : ndarray of int, shape (..., k)
        Tokens; leading axes as in ``logits``, or 1.

    Returns
    -------
    ndarray of float64, shape (..., k)
    """
    likeliest = logits.argmax(axis=-1)[..., None]
    top = np.take_along_axis(logits, likeliest, axis=-1)
    chosen = np.take_along_axis(logits, ids, axis=-1)
    rest = logits.copy()
    np.put_along_axis(rest, likeliest, -np.inf, axis=-1)
    second = rest.max(axis=-1, keepdims=True)
    log_rest = second + np.log(np.exp(rest - second).sum(axis=-1, keepdims=True))
    is_top = ids == likeliest
    # For any but the likeliest token, the others include the likeliest: nothing cancels.
    counted = np.where(is_top, 0.0, np.exp(chosen - top))
    return chosen - np.where(is_top, log_rest, top + np.log1p(np.exp(log_rest - top) - counted))


_REPLACEMENTS = {
    shap.models.TeacherForcing: TeacherForcing,
    shap.models.TopKLM: TopKLM,
    shap.models.TextGeneration: TextGeneration,
}


def language_model(model: Any) -> Any:
    """Return the class of this module in place of SHAP's for a language model, else the model itself."""
    kind = _REPLACEMENTS.get(type(model))
    if kind is None:
        return model
    ours: Any = kind.__new__(kind)
    ours.__dict__.update(model.__dict__)
    if hasattr(model, "text_generate"):
        ours.text_generate = language_model(model.text_generate)
    return ours
