"""R² on held-out masks, with bootstrap intervals, and infidelity."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import FloatArray

__all__ = ["bootstrap_weights", "infidelity", "r2", "weighted_r2"]


def r2(truth: FloatArray, squared_errors: FloatArray) -> float:
    """Return 1 − Σ (predicted − truth)² / Σ (truth − its mean)²; NaN where the truth is constant."""
    return float(weighted_r2(truth, squared_errors, np.ones((1, len(truth))))[0])


def weighted_r2(truth: FloatArray, squared_errors: FloatArray, weights: FloatArray) -> FloatArray:
    """Return R² for every row of weights (B, m), none below 0, shape (B,); NaN where all of them are 0."""
    total = weights.sum(axis=1, keepdims=True)
    weights = weights / np.where(total > 0, total, 1)
    if not len(truth):
        return np.full(len(weights), np.nan)
    centred = truth - truth.mean()
    variance = weights @ centred**2 - (weights @ centred) ** 2
    magnitude = np.abs(truth).max(initial=0.0)
    varies = variance > (1e-12 * magnitude) ** 2
    return np.where(varies, 1 - weights @ squared_errors / np.where(varies, variance, 1), np.nan)


def bootstrap_weights(m: int, resamples: int = 1000, seed: int = 0) -> FloatArray:
    """Return the shares of m held-out masks in bootstrap resamples, (resamples, m).

    The same for all methods, so that the differences of two methods are paired.
    """
    if not m:
        return np.zeros((resamples, 0))
    rng = np.random.default_rng(seed)
    return rng.multinomial(m, np.full(m, 1 / m), size=resamples) / m


def infidelity(
    full: float, truth: FloatArray, predicted_full: float, predicted: FloatArray, weights: FloatArray
) -> float:
    """Return Σ w (Δ̂ − Δ)² / Σ w Δ² for the drops Δ = f(x) − f(mask), their predictions Δ̂ and weights w.

    The infidelity of Yeh et al. 2019 for the perturbation that removes the masked features, in the unit of
    the mean squared drop: 0 is perfect, 1 is that of an explanation by zeros.
    """
    drops = full - truth
    size = float(weights @ drops**2)
    return float(weights @ (predicted_full - predicted - drops) ** 2) / size if size > 0 else float("nan")
