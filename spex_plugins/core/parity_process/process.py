"""The odd or the even part of a function, conditioned on pairs of complements."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spex_plugins.core.kernels.cholesky import Factor, factorised
from spex_plugins.core.parity_process.gram import inner_masks, part_gram, part_noise
from spex_plugins.core.parity_process.index import PartDoubt
from spex_plugins.core.parity_process.likelihood import PartKernel, learn_part_kernel
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["PartProcess", "fit_part"]

_FIRST = 200  # number of pairs with which the search for the parameters starts
_LEARNED = 350  # largest number of pairs with which it ends
_ITERATIONS = (15, 8)


@dataclass(frozen=True, eq=False)
class PartProcess:
    """The posterior of one part of K functions.

    Attributes
    ----------
    sign : int
        −1 for the odd part, 1 for the even one.
    kernel : PartKernel
    masks : ndarray of bool, shape (p, n)
        One mask of every pair.
    factor : Factor
        Factor of the covariance matrix of the parts of the values, with noise.
    weights : ndarray of float64, shape (p, K)
        Its inverse times the parts of the values.
    spread : ndarray of float64, shape (K,)
        The unit of the kernel.
    """

    sign: int
    kernel: PartKernel
    masks: BoolArray
    factor: Factor
    weights: FloatArray
    spread: FloatArray

    @cached_property
    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Errors of every pair without it (Rasmussen & Williams 2006, section 5.4.2).

        Returns
        -------
        errors : ndarray of float64, shape (p, K)
            Part of the values minus its prediction.
        deviations : ndarray of float64, shape (p, K)
            Expected by the kernel.
        """
        none = np.empty(0, dtype=np.intp)
        precision = self.factor.precisions(none, none)[0][:, None]
        return self.weights / precision, self.spread / np.sqrt(precision)

    def variances(self, masks: BoolArray) -> FloatArray:
        """Return the expected squared errors at other masks (l, n), divided by spread², (l,)."""
        product, n = self.kernel.product, masks.shape[1]
        whole = product.gram(np.zeros((1, n), dtype=bool), np.array([[False] * n, [True] * n]))[0]
        with_samples = part_gram(product, self.sign, self.masks, masks)
        known = (with_samples * self.factor.solve(with_samples)).sum(axis=0)
        return whole[0] + self.sign * whole[1] + self.kernel.noise - known

    def doubt(self, scale: FloatArray) -> PartDoubt:
        """Return the uncertainty of indices, times ``scale`` (K,)."""
        return PartDoubt(self.kernel, self.sign, self.masks, scale)

    def expansion(self) -> tuple[SizedKernel, BoolArray, FloatArray]:
        """Return kernel, masks and weights of the posterior mean."""
        product = self.kernel.product
        kernel = SizedKernel(product.rates, product.amplitudes, np.zeros_like(product.amplitudes))
        weights = np.concatenate([self.weights, self.sign * self.weights]) * np.sqrt(0.5)
        return kernel, np.concatenate([self.masks, ~self.masks]), weights

    @property
    def residuals(self) -> FloatArray:
        """Part of the values minus the posterior mean, shape (p, K)."""
        return part_noise(self.kernel.noise, self.masks)[:, None] * self.weights


def fit_part(sign: int, masks: BoolArray, values: FloatArray, rng: np.random.Generator) -> PartProcess:
    """Learn the kernel of one part and condition it on all pairs.

    Parameters
    ----------
    sign : int
        −1 or 1.
    masks : ndarray of bool, shape (p, n)
        One mask of every pair; the end points may be among them.
    values : ndarray of float64, shape (p, K)
        (f(x) ± f(x̄)) / √2, around a mean of 0 but for the end points.
    rng : numpy Generator
    """
    inner = inner_masks(masks)
    spread = values[inner].std(axis=0) if inner.any() else np.zeros(values.shape[1])
    spread = np.where(spread > 0, spread, 1.0)
    scaled = values / spread
    rows = rng.permutation(np.flatnonzero(inner))
    kernel = None
    for count, iterations in zip((_FIRST, _LEARNED), _ITERATIONS, strict=True):
        chosen = rows[:count]
        if kernel is None or len(chosen) > _FIRST:
            kernel = learn_part_kernel(masks[chosen], {sign: scaled[chosen]}, iterations, kernel)
    assert kernel is not None
    matrix = part_gram(kernel.product, sign, masks, masks)
    matrix[np.diag_indices_from(matrix)] += part_noise(kernel.noise, masks)
    factor = factorised(matrix)
    return PartProcess(sign, kernel, masks, factor, factor.solve(scaled) * spread, spread)
