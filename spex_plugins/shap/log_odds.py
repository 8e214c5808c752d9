"""SHAP's language models with log-odds that stay finite when a token is certain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["TeacherForcing", "TopKLM", "log_odds", "with_finite_log_odds"]


class TeacherForcing(shap.models.TeacherForcing):  # type: ignore[misc]
    """`shap.models.TeacherForcing` whose log-odds neither overflow nor end at infinity."""

    def get_logodds(self, logits: FloatArray) -> FloatArray:
        """Return log-odds (m, T) of the T target tokens from logits (m, T, V)."""
        ids = np.asarray(self.get_outputs(self.output)[0])
        if not ids.size:
            raise InputError("targets: the text to be scored, given or generated, has no tokens")
        return log_odds(logits, ids[None, :, None])[..., 0]


class TopKLM(shap.models.TopKLM):  # type: ignore[misc]
    """`shap.models.TopKLM` whose log-odds neither overflow nor end at infinity."""

    def get_logodds(self, logits: FloatArray) -> FloatArray:
        """Return log-odds (m, k) of the k most likely tokens from logits (m, V)."""
        return log_odds(logits, np.asarray(self.topk_token_ids)[None])


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
    # Against any but the likeliest token stands at least the likeliest: nothing cancels.
    counted = np.where(is_top, 0.0, np.exp(chosen - top))
    return chosen - np.where(is_top, log_rest, top + np.log1p(np.exp(log_rest - top) - counted))


_FINITE = {shap.models.TeacherForcing: TeacherForcing, shap.models.TopKLM: TopKLM}


def with_finite_log_odds(model: Any) -> Any:
    """Return our kind of SHAP's language models; any other model as it is."""
    kind = _FINITE.get(type(model))
    if kind is None:
        return model
    finite = kind.__new__(kind)
    finite.__dict__.update(model.__dict__)
    return finite
