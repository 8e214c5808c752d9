"""Learn a `SizedKernel` from samples, by marginal likelihood (MacKay 1992)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spex_plugins.core.kernels.gaussian_likelihood import gaussian_likelihood
from spex_plugins.core.sized_process.kernel import SCALES, SizedKernel, size_offsets, to_powers
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["JITTER", "learn_sized_kernel"]

JITTER = 1e-6  # added to every noise variance, of values with unit variance
_ITERATIONS = 25  # more change the posterior by less than its error
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
_SPREAD = 1.0  # standard deviation of the log rates around their mean, which is learned
_TILT = 1.0  # standard deviation of the tilts
_START_RATE, _START_AMPLITUDE, _START_NOISE = 2.0, 0.4, 0.02  # the rate of all features together
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE, _TILTS = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0), (-8.0, 8.0)


def learn_sized_kernel(
    masks: BoolArray, values: FloatArray, tilted: bool = True
) -> tuple[SizedKernel, float]:
    """Maximise the marginal likelihood of values with mean 0 and variance 1.

    The logs of the rates have a normal prior around their mean, which is learned too: features are alike
    until the samples say otherwise.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.
    tilted : bool
        Whether the amplitude may depend on the size of a mask.

    Returns
    -------
    kernel : SizedKernel
    noise : float
        Variance of what the kernel cannot explain.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    n, q = masks.shape[1], len(SCALES)
    mean_rate = np.log(_START_RATE / n)
    start = np.concatenate(
        [
            np.full(n, mean_rate),
            np.full(q, np.log(_START_AMPLITUDE)),
            np.zeros(q),
            [np.log(_START_NOISE), mean_rate],
        ]
    )
    tilts = [_TILTS if tilted else (0.0, 0.0)] * q
    bounds = [*[_LOG_RATE] * n, *[_LOG_AMPLITUDE] * q, *tilts, _LOG_NOISE, _LOG_RATE]
    learned = start
    if len(masks):  # LAPACK complains of empty matrices on the terminal
        # Threads win nothing on such small matrices, and wait for each other where the processor is busy.
        with threadpool_limits(1, "blas"):
            learned = minimize(
                _objective(masks, values),
                start,
                jac=True,
                method="L-BFGS-B",
                bounds=bounds,
                options={"maxiter": _ITERATIONS, "maxfun": 2 * _ITERATIONS, "ftol": _TOLERANCE},
            ).x
    log_rates, log_amplitudes, tilt, (log_noise, _) = _split(learned, n)
    return SizedKernel(np.exp(log_rates), np.exp(log_amplitudes), tilt), float(np.exp(log_noise))


def _split(parameters: FloatArray, n: int) -> list[FloatArray]:
    """Return log rates, log amplitudes, tilts, and the log noise with the mean of the log rates."""
    q = len(SCALES)
    return np.split(parameters, np.cumsum([n, q, q]))


def _objective(masks: BoolArray, values: FloatArray) -> Callable[[FloatArray], tuple[float, FloatArray]]:
    """Return the function that tells the negative log posterior of the parameters, and its gradient.

    It works in arrays of its own: fresh ones would cost as much as the arithmetic.
    """
    m, n = masks.shape
    kept = np.ascontiguousarray(masks, dtype=np.float64)
    offsets = size_offsets(masks)
    diagonal = np.diag_indices(m)
    kernels = [np.empty((m, m)) for _ in SCALES]
    total, sum_of_two = np.empty((m, m), order="F"), np.empty((m, m))
    left, right = np.ones((m, n + 2)), np.ones((n + 2, m))
    right[:n] = kept.T

    def evaluated(parameters: FloatArray) -> tuple[float, FloatArray]:
        log_rates, log_amplitudes, tilts, (log_noise, mean_rate) = _split(parameters, n)
        rates, noise = np.exp(log_rates), np.exp(log_noise)
        np.multiply(kept, -2.0 * rates, out=left[:, :n])
        left[:, n] = right[n + 1] = kept @ rates
        np.matmul(left, right, out=kernels[0])
        to_powers(kernels)
        for kernel, log_amplitude, tilt in zip(kernels, log_amplitudes, tilts, strict=True):
            side = np.exp(0.5 * log_amplitude + tilt * offsets)
            kernel *= side[:, None]
            kernel *= side
        np.add(kernels[0], kernels[1], out=sum_of_two)
        np.add(sum_of_two, kernels[2], out=total)
        total[diagonal] += noise + JITTER
        try:
            cost, slope = gaussian_likelihood(total, values)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(parameters)
        off = (log_rates - mean_rate) / _SPREAD
        value = cost + 0.5 * (off**2).sum() + 0.5 * ((tilts / _TILT) ** 2).sum()
        trace = slope[diagonal].sum()
        along = np.empty((len(SCALES), m))  # of the rows of the matrices
        for q, (kernel, scale) in enumerate(zip(kernels, SCALES, strict=True)):
            kernel *= slope
            kernel.sum(axis=1, out=along[q])
            kernel *= scale
        by_distance = kernels[0]
        by_distance += kernels[1]
        by_distance += kernels[2]
        # Σ_kl by_distance_kl [x_ki ≠ x_li] for every feature i
        differing = 2 * (by_distance.sum(axis=1) @ kept - (kept * (by_distance @ kept)).sum(axis=0))
        gradient = np.concatenate(
            [
                off / _SPREAD - rates * differing,
                along.sum(axis=1),
                2 * along @ offsets + tilts / _TILT**2,
                [noise * trace, -off.sum() / _SPREAD],
            ]
        )
        return float(value), gradient

    return evaluated
