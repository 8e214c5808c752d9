"""Additive methods: from samples to a value per feature, and the prediction that these values make."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["FITS", "Additive", "lime_masks"]

_LIME_WIDTH = 25.0  # LIME's kernel for texts, on 100 × the cosine distance


class Additive(NamedTuple):
    """constant + Σ of the values of the features kept."""

    constant: float
    values: np.ndarray

    def predict(self, masks: np.ndarray) -> np.ndarray:
        return self.constant + masks @ self.values


def ridge(masks: np.ndarray, values: np.ndarray) -> Additive:
    """Fit ridge regression, its penalty cross-validated."""
    from sklearn.linear_model import RidgeCV

    fitted = RidgeCV(alphas=np.logspace(-2, 4, 25)).fit(_signs(masks), values)
    return _from_signs(fitted.intercept_, fitted.coef_)


def lasso(masks: np.ndarray, values: np.ndarray) -> Additive:
    """Fit LASSO, its penalty cross-validated in five folds."""
    from sklearn.linear_model import LassoCV

    fitted = LassoCV(cv=5, alphas=50).fit(_signs(masks), values)
    return _from_signs(fitted.intercept_, fitted.coef_)


def lime(masks: np.ndarray, values: np.ndarray) -> Additive:
    """Fit what LIME fits to a text: ridge of penalty 1 with its kernel as weights, all features kept."""
    from sklearn.linear_model import Ridge

    cosine = np.sqrt(masks.mean(axis=1))  # of a 0/1 row with a row of ones
    weights = np.sqrt(np.exp(-((100 * (1 - cosine)) ** 2) / _LIME_WIDTH**2))
    fitted = Ridge(alpha=1.0).fit(masks, values, sample_weight=weights)
    return Additive(float(fitted.intercept_), fitted.coef_)


def lime_masks(n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Draw masks as LIME does for texts: 1 to n hidden, every number equally often; the first is full."""
    hidden = rng.integers(1, n + 1, size=count)
    masks = rng.random((count, n)).argsort(axis=1) >= hidden[:, None]
    masks[0] = True
    return masks


FITS: dict[str, Callable[[np.ndarray, np.ndarray], Additive]] = {"ridge": ridge, "lasso": lasso, "lime": lime}


def _signs(masks: np.ndarray) -> np.ndarray:
    return np.where(masks, 1.0, -1.0)


def _from_signs(constant: float, slopes: np.ndarray) -> Additive:
    return Additive(float(constant - slopes.sum()), 2 * slopes)
