"""Posterior of a function, with an amplitude that depends on the size, given any samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.gaussian_process.mask_weights import mask_weight_table, mask_weights, squared_weights
from spex_plugins.core.kernels.cholesky import Factor, factorised
from spex_plugins.core.kernels.end_variance import end_variance
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.sized_process.index import index_covariance, index_variance
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.core.sized_process.likelihood import JITTER, learn_sized_kernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["WholeProcess", "WholeUncertainty", "fit_whole"]

_LEARNED = 400  # largest number of masks for learning the kernel


@dataclass(frozen=True, eq=False)
class WholeProcess:
    """The posterior of K functions; the attributes are those of `PartProcess`, of masks instead of pairs."""

    kernel: SizedKernel
    noise: float
    ends: float
    masks: BoolArray
    factor: Factor
    weights: FloatArray
    spread: FloatArray

    @cached_property
    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Errors of every mask without it and its complement (Rasmussen & Williams 2006, section 5.4.2).

        The complement would reveal it: for an odd function, one is minus the other.

        Returns
        -------
        errors, deviations : ndarray of float64, shape (m, K)
            Value minus prediction, and its standard deviation under the kernel.
        """
        variance = self._blocks[-1]
        return self.left_out_with(self.weights), self.spread * np.sqrt(variance)

    @cached_property
    def _blocks(self) -> tuple[IntArray, IntArray, FloatArray, FloatArray]:
        """Complements, what one of them tells of the other, (m, 1), and the variance without both, (m, 1)."""
        first, second = complements(self.masks)
        own, together = self.factor.precisions(first, second)
        # 2 × 2 blocks of complements; samples without a complement have none.
        shared, other_own = np.zeros(len(own)), np.ones(len(own))
        shared[first] = shared[second] = together
        other_own[first], other_own[second] = own[second], own[first]
        variance = (other_own / (own * other_own - shared**2))[:, None]
        return first, second, (shared / other_own)[:, None], variance

    def left_out_with(self, weights: FloatArray) -> FloatArray:
        """Return such errors where the weights (m, K) are those of other values."""
        first, second, ratio, variance = self._blocks
        others = np.zeros_like(weights)
        others[first], others[second] = weights[second], weights[first]
        errors: FloatArray = variance * (weights - ratio * others)
        return errors

    @property
    def sign(self) -> int:
        """0: of neither the odd nor the even part alone."""
        return 0

    @property
    def smooth(self) -> MaskKernel:
        """The kernel of functions with unit variance at masks of half of the features."""
        product = ProductKernel(self.kernel.rates, self.kernel.amplitudes)
        return MaskKernel(product, np.empty((0, 0), dtype=np.int32), np.empty(0))

    def residuals(self, weights: FloatArray) -> FloatArray:
        """Return values minus the posterior mean, of weights (m, K)."""
        return _noise(self.noise, self.masks, self.ends)[:, None] * weights

    def variances(self, masks: BoolArray) -> FloatArray:
        """Return the expected squared errors at other masks (l, n), divided by spread², (l,)."""
        with_samples = self.kernel.gram(self.masks, masks)
        known = (with_samples * self.factor.solve(with_samples)).sum(axis=0)
        return self.kernel.variances(masks) + self.noise - known

    def uncertainty(self, scale: FloatArray) -> WholeUncertainty:
        """Return the uncertainty of indices, times ``scale`` (K,)."""
        return WholeUncertainty(self.kernel, self.noise, self.masks, scale, ends=self.ends)

    def expansion(self, weights: FloatArray) -> tuple[SizedKernel, BoolArray, FloatArray]:
        """Return kernel, masks and weights of the posterior mean with weights (m, K)."""
        return self.kernel, self.masks, weights


def fit_whole(masks: BoolArray, values: FloatArray, rng: np.random.Generator) -> WholeProcess:
    """Learn the kernel from a part of the masks (m, n) and condition on all; values (m, K) with mean 0."""
    kept = masks.sum(axis=1)
    inner = (kept > 0) & (kept < masks.shape[1])
    spread = values[inner].std(axis=0) if inner.any() else np.zeros(values.shape[1])
    spread = np.where(spread > 0, spread, 1.0)
    scaled = values / spread
    rows = rng.permutation(np.flatnonzero(inner))[:_LEARNED]
    kernel, noise = learn_sized_kernel(masks[rows], scaled[rows])
    covariance = kernel.gram(masks, masks)

    def given(ends: float) -> WholeProcess:
        matrix = covariance.copy()
        matrix[np.diag_indices_from(matrix)] += _noise(noise, masks, ends)
        factor = factorised(matrix)
        return WholeProcess(kernel, noise, ends, masks, factor, factor.solve(scaled) * spread, spread)

    process = given(0.0)
    ends = end_variance(process.factor, process.weights / spread, np.flatnonzero(~inner))
    return given(ends) if ends else process


@dataclass(frozen=True, eq=False)
class WholeUncertainty:
    """Uncertainty of the indices of a process; a share ``rough`` of the unexplained is the function's."""

    kernel: SizedKernel
    noise: float
    masks: BoolArray
    scale: FloatArray
    rough: float = 1.0
    ends: float = 0.0

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the posterior deviations of an index at sets (U, d), shape (U, K)."""
        matrix = self.kernel.gram(self.masks, self.masks)
        matrix[np.diag_indices_from(matrix)] += _noise(self.noise, self.masks, self.ends)
        return self.known_deviations(factorised(matrix), supports, index, order)

    def known_deviations(self, factor: Factor, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the same, given the factor of the samples' covariance matrix."""
        n, noise = self.masks.shape[1], _noise(self.rough * self.noise, self.masks, self.ends)
        covariance = index_covariance(self.kernel, self.masks, supports, index, order)
        covariance += noise[:, None] * mask_weights(self.masks, supports, index, order)
        known = (covariance * factor.solve(covariance)).sum(axis=0)
        prior = index_variance(self.kernel, supports, index, order)
        sizes = sets.orders_of(supports, n)
        for size in np.unique(sizes).tolist():
            prior[sizes == size] += _rough_variance(n, size, index, order, self.rough * self.noise, self.ends)
        return np.multiply.outer(np.sqrt(np.maximum(prior - known, 0.0)), self.scale)

    def scaled(self, factor: FloatArray) -> WholeUncertainty:
        """Return the deviations of the values times ``factor``."""
        return replace(self, scale=self.scale * np.abs(factor))

    def of_outputs(self, columns: IntArray) -> WholeUncertainty:
        """Return the deviations of some outputs."""
        return replace(self, scale=self.scale[columns])

    def with_noise(self, share: float) -> WholeUncertainty:
        """Return the deviations where a share of what the kernel does not explain is noise of the values."""
        return replace(self, rough=self.rough * (1 - share))


def _rough_variance(n: int, size: int, index: str, order: int, noise: float, of_ends: float) -> float:
    """Return the variance of Σ w_T(S) ε_S over all masks, for sets T of a size."""
    ends = mask_weight_table(index, order, size, n)[[0, n], [0, size]]
    inner = sum(squared_weights(index, order, size, n, sign) for sign in (-1, 1))
    return (JITTER + of_ends) * float(ends @ ends) + (JITTER + noise) * inner


def _noise(noise: float, masks: BoolArray, ends: float) -> FloatArray:
    kept = masks.sum(axis=1)
    return np.where((kept > 0) & (kept < masks.shape[1]), noise, ends) + JITTER
