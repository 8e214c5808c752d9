"""Learn the kernel of the odd or the even part of a function by marginal likelihood, from pairs.

A product kernel does not change where both masks are replaced by their complements. So the odd and even
parts of the values of a pair, (f(x) ∓ f(x̄)) / √2, are independent, with the covariances

    k(x, y) ∓ k(x, ȳ),

of half as many rows as there are masks: a quarter of the cost. In k(x, ȳ) the features that x and y share
take the place of those in which they differ.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spex_plugins.core.kernels.gaussian_likelihood import gaussian_likelihood
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["JITTER", "PartKernel", "learn_part_kernel"]

JITTER = 1e-6  # added to every noise variance, of values with unit variance
_TOLERANCE = 1e-4  # relative change of the objective that ends the search
_START_RATE, _START_AMPLITUDE, _START_NOISE = 2.0, 0.4, 0.02  # the rate of all features together
_LOG_RATE, _LOG_AMPLITUDE, _LOG_NOISE = (-14.0, 3.0), (-8.0, 6.0), (-12.0, 1.0)


@dataclass(frozen=True, eq=False)
class PartKernel:
    """A kernel, and the variance of what it cannot explain of values with unit variance."""

    product: ProductKernel
    noise: float


def learn_part_kernel(
    masks: BoolArray,
    parts: Mapping[int, FloatArray],
    iterations: int,
    spread: float,
    start: PartKernel | None = None,
) -> PartKernel:
    """Maximise the marginal likelihood of the parts of values with mean 0 and variance 1.

    The logs of the rates have a normal prior around their mean, which is learned too: features are alike
    until the samples say otherwise.

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
        Where the search starts.
    """
    from scipy.optimize import minimize
    from threadpoolctl import threadpool_limits

    n, q = masks.shape[1], len(SCALES)
    if start is None:
        rate = np.full(n, _START_RATE / n)
        start = PartKernel(ProductKernel(rate, np.full(q, _START_AMPLITUDE)), _START_NOISE)
    log_rates = np.log(np.maximum(start.product.rates, np.exp(_LOG_RATE[0])))
    first = np.concatenate(
        [log_rates, np.log(start.product.amplitudes), [np.log(start.noise), log_rates.mean()]]
    )
    if not any(values.any() for values in parts.values()):  # nothing to learn from
        return start
    # Threads win nothing on such small matrices, and wait for each other where the processor is busy.
    with threadpool_limits(1, "blas"):
        learned = minimize(
            _objective(masks, parts, spread),
            first,
            jac=True,
            method="L-BFGS-B",
            bounds=[*[_LOG_RATE] * n, *[_LOG_AMPLITUDE] * q, _LOG_NOISE, _LOG_RATE],
            options={"maxiter": iterations, "maxfun": 2 * iterations, "ftol": _TOLERANCE},
        ).x
    rates, amplitudes, (noise, _) = np.split(np.exp(learned), [n, n + q])
    return PartKernel(ProductKernel(rates, amplitudes), float(noise))


def _objective(
    masks: BoolArray, parts: Mapping[int, FloatArray], spread: float
) -> Callable[[FloatArray], tuple[float, FloatArray]]:
    """Return the function that tells the negative log posterior of the log parameters, and its gradient.

    It works in arrays of its own: fresh ones would cost as much as the arithmetic.
    """
    (p, n), q = masks.shape, len(SCALES)
    kept = np.ascontiguousarray(masks, dtype=np.float64)
    diagonal = np.diag_indices(p)
    near, far = np.empty((q, p, p)), np.empty((q, p, p))
    both, opposite, total, spare = (np.empty((p, p)) for _ in range(4))
    left, right = np.ones((p, n + 2)), np.ones((n + 2, p))
    right[:n] = kept.T

    def evaluated(parameters: FloatArray) -> tuple[float, FloatArray]:
        log_rates, (*_, mean_rate) = np.split(parameters, [n])
        rates, amplitudes, (noise, _) = np.split(np.exp(parameters), [n, n + q])
        np.multiply(kept, -2.0 * rates, out=left[:, :n])
        left[:, n] = right[n + 1] = kept @ rates
        np.matmul(left, right, out=near[0])
        _powers(near, far, rates.sum())
        off = (log_rates - mean_rate) / spread
        value = 0.5 * float(off @ off)
        trace = 0.0
        both.fill(0.0)
        opposite.fill(0.0)
        for sign, values in parts.items():
            total.fill(0.0)
            for terms, side in ((near, 1.0), (far, sign)):
                for term, amplitude in zip(terms, amplitudes, strict=True):
                    np.multiply(term, side * amplitude, out=spare)
                    np.add(total, spare, out=total)
            matrix = total.T  # Fortran's order
            matrix[diagonal] += noise + JITTER
            cost, slope = gaussian_likelihood(matrix, values)
            value += cost
            trace += float(slope[diagonal].sum())
            np.add(both, slope, out=both)
            if sign > 0:
                np.add(opposite, slope, out=opposite)
            else:
                np.subtract(opposite, slope, out=opposite)
        by_amplitude = amplitudes * [
            np.vdot(both, a) + np.vdot(opposite, b) for a, b in zip(near, far, strict=True)
        ]
        # What a difference of x and y in a feature does, and what a feature shared by them does.
        differing, shared = near[0], far[0]
        for terms, slope in ((near, both), (far, opposite)):
            terms[0] *= SCALES[0] * amplitudes[0]
            for term, scale, amplitude in zip(terms[1:], SCALES[1:], amplitudes[1:], strict=True):
                term *= scale * amplitude
                terms[0] += term
            terms[0] *= slope
        everywhere = float(shared.sum())
        differing -= shared
        along = 2 * (differing.sum(axis=1) @ kept - (kept * (differing @ kept)).sum(axis=0))
        gradient = np.concatenate(
            [
                off / spread - rates * (along + everywhere),
                by_amplitude,
                [noise * trace, -off.sum() / spread],
            ]
        )
        return value, gradient

    return evaluated


def _powers(near: FloatArray, far: FloatArray, total: float) -> None:
    """Turn the distances in near[0] into exp(−s_q d) in near and exp(−s_q (total − d)) in far."""
    distances = near[0]
    np.clip(distances, 0.0, total, out=distances)  # rounding
    distances *= -SCALES[0]
    np.exp(distances, out=distances)
    np.divide(np.exp(-SCALES[0] * total), distances, out=far[0])
    for terms in (near, far):
        for term, power in pairwise(terms):
            np.multiply(term, term, out=power)
            power *= power
            power *= power  # the eighth power: far cheaper than another exponential
