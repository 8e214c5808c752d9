"""Learn the parameters of a product kernel from samples, by marginal likelihood (MacKay 1992)."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.product_kernel import SCALES, ProductKernel, exponentials
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["JITTER", "learn_kernel"]

JITTER = 1e-6  # added to every noise variance, of values with unit variance
_ITERATIONS = 30
_TOLERANCE = 1e-6  # relative change of the objective that ends the search
_SPREAD = 1.0  # standard deviation of the log rates around their mean, which is learned
_START_RATE, _START_NOISE = 2.0, 0.02  # rate: in all features together
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0)


def learn_kernel(masks: BoolArray, values: FloatArray) -> tuple[ProductKernel, float]:
    """Maximise the marginal likelihood of values with mean 0 and variance 1.

    Log rates have a normal prior around a common mean: features are alike until the samples say otherwise.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        A few hundred suffice; the cost is some 30 times m³.
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.

    Returns
    -------
    kernel : ProductKernel
    noise : float
        Variance of what the kernel cannot explain.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    n, q = masks.shape[1], len(SCALES)
    mean_rate = np.log(_START_RATE / n)
    start = np.concatenate([np.full(n, mean_rate), np.full(q, -1.0), [np.log(_START_NOISE), mean_rate]])
    bounds = [_LOG_RATE] * n + [_LOG_AMPLITUDE] * q + [_LOG_NOISE, _LOG_RATE]
    # Threads win nothing on such small matrices, and wait for each other where the processor is busy.
    with threadpool_limits(1, "blas"):
        found = minimize(
            _objective,
            start,
            args=(masks, values),
            jac=True,
            method="L-BFGS-B",
            bounds=bounds,
            options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS, "ftol": _TOLERANCE},
        )
    parameters = np.exp(found.x)
    return ProductKernel(parameters[:n], parameters[n : n + q]), float(parameters[n + q])


def _objective(parameters: FloatArray, masks: BoolArray, values: FloatArray) -> tuple[float, FloatArray]:
    """Return the negative log posterior of the log parameters, and its gradient."""
    from scipy.linalg import cholesky
    from scipy.linalg.lapack import dpotri

    n, q = masks.shape[1], len(SCALES)
    m, outputs = values.shape
    rates, amplitudes = np.exp(parameters[:n]), np.exp(parameters[n : n + q])
    noise, log_mean = np.exp(parameters[n + q]), parameters[n + q + 1]
    terms = [a * term for a, term in zip(amplitudes, exponentials(masks, masks, rates), strict=True)]
    total = sum(terms[1:], start=terms[0])
    total[np.diag_indices(m)] += noise + JITTER
    factor = cholesky(total, lower=True, check_finite=False)
    inverse, _ = dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = inverse @ values
    off = (parameters[:n] - log_mean) / _SPREAD
    value = 0.5 * (values * weights).sum() + outputs * np.log(np.diag(factor)).sum() + 0.5 * (off**2).sum()

    slope = 0.5 * (outputs * inverse - weights @ weights.T)  # of the value in the entries of the matrix
    by_distance = slope * sum(s * term for s, term in zip(SCALES, terms, strict=True))
    # Σ_kl by_distance_kl [x_ki ≠ x_li] for every feature i
    kept = masks.astype(np.float64)
    differing = 2 * (by_distance.sum(axis=1) @ kept - (kept * (by_distance @ kept)).sum(axis=0))
    gradient = np.concatenate(
        [
            off / _SPREAD - rates * differing,
            [(slope * term).sum() for term in terms],
            [noise * np.trace(slope), -off.sum() / _SPREAD],
        ]
    )
    return float(value), gradient
