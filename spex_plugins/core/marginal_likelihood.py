"""Learn the parameters of a kernel on masks from samples, by marginal likelihood (MacKay 1992)."""

from __future__ import annotations

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.mask_kernel import MaskKernel
from spex_plugins.core.product_kernel import SCALES, ProductKernel, exponentials
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["JITTER", "learn_kernel"]

JITTER = 1e-6  # added to every noise variance, of values with unit variance
_ITERATIONS = 20  # more of them change the posterior by less than its error
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
_SPREAD, _SPREAD_LINEAR = 1.0, 1.5  # deviations of log rates and log variances around their learned means
_START_RATE, _START_NOISE, _START_LINEAR = 2.0, 0.02, 0.3  # rate and linear: of all features together
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE, _LOG_LINEAR = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0), (-16.0, 1.0)


def learn_kernel(masks: BoolArray, values: FloatArray) -> tuple[MaskKernel, float]:
    """Maximise the marginal likelihood of values with mean 0 and variance 1.

    Every feature has a rate in the product kernel and a variance of its own as a single character. The logs
    of both have normal priors around common means: features are alike until the samples say otherwise.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        A few hundred suffice; the cost is some 20 times m³.
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.

    Returns
    -------
    kernel : MaskKernel
    noise : float
        Variance of what the kernel cannot explain.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    n, q = masks.shape[1], len(SCALES)
    mean_rate, mean_linear = np.log(_START_RATE / n), np.log(_START_LINEAR / n)
    start = _joined(
        np.full(n, mean_rate),
        np.full(n, mean_linear),
        np.full(q, -1.0),
        [np.log(_START_NOISE), mean_rate, mean_linear],
    )
    bounds = [_LOG_RATE] * n + [_LOG_LINEAR] * n + [_LOG_AMPLITUDE] * q
    # Threads win nothing on such small matrices, and wait for each other where the processor is busy.
    with threadpool_limits(1, "blas"):
        found = minimize(
            _objective,
            start,
            args=(masks, values),
            jac=True,
            method="L-BFGS-B",
            bounds=[*bounds, _LOG_NOISE, _LOG_RATE, _LOG_LINEAR],
            options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS, "ftol": _TOLERANCE},
        )
    parameters = np.exp(found.x)
    product = ProductKernel(parameters[:n], parameters[2 * n : 2 * n + q])
    return MaskKernel(product, sets.singletons(n), parameters[n : 2 * n]), float(parameters[2 * n + q])


def _objective(parameters: FloatArray, masks: BoolArray, values: FloatArray) -> tuple[float, FloatArray]:
    """Return the negative log posterior of the log parameters, and its gradient."""
    from scipy.linalg import cholesky
    from scipy.linalg.lapack import dpotri

    n, q = masks.shape[1], len(SCALES)
    m, outputs = values.shape
    log_rates, log_linear = parameters[:n], parameters[n : 2 * n]
    noise, (log_rate, log_mean) = np.exp(parameters[2 * n + q]), parameters[2 * n + q + 1 :]
    rates, linear, amplitudes = np.exp(log_rates), np.exp(log_linear), np.exp(parameters[2 * n : 2 * n + q])
    signs = np.where(masks, -1.0, 1.0)
    terms = [a * term for a, term in zip(amplitudes, exponentials(masks, masks, rates), strict=True)]
    total = sum(terms, start=(signs * linear) @ signs.T)
    total[np.diag_indices(m)] += noise + JITTER
    factor = cholesky(total, lower=True, check_finite=False)
    inverse, _ = dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = inverse @ values
    off, off_linear = (log_rates - log_rate) / _SPREAD, (log_linear - log_mean) / _SPREAD_LINEAR
    value = 0.5 * (values * weights).sum() + outputs * np.log(np.diag(factor)).sum()
    value += 0.5 * (off**2).sum() + 0.5 * (off_linear**2).sum()

    slope = 0.5 * (outputs * inverse - weights @ weights.T)  # of the value in the entries of the matrix
    by_distance = slope * sum(s * term for s, term in zip(SCALES, terms, strict=True))
    # Σ_kl by_distance_kl [x_ki ≠ x_li] for every feature i
    kept = masks.astype(np.float64)
    differing = 2 * (by_distance.sum(axis=1) @ kept - (kept * (by_distance @ kept)).sum(axis=0))
    gradient = _joined(
        off / _SPREAD - rates * differing,
        off_linear / _SPREAD_LINEAR + linear * (signs * (slope @ signs)).sum(axis=0),
        [(slope * term).sum() for term in terms],
        [noise * np.trace(slope), -off.sum() / _SPREAD, -off_linear.sum() / _SPREAD_LINEAR],
    )
    return float(value), gradient


def _joined(*parts: FloatArray | list[float]) -> FloatArray:
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
