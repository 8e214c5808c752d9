"""Likelihood of normal values, and its derivatives in the entries of their covariance matrix."""

from __future__ import annotations

import numpy as np

from spex_plugins.types import FloatArray

__all__ = ["gaussian_likelihood"]


def gaussian_likelihood(matrix: FloatArray, values: FloatArray) -> tuple[float, FloatArray]:
    """Return the negative log likelihood, up to a constant, and its derivatives.

    Parameters
    ----------
    matrix : ndarray of float64, shape (p, p)
        Lower triangle of the covariance, in Fortran's order; overwritten.
    values : ndarray of float64, shape (p, K)
        K independent draws with mean 0.

    Returns
    -------
    cost : float
    slope : ndarray of float64, shape (p, p)
        Derivatives of the cost in the entries of the matrix, all counted as independent.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the matrix is not positive definite.
    """
    from scipy.linalg.lapack import dpotrf, dpotri

    factor, failed = dpotrf(matrix, lower=1, clean=1, overwrite_a=1)
    if failed:
        raise np.linalg.LinAlgError("the covariance matrix is not positive definite")
    log_determinant = float(np.log(np.diag(factor)).sum())
    inverse, _ = dpotri(factor, lower=1, overwrite_c=1)
    inverse += np.tril(inverse, -1).T
    weights = inverse @ values
    cost = 0.5 * float((values * weights).sum()) + values.shape[1] * log_determinant
    inverse *= 0.5 * values.shape[1]
    inverse -= weights @ (0.5 * weights.T)
    return cost, inverse.T
