"""What a Gaussian process tells besides its spectrum: single values, and how sure it is."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.gaussian_process import GaussianProcess
from spex_plugins.core.posterior import Posterior, Uncertainty
from spex_plugins.core.posterior_index import index_covariance
from spex_plugins.core.supports import singletons
from spex_plugins.estimators.base import SingleValues
from spex_plugins.types import FloatArray

__all__ = ["posterior_of", "predicted_left_out", "single_values", "uncertainty_of"]

_LEAST_TESTED = 8  # fewer masks measure nothing


def single_values(process: GaussianProcess) -> dict[str, SingleValues]:
    """Return the Shapley and Banzhaf values of a posterior, with standard deviations."""
    scale = _scale(process)
    singles = {}
    for index in ("SV", "BV"):
        features = singletons(process.kernel.n)
        covariance, variance = index_covariance(process.kernel, process.masks, features, index, 1)
        variance -= (covariance * process.solve(covariance)).sum(axis=0)
        deviations = np.multiply.outer(np.sqrt(np.maximum(variance, 0.0)), scale)
        singles[index] = SingleValues(process.spread * (covariance.T @ process.weights), deviations)
    return singles


def uncertainty_of(process: GaussianProcess) -> Uncertainty:
    """Return what tells the deviations of every index."""
    packed = np.packbits(process.masks, axis=1)
    return Uncertainty(process.kernel, process.noise, packed, _scale(process))


def posterior_of(process: GaussianProcess) -> Posterior:
    """Return what tells the values of every index too."""
    known = vars(uncertainty_of(process))
    return Posterior(**known, weights=process.spread * process.weights, constant=process.mean)


def predicted_left_out(process: GaussianProcess, values: FloatArray) -> FloatArray:
    """Predict the samples that the kernel was not learned from, each without it; NaN for others, (m, K)."""
    predicted = np.full(values.shape, np.nan)
    at = process.untouched
    if len(at) >= _LEAST_TESTED:
        predicted[at] = values[at] - process.left_out[0][at]
    return predicted


def _scale(process: GaussianProcess) -> FloatArray:
    """Return what deviations of values with unit variance must be multiplied by, (K,).

    That is the spread of the values times what left-out errors are in predicted deviations: a kernel learned
    from few samples is too sure of itself.
    """
    if len(process.untouched) < _LEAST_TESTED:
        return process.spread
    scores = process.left_out[1][process.untouched]
    return process.spread * np.sqrt((scores**2).mean(axis=0))
