"""Kernel of the odd or the even part of a function by marginal likelihood, from complementary pairs.

A product kernel is invariant when both masks are replaced by their complements. The odd and even parts of the
values of a pair, (f(x) ∓ f(x̄)) / √2, are therefore independent, with the covariances

    k(x, y) ∓ k(x, ȳ),

which have half as many rows as there are masks and need a quarter of the time. In k(x, ȳ) the features in
which x and y agree take the place of those in which they differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spex_plugins.core.kernels.gaussian_likelihood import gaussian_likelihood
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.core.kernels.threads import blas_threads
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["JITTER", "LIMITS", "NegativeLogPosterior", "PartKernel", "learn_part_kernel", "reachable"]

JITTER = 1e-6  # added to every noise variance, for values with unit variance
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
_START_RATE, _START_AMPLITUDE, _START_NOISE = 2.0, 0.4, 0.02  # the sum of the rates of all features
_LEAST_SHARE, _LEAST_AMPLITUDE, _LEAST_NOISE = np.exp(-6.0), 1e-2, 1e-5  # of a start from another kernel
LIMITS = _LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0)


@dataclass(frozen=True, eq=False)
class PartKernel:
    """A kernel for values with unit variance.

    Attributes
    ----------
    product : ProductKernel
    noise : float
        Variance of the part that it does not explain.
    ends : float
        The same at the empty and the full mask, see `end_variance`.
    """

    product: ProductKernel
    noise: float
    ends: float = 0.0


def learn_part_kernel(
    masks: BoolArray,
    parts: Mapping[int, FloatArray],
    iterations: int,
    spread: float,
    start: PartKernel | None = None,
    centre: FloatArray | float = 0.0,
) -> PartKernel:
    """Maximise the marginal likelihood of the parts of values with mean 0 and variance 1.

    The logs of the rates have a normal prior around their mean, which is estimated too.

    Parameters
    ----------
    masks : ndarray of bool, shape (p, n)
        One mask of every pair.
    parts : mapping from −1 (odd) or 1 (even) to ndarray of float64, shape (p, K)
        (f(x) ∓ f(x̄)) / √2; both parts together share the kernel.
    iterations : int
    spread : float
        Standard deviation of the log rates around their mean, a priori.
    start : PartKernel, optional
        Start of the search.
    centre : ndarray of float64, shape (n,), or float
        Of the prior of the log rates, up to a common shift, which is estimated.
    """
    from scipy.optimize import minimize

    n, q = masks.shape[1], len(SCALES)
    if start is None:
        rate = np.full(n, _START_RATE / n)
        start = PartKernel(ProductKernel(rate, np.full(q, _START_AMPLITUDE)), _START_NOISE)
    log_rates = np.log(np.maximum(start.product.rates, np.exp(_LOG_RATE[0])))
    first = np.concatenate(
        [log_rates, np.log(start.product.amplitudes), [np.log(start.noise), (log_rates - centre).mean()]]
    )
    if not any(values.any() for values in parts.values()):  # all values are 0
        return start
    # Threads bring no improvement for such small matrices, and wait for each other on a busy machine.
    with blas_threads(1):
        learned = minimize(
            NegativeLogPosterior(masks, parts, spread, centre),
            first,
            jac=True,
            method="L-BFGS-B",
            bounds=[*[_LOG_RATE] * n, *[_LOG_AMPLITUDE] * q, _LOG_NOISE, _LOG_RATE],
            options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": _TOLERANCE},
        ).x
    rates, amplitudes, (noise, _) = np.split(np.exp(learned), [n, n + q])
    return PartKernel(ProductKernel(rates, amplitudes), float(noise))


def reachable(kernel: PartKernel) -> PartKernel:
    """Return a start for other functions, from a learned kernel.

    The derivative in the log of a parameter of almost 0 is almost 0: a feature that earlier functions ignore
    would be ignored for ever.
    """
    rates, amplitudes = kernel.product.rates, kernel.product.amplitudes
    product = ProductKernel(
        np.maximum(rates, _LEAST_SHARE * rates.sum()), np.maximum(amplitudes, _LEAST_AMPLITUDE)
    )
    return PartKernel(product, max(kernel.noise, _LEAST_NOISE))


class NegativeLogPosterior:
    """Negative log posterior of the log parameters, with its gradient.

    The log rates minus ``centre`` (n,) have a normal prior around their mean.

    All arrays of p × p entries are allocated once, as their allocation would cost as much as the arithmetic.
    """

    def __init__(
        self,
        masks: BoolArray,
        parts: Mapping[int, FloatArray],
        spread: float,
        centre: FloatArray | float = 0.0,
    ) -> None:
        (p, n), q = masks.shape, len(SCALES)
        self._parts, self._spread, self._centre = parts, spread, centre
        self._kept = np.ascontiguousarray(masks, dtype=np.float64)
        self._diagonal = np.diag_indices(p)
        self._near, self._far = np.empty((q, p, p)), np.empty((q, p, p))
        self._both, self._opposite, self._total, self._spare = (np.empty((p, p)) for _ in range(4))
        self._left, self._right = np.ones((p, n + 2)), np.ones((n + 2, p))
        self._right[:n] = self._kept.T

    def __call__(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        n = self._kept.shape[1]
        log_rates, (*_, mean_rate) = np.split(parameters, [n])
        rates, amplitudes, (noise, _) = np.split(np.exp(parameters), [n, n + len(SCALES)])
        self._update_terms(rates)
        costs, trace = self._likelihoods(amplitudes, noise)
        off = (log_rates - self._centre - mean_rate) / self._spread
        by_amplitude = self._by_amplitude(amplitudes)
        gradient = np.concatenate(
            [
                off / self._spread - rates * self._by_rate(amplitudes),
                by_amplitude,
                [noise * trace, -off.sum() / self._spread],
            ]
        )
        return sum(costs, start=0.5 * float(off @ off)), gradient

    def _update_terms(self, rates: FloatArray) -> None:
        """Set the terms of k(x, y) and of k(x, ȳ), without their amplitudes."""
        n = len(rates)
        np.multiply(self._kept, -2.0 * rates, out=self._left[:, :n])
        self._left[:, n] = self._right[n + 1] = self._kept @ rates
        np.matmul(self._left, self._right, out=self._near[0])
        _powers(self._near, self._far, rates.sum())

    def _likelihoods(self, amplitudes: FloatArray, noise: float) -> tuple[list[float], float]:
        """Return the negative log likelihood of each part, and its derivative in the noise.

        Set the derivatives in the entries of k(x, y) and of k(x, ȳ), summed over the parts.
        """
        costs, trace = [], 0.0
        self._both.fill(0.0)
        self._opposite.fill(0.0)
        for sign, values in self._parts.items():
            cost, slope = gaussian_likelihood(self._covariance(sign, amplitudes, noise), values)
            costs.append(cost)
            trace += float(slope[self._diagonal].sum())
            np.add(self._both, slope, out=self._both)
            (np.add if sign > 0 else np.subtract)(self._opposite, slope, out=self._opposite)
        return costs, trace

    def _covariance(self, sign: int, amplitudes: FloatArray, noise: float) -> FloatArray:
        """Return the covariance matrix of a part in Fortran's order."""
        self._total.fill(0.0)
        for terms, side in ((self._near, 1.0), (self._far, sign)):
            for term, amplitude in zip(terms, amplitudes, strict=True):
                np.multiply(term, side * amplitude, out=self._spare)
                np.add(self._total, self._spare, out=self._total)
        matrix = self._total.T
        matrix[self._diagonal] += noise + JITTER
        return matrix

    def _by_amplitude(self, amplitudes: FloatArray) -> FloatArray:
        """Return the derivatives in the log amplitudes, (Q,)."""
        pairs = zip(self._near, self._far, strict=True)
        return amplitudes * [np.vdot(self._both, a) + np.vdot(self._opposite, b) for a, b in pairs]

    def _by_rate(self, amplitudes: FloatArray) -> FloatArray:
        """Return minus the derivatives in the rates, (n,); the terms are overwritten."""
        differing, shared = self._near[0], self._far[0]  # for features in which x and y differ, and agree
        for terms, slope in ((self._near, self._both), (self._far, self._opposite)):
            terms[0] *= SCALES[0] * amplitudes[0]
            for term, scale, amplitude in zip(terms[1:], SCALES[1:], amplitudes[1:], strict=True):
                term *= scale * amplitude
                terms[0] += term
            terms[0] *= slope
        everywhere = float(shared.sum())
        differing -= shared
        kept = self._kept
        along = 2 * (differing.sum(axis=1) @ kept - (kept * (differing @ kept)).sum(axis=0))
        return along + everywhere


def _powers(near: FloatArray, far: FloatArray, total: float) -> None:
    """Replace the distances d in near[0] by exp(−s_q d) in near and exp(−s_q (total − d)) in far."""
    distances = near[0]
    np.clip(distances, 0.0, total, out=distances)  # rounding errors
    distances *= -SCALES[0]
    np.exp(distances, out=distances)
    np.divide(np.exp(-SCALES[0] * total), distances, out=far[0])
    for terms in (near, far):
        for term, power in pairwise(terms):
            np.multiply(term, term, out=power)
            power *= power
            power *= power  # the eighth power is cheaper than another exponential
