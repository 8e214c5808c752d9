"""Parameters of a `SizedKernel` by marginal likelihood (MacKay 1992)."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.kernels.gaussian_likelihood import gaussian_likelihood
from spex_plugins.core.kernels.threads import blas_threads
from spex_plugins.core.sized_process.kernel import SCALES, SizedKernel, size_offsets, to_powers
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["JITTER", "learn_sized_kernel"]

JITTER = 1e-6  # added to every noise variance, for values with unit variance
_ITERATIONS = 25  # further ones change the posterior by less than its error
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
_SPREAD = 1.0  # standard deviation of the log rates around their mean, which is learned
_TILT = 1.0  # standard deviation of the tilts
_START_RATE, _START_AMPLITUDE, _START_NOISE = 2.0, 0.4, 0.02  # the sum of the rates of all features
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE, _TILTS = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0), (-8.0, 8.0)


def learn_sized_kernel(
    masks: BoolArray, values: FloatArray, tilted: bool = True
) -> tuple[SizedKernel, float]:
    """Maximise the marginal likelihood of values with mean 0 and variance 1.

    The logs of the rates have a normal prior around their mean, which is estimated too.

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
        Variance of the part of the values that the kernel does not explain.
    """
    from scipy.optimize import minimize

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
    if len(masks):  # LAPACK prints messages about empty matrices
        # Threads bring no improvement for such small matrices, and wait for each other on a busy machine.
        with blas_threads(1):
            learned = minimize(
                _NegativeLogPosterior(masks, values),
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


class _NegativeLogPosterior:
    """Negative log posterior of the parameters, with its gradient.

    All arrays of m × m entries are allocated once, as their allocation would cost as much as the arithmetic.
    """

    def __init__(self, masks: BoolArray, values: FloatArray) -> None:
        m, n = masks.shape
        self._values = values
        self._kept = np.ascontiguousarray(masks, dtype=np.float64)
        self._offsets = size_offsets(masks)
        self._diagonal = np.diag_indices(m)
        self._kernels = [np.empty((m, m)) for _ in SCALES]
        self._total, self._sum_of_two = np.empty((m, m), order="F"), np.empty((m, m))
        self._left, self._right = np.ones((m, n + 2)), np.ones((n + 2, m))
        self._right[:n] = self._kept.T

    def __call__(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        log_rates, log_amplitudes, tilts, (log_noise, mean_rate) = _split(parameters, self._kept.shape[1])
        rates, noise = np.exp(log_rates), np.exp(log_noise)
        self._update_kernels(rates, log_amplitudes, tilts)
        try:
            cost, slope = gaussian_likelihood(self._covariance(noise), self._values)
        except np.linalg.LinAlgError:
            return np.inf, np.zeros_like(parameters)
        off = (log_rates - mean_rate) / _SPREAD
        value = cost + 0.5 * (off**2).sum() + 0.5 * ((tilts / _TILT) ** 2).sum()
        trace = slope[self._diagonal].sum()
        by_row, by_rate = self._slopes(slope)
        gradient = np.concatenate(
            [
                off / _SPREAD - rates * by_rate,
                by_row.sum(axis=1),
                2 * by_row @ self._offsets + tilts / _TILT**2,
                [noise * trace, -off.sum() / _SPREAD],
            ]
        )
        return float(value), gradient

    def _update_kernels(self, rates: FloatArray, log_amplitudes: FloatArray, tilts: FloatArray) -> None:
        """Set the terms of the kernel between all masks."""
        n = len(rates)
        np.multiply(self._kept, -2.0 * rates, out=self._left[:, :n])
        self._left[:, n] = self._right[n + 1] = self._kept @ rates
        np.matmul(self._left, self._right, out=self._kernels[0])
        to_powers(self._kernels)
        for kernel, log_amplitude, tilt in zip(self._kernels, log_amplitudes, tilts, strict=True):
            side = np.exp(0.5 * log_amplitude + tilt * self._offsets)
            kernel *= side[:, None]
            kernel *= side

    def _covariance(self, noise: float) -> FloatArray:
        """Return the covariance matrix of the values."""
        np.add(self._kernels[0], self._kernels[1], out=self._sum_of_two)
        np.add(self._sum_of_two, self._kernels[2], out=self._total)
        self._total[self._diagonal] += noise + JITTER
        return self._total

    def _slopes(self, slope: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the derivatives in the logs of the rows of each term (Q, m), and minus those in the rates.

        The terms of the kernel are overwritten.
        """
        by_row = np.empty((len(SCALES), len(self._kept)))
        for q, (kernel, scale) in enumerate(zip(self._kernels, SCALES, strict=True)):
            kernel *= slope
            kernel.sum(axis=1, out=by_row[q])
            kernel *= scale
        by_distance, kept = self._kernels[0], self._kept
        by_distance += self._kernels[1]
        by_distance += self._kernels[2]
        # Σ_kl by_distance_kl [x_ki ≠ x_li] for every feature i
        by_rate = 2 * (by_distance.sum(axis=1) @ kept - (kept * (by_distance @ kept)).sum(axis=0))
        return by_row, by_rate
