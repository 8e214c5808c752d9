"""Additive methods: from samples to a value per feature, and the prediction that these values make."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from spex_plugins import Spectrum
from spex_plugins.comparison.methods.libraries.regressions import fit_lasso, fit_ridge, lime_masks

__all__ = ["FITS", "Additive", "lime", "lime_masks"]

_LIME_WIDTH = 25.0  # LIME's kernel for texts, on 100 × the cosine distance


class Additive(NamedTuple):
    """constant + Σ of the values of the features kept."""

    constant: float
    values: np.ndarray

    def predict(self, masks: np.ndarray) -> np.ndarray:
        return self.constant + masks @ self.values


def lime(masks: np.ndarray, values: np.ndarray) -> Additive:
    """Fit what LIME fits to a text: ridge of penalty 1 with its kernel as weights, all features kept."""
    from sklearn.linear_model import Ridge

    cosine = np.sqrt(masks.mean(axis=1))  # of a 0/1 row with a row of ones
    weights = np.sqrt(np.exp(-((100 * (1 - cosine)) ** 2) / _LIME_WIDTH**2))
    fitted = Ridge(alpha=1.0).fit(masks, values, sample_weight=weights)
    return Additive(float(fitted.intercept_), fitted.coef_)


FITS: dict[str, Callable[[np.ndarray, np.ndarray], Additive | Spectrum]] = {
    "ridge": fit_ridge,
    "lasso": fit_lasso,
    "lime": lime,
}
