"""A kernel that several functions share, and its adjustment to another function at the same masks.

The adjustment is a step of Fisher scoring (Lange 2010, section 14): a Newton step with the expected curvature
of the likelihood, which depends on the masks and the kernel but not on the values. It is computed once; a
step then costs two evaluations of the likelihood, where a search from the beginning takes some 40 of them,
and a second step has not lowered the errors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.core.kernels.cholesky import Factor, factorised
from spex_plugins.core.kernels.product_kernel import SCALES, ProductKernel, exponentials
from spex_plugins.core.kernels.threads import blas_threads
from spex_plugins.core.parity_process.gram import part_gram
from spex_plugins.core.parity_process.likelihood import (
    JITTER,
    LIMITS,
    NegativeLogPosterior,
    PartKernel,
    learn_part_kernel,
    reachable,
)
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["CommonKernel", "common_kernel", "expected_curvature"]

_ITERATIONS = 30
_LONGEST = 2.0  # change of a log in one step
_TRIED = 3  # lengths of a step, each a quarter of the one before
_CURVED = 1e7  # entries of the matrices of which the curvature is made; it is about linear in the pairs
_RIDGE = 1e-3


@dataclass(frozen=True, eq=False)
class CommonKernel:
    """Where the search for the kernel of one part of a function starts, and how it proceeds.

    Attributes
    ----------
    sign : int
        −1 for the odd part, 1 for the even one.
    masks : ndarray of bool, shape (p, n)
        One mask of every pair that is learned from.
    start : PartKernel
    factor : Factor
        Of the covariance matrix of the start.
    curvature : ndarray of float64, shape (n + 4, n + 4)
        Expected second derivatives of the negative log posterior in the logs of rates, amplitudes and noise.
    spread : float
        Standard deviation of the log rates around those of the start and a common shift, a priori.
    """

    sign: int
    masks: BoolArray
    start: PartKernel
    factor: Factor
    curvature: FloatArray
    spread: float

    def adjusted(self, values: FloatArray) -> PartKernel:
        """Return the kernel of a function with values (p, K) of unit variance."""
        n = self.masks.shape[1]
        centre = np.log(self.start.product.rates)
        posterior = NegativeLogPosterior(self.masks, {self.sign: values}, self.spread, centre)

        def evaluated(at: FloatArray) -> tuple[float, FloatArray]:
            try:
                value, gradient = posterior(np.append(at, (at[:n] - centre).mean()))
            except np.linalg.LinAlgError:
                return np.inf, np.zeros_like(at)
            return value, gradient[:-1]

        low, high = np.repeat(np.array(LIMITS), [n, len(SCALES), 1], axis=0).T
        at = _logs(self.start)
        at[n:] += np.log((values * self.factor.solve(values)).sum() / values.size)  # the likeliest scale
        at = np.clip(at, low, high)
        with blas_threads(1):
            value, gradient = evaluated(at)
            step = self._step(at, gradient, low, high)
            lengths = (np.clip(at + step / 4**shorter, low, high) for shorter in range(_TRIED))
            at = next((new for new in lengths if evaluated(new)[0] < value), at)
        return _kernel(at, n)

    def _step(self, at: FloatArray, gradient: FloatArray, low: FloatArray, high: FloatArray) -> FloatArray:
        """Return a Newton step of the parameters that do not leave their limits."""
        free = ~(((at <= low) & (gradient > 0)) | ((at >= high) & (gradient < 0)))
        step = np.zeros_like(at)
        step[free] = np.linalg.solve(self.curvature[np.ix_(free, free)], -gradient[free])
        return step * min(1.0, _LONGEST / max(np.abs(step).max(), _LONGEST / 2))


def common_kernel(
    sign: int, masks: BoolArray, functions: Sequence[FloatArray], spread: float
) -> CommonKernel:
    """Learn the kernel of several functions together.

    Parameters
    ----------
    sign : int
        −1 or 1.
    masks : ndarray of bool, shape (p, n)
        One mask of every pair.
    functions : sequence of ndarray of float64, shape (p, K)
        The parts of their values, of unit variance.
    spread : float
        Standard deviation of the log rates around their mean, a priori.
    """
    learned = learn_part_kernel(masks, {sign: np.concatenate(functions, axis=1)}, _ITERATIONS, spread)
    start, n, outputs = reachable(learned), masks.shape[1], functions[0].shape[1]
    some = masks[: int(np.sqrt(_CURVED / (n + len(SCALES) + 1)))]
    curvature = expected_curvature(sign, some, start) * (outputs * len(masks) / len(some))
    curvature[:n, :n] += (np.eye(n) - 1 / n) / spread**2  # of the prior, whose mean is estimated
    curvature[np.diag_indices_from(curvature)] += _RIDGE
    covariance = part_gram(start.product, sign, masks, masks)
    covariance[np.diag_indices_from(covariance)] += start.noise + JITTER
    return CommonKernel(sign, masks, start, factorised(covariance), curvature, spread)


def expected_curvature(sign: int, masks: BoolArray, kernel: PartKernel) -> FloatArray:
    """Return the Fisher information of the log rates, amplitudes and noise, shape (n + 4, n + 4).

    Of a normal density with covariance C it is tr(C⁻¹ ∂C C⁻¹ ∂C) / 2 (Rasmussen & Williams 2006, 5.4.1).

    Parameters
    ----------
    sign : int
        −1 or 1.
    masks : ndarray of bool, shape (p, n)
        One mask of every pair.
    kernel : PartKernel
    """
    (p, n), rates = masks.shape, kernel.product.rates
    near, far = exponentials(masks, masks, rates), exponentials(masks, ~masks, rates)
    weighted = list(zip(kernel.product.amplitudes, SCALES, near, far, strict=True))
    scales = [a * (x + sign * y) for a, _, x, y in weighted]  # derivatives in the log amplitudes
    covariance = np.sum(scales, axis=0)
    covariance[np.diag_indices(p)] += kernel.noise + JITTER
    precision = np.linalg.inv(covariance)
    # With z = ±1, [x_i ≠ y_i] = (1 − z_i z'_i) / 2.
    same = precision @ sum(a * s * (x + sign * y) for a, s, x, y in weighted) / 2
    apart = sum(a * s * (x - sign * y) for a, s, x, y in weighted) / 2
    z = np.where(masks, 1.0, -1.0).T
    by_rate = [-r * (same - (precision * own) @ (apart * own)) for r, own in zip(rates, z, strict=True)]
    others = [precision @ one for one in scales]
    products = np.stack([*by_rate, *others, kernel.noise * precision])  # C⁻¹ ∂C
    left, right = products.reshape(n + 4, -1), products.transpose(0, 2, 1).reshape(n + 4, -1)
    return np.asarray(left @ right.T / 2)


def _logs(kernel: PartKernel) -> FloatArray:
    return np.log(np.concatenate([kernel.product.rates, kernel.product.amplitudes, [kernel.noise]]))


def _kernel(logs: FloatArray, n: int) -> PartKernel:
    rates, amplitudes, (noise,) = np.split(np.exp(logs), [n, n + len(SCALES)])
    return PartKernel(ProductKernel(rates, amplitudes), float(noise))
