"""What a Gaussian process tells besides its spectrum: single values, and how sure it is."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.feature_sets import singletons
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess
from spex_plugins.core.gaussian_process.posterior import Posterior, Uncertainty
from spex_plugins.core.gaussian_process.posterior_index import index_covariance
from spex_plugins.estimators.fit_result import SingleValues
from spex_plugins.types import FloatArray

__all__ = ["calibration", "posterior_of", "predicted_left_out", "single_values", "uncertainty_of"]

_LEAST_TESTED = 8  # fewer masks measure nothing


def calibration(process: GaussianProcess) -> FloatArray:
    """Return how many times larger left-out errors are than predicted deviations, (K,).

    A kernel is too sure of itself about the samples that it was learned from; only others count.
    """
    if len(process.untouched) < _LEAST_TESTED:
        return np.ones_like(process.spread)
    scores: FloatArray = process.left_out[1][process.untouched]
    return np.sqrt((scores**2).mean(axis=0))


def single_values(process: GaussianProcess, scale: FloatArray) -> dict[str, SingleValues]:
    """Return the Shapley and Banzhaf values of a posterior, with standard deviations times ``scale`` (K,)."""
    singles = {}
    for index in ("SV", "BV"):
        features = singletons(process.kernel.n)
        covariance, variance = index_covariance(process.kernel, process.masks, features, index, 1)
        variance -= (covariance * process.solve(covariance)).sum(axis=0)
        deviations = np.multiply.outer(np.sqrt(np.maximum(variance, 0.0)), process.spread * scale)
        singles[index] = SingleValues(process.spread * (covariance.T @ process.weights), deviations)
    return singles


def uncertainty_of(process: GaussianProcess, scale: FloatArray) -> Uncertainty:
    """Return what tells the deviations of every index, times ``scale`` (K,)."""
    packed = np.packbits(process.masks, axis=1)
    return Uncertainty(process.kernel, process.noise, packed, process.spread * scale)


def posterior_of(process: GaussianProcess, scale: FloatArray) -> Posterior:
    """Return what tells the values of every index too."""
    known = vars(uncertainty_of(process, scale))
    return Posterior(**known, weights=process.spread * process.weights, constant=process.mean)


def predicted_left_out(process: GaussianProcess, values: FloatArray) -> FloatArray:
    """Predict the samples that the kernel was not learned from, each without it; NaN for others, (m, K)."""
    predicted = np.full(values.shape, np.nan)
    at = process.untouched
    if len(at) >= _LEAST_TESTED:
        predicted[at] = values[at] - process.left_out[0][at]
    return predicted
