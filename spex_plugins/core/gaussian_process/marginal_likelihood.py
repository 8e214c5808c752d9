"""Learn the parameters of a kernel on masks from samples, by marginal likelihood (MacKay 1992)."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.gaussian_process.mask_kernel import MaskKernel
from spex_plugins.core.gaussian_process.product_kernel import SCALES, ProductKernel, exponentials
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["JITTER", "learn_kernel"]

JITTER = 1e-6  # added to every noise variance, of values with unit variance
_ITERATIONS = (20, 40)  # more change the posterior by less than its error; the larger where they are cheap:
_CHEAP = 20_000  # iterations times samples
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
_SPREAD = 1.0  # standard deviation of the log rates around their mean, which is learned
# The sets with variances of their own, group by group, as places behind a first feature; the deviations of
# the logs of the variances; and where they start, all sets of a group together.
_GROUPS = ((0,), (0, 1), (0, 2), (0, 1, 2))
_SPREADS = np.array([1.5, 2.0, 1.5, 1.5])
_START_VARIANCES = np.array([0.3, 0.02, 0.005, 0.002])
_START_RATE, _START_NOISE = 2.0, 0.02  # the rate of all features together
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE, _LOG_VARIANCE = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0), (-16.0, 1.0)


def learn_kernel(masks: BoolArray, values: FloatArray, row: int) -> tuple[MaskKernel, float]:
    """Maximise the marginal likelihood of values with mean 0 and variance 1.

    Every feature has a rate in the product kernel and a variance of its own as a single character, and so
    has every set within ``row`` neighbours: words act together with the next words more than with others, and
    with the next but one where the word between is hidden. The logs have normal priors around common means,
    which are learned too: features are alike until the samples say otherwise, and where neighbours do not
    matter their means fall.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        A few for every feature suffice; the cost is some 20 to 40 times m³.
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.
    row : int
        2: neighbours; 3: pairs with one feature between them too, and three in a row.

    Returns
    -------
    kernel : MaskKernel
    noise : float
        Variance of what the kernel cannot explain.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    n, q = masks.shape[1], len(SCALES)
    supports, group = _own_variances(n, row)
    terms = len(supports)
    signs = characters(pack(masks), supports, len(masks)).astype(np.float64).T
    mean_rate, mean_variances = np.log(_START_RATE / n), np.log(_START_VARIANCES[: group[-1] + 1] / n)
    start = _joined(
        np.full(n, mean_rate),
        mean_variances[group],
        np.full(q, -1.0),
        [np.log(_START_NOISE), mean_rate],
        mean_variances,
    )
    own = [_LOG_RATE] * n + [_LOG_VARIANCE] * terms + [_LOG_AMPLITUDE] * q
    bounds = [*own, _LOG_NOISE, _LOG_RATE, *[_LOG_VARIANCE] * len(mean_variances)]
    learned = start
    if len(masks):  # LAPACK complains of empty matrices on the terminal
        iterations = int(np.clip(_CHEAP // len(masks), *_ITERATIONS))
        # Threads win nothing on such small matrices, and wait for each other where the processor is busy.
        with threadpool_limits(1, "blas"):
            learned = minimize(
                _objective,
                start,
                args=(masks, values, signs, group),
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": _TOLERANCE},
            ).x
    rates, variances, amplitudes, noise, _ = _split(np.exp(learned), n, terms)
    product = ProductKernel(rates, amplitudes)
    return MaskKernel(product, *sets.merge(supports, variances, n)), float(noise[0])


def _own_variances(n: int, row: int) -> tuple[IntArray, IntArray]:
    """Return the sets with variances of their own, (T, d), and the number of the group of each, (T,)."""
    groups = [
        np.arange(n - places[-1], dtype=np.int32)[:, None] + np.array(places, dtype=np.int32)
        for places in _GROUPS
        if places[-1] < row
    ]
    return sets.combine(groups, n), np.repeat(np.arange(len(groups)), [len(group) for group in groups])


def _split(parameters: FloatArray, n: int, terms: int) -> list[FloatArray]:
    """Return rates, variances, amplitudes, the noise, and the means of the logs."""
    return np.split(parameters, np.cumsum([n, terms, len(SCALES), 1]))


def _objective(
    parameters: FloatArray, masks: BoolArray, values: FloatArray, signs: FloatArray, group: IntArray
) -> tuple[float, FloatArray]:
    """Return the negative log posterior of the log parameters, and its gradient."""
    from scipy.linalg import cholesky
    from scipy.linalg.lapack import dpotri

    m, outputs = values.shape
    n, terms = masks.shape[1], signs.shape[1]
    log_rates, log_variances, *_, means = _split(parameters, n, terms)
    rates, variances, amplitudes, noise, _ = _split(np.exp(parameters), n, terms)
    kernels = [a * term for a, term in zip(amplitudes, exponentials(masks, masks, rates), strict=True)]
    total = sum(kernels, start=(signs * variances) @ signs.T)
    total[np.diag_indices(m)] += noise + JITTER
    factor = cholesky(total, lower=True, check_finite=False)
    inverse, _ = dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = inverse @ values
    off, off_own = (log_rates - means[0]) / _SPREAD, (log_variances - means[1:][group]) / _SPREADS[group]
    value = 0.5 * (values * weights).sum() + outputs * np.log(np.diag(factor)).sum()
    value += 0.5 * (off**2).sum() + 0.5 * (off_own**2).sum()

    slope = 0.5 * (outputs * inverse - weights @ weights.T)  # of the value in the entries of the matrix
    by_distance = slope * sum(s * kernel for s, kernel in zip(SCALES, kernels, strict=True))
    # Σ_kl by_distance_kl [x_ki ≠ x_li] for every feature i
    kept = masks.astype(np.float64)
    differing = 2 * (by_distance.sum(axis=1) @ kept - (kept * (by_distance @ kept)).sum(axis=0))
    gradient = _joined(
        off / _SPREAD - rates * differing,
        off_own / _SPREADS[group] + variances * (signs * (slope @ signs)).sum(axis=0),
        [(slope * kernel).sum() for kernel in kernels],
        noise * np.trace(slope),
        [-off.sum() / _SPREAD],
        -np.bincount(group, off_own / _SPREADS[group], minlength=len(means) - 1),
    )
    return float(value), gradient


def _joined(*parts: FloatArray | IntArray | list[float]) -> FloatArray:
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts])
