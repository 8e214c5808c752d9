"""How far the values at the empty and the full mask lie from what all others tell of them."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.types import FloatArray, IntArray

__all__ = ["end_variance"]

_FAR = 4.0  # squared deviations


def end_variance(factor: Factor, weights: FloatArray, ends: IntArray) -> float:
    """Return the variance of the part of the values at the end points that a process does not explain.

    The value of a model without any feature may lie far from all others, such as that of a model without
    training data. A process that had to meet it would bend everywhere. Where the end points lie farther from
    what the others predict than two standard deviations, they get the variance with the largest likelihood.

    Parameters
    ----------
    factor : Factor
        Of the covariance matrix C of all samples, at which the end points have no noise.
    weights : ndarray of float64, shape (m, K)
        C⁻¹ times the values, of unit variance.
    ends : ndarray of int, shape (e,)
        The samples that are end points.
    """
    if not len(ends):
        return 0.0
    unit = np.zeros((len(weights), len(ends)))
    unit[ends, np.arange(len(ends))] = 1.0
    covariance = np.linalg.inv(factor.solve(unit)[ends])  # of the end points, given all others
    errors = covariance @ weights[ends]
    squares, expected = (errors**2).mean(axis=1), np.diag(covariance)
    return float((squares - expected)[squares > _FAR * expected].max(initial=0.0))
