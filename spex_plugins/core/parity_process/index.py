"""Indices of the odd or the even part of a function, and their uncertainty.

As a linear functional of the 2^n values, an index is a weighted sum of the parts (f(x) ± f(x̄)) / √2 of all
pairs. The part of a value that the kernel does not explain, its "noise", belongs to the function: its index
is a sum over all pairs, of which the evaluated ones are known. In noisy values, a share does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.gaussian_process.mask_weights import mask_weight_table, mask_weights, squared_weights
from spex_plugins.core.gaussian_process.posterior_index import index_covariance
from spex_plugins.core.gaussian_process.quadrature import index_quadrature
from spex_plugins.core.kernels.cholesky import Factor, factorised
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.parity_process.gram import part_gram, part_noise
from spex_plugins.core.parity_process.likelihood import JITTER, PartKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["PartUncertainty", "part_index_variances"]

_ROOT = np.sqrt(0.5)


@dataclass(frozen=True, eq=False)
class PartUncertainty:
    """Uncertainty of one part of K functions, see `part_index_variances`.

    Attributes
    ----------
    kernel : PartKernel
    sign : int
    masks : ndarray of bool, shape (p, n)
    scale : ndarray of float64, shape (K,)
        Factor of the deviations, which are those of functions with unit variance.
    rough : float
        Share of the variance that the kernel does not explain which belongs to the functions.
    """

    kernel: PartKernel
    sign: int
    masks: BoolArray
    scale: FloatArray
    rough: float = 1.0

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the posterior deviations of an index at sets (U, d), shape (U, K)."""
        matrix = part_gram(self.kernel.product, self.sign, self.masks, self.masks)
        matrix[np.diag_indices_from(matrix)] += part_noise(self.kernel.noise, self.masks, self.kernel.ends)
        return self.known_deviations(factorised(matrix), supports, index, order)

    def known_deviations(self, factor: Factor, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the same, given the factor of the samples' covariance matrix."""
        asked = supports, index, order
        found = part_index_variances(self.kernel, self.sign, self.masks, factor, *asked, self.rough)
        return np.multiply.outer(np.sqrt(found), self.scale)

    def scaled(self, factor: FloatArray) -> PartUncertainty:
        """Return the deviations of the values times ``factor``."""
        return replace(self, scale=self.scale * np.abs(factor))

    def of_outputs(self, columns: IntArray) -> PartUncertainty:
        """Return the deviations of some outputs."""
        return replace(self, scale=self.scale[columns])

    def with_noise(self, share: float) -> PartUncertainty:
        """Return the deviations where a share of what the kernel does not explain is noise of the values."""
        return replace(self, rough=self.rough * (1 - share))


def part_index_variances(
    kernel: PartKernel,
    sign: int,
    masks: BoolArray,
    factor: Factor,
    supports: IntArray,
    index: str,
    order: int,
    rough: float = 1.0,
) -> FloatArray:
    """Return the posterior variances of an index of one part, of functions with unit variance, shape (U,).

    Parameters
    ----------
    kernel : PartKernel
    sign : int
        −1 or 1.
    masks : ndarray of bool, shape (p, n)
        One mask of every evaluated pair.
    factor : Factor
        Factor of the covariance matrix of the parts of their values, with noise.
    supports : ndarray of int, shape (U, d)
    index, order
        As in `spex_plugins.core.basis.indices.convert`.
    rough : float
        Share of the kernel's noise that belongs to the functions, 0 to 1; the rest is of the values only.
    """
    n = masks.shape[1]
    smooth = MaskKernel(kernel.product, np.empty((0, 0), dtype=np.int32), np.empty(0))
    covariance = index_covariance(smooth, masks, supports, index, order)[0]
    covariance += sign * index_covariance(smooth, ~masks, supports, index, order)[0]
    noise = part_noise(rough * kernel.noise, masks, kernel.ends)
    own = mask_weights(masks, supports, index, order) + sign * mask_weights(~masks, supports, index, order)
    covariance += noise[:, None] * own
    covariance *= _ROOT
    known = (covariance * factor.solve(covariance)).sum(axis=0)
    prior = np.empty(len(supports))
    sizes = sets.orders_of(supports, n)
    for size in np.unique(sizes).tolist():
        rows = supports[sizes == size, :size]
        unexplained = _rough_variance(n, size, index, order, sign, rough * kernel.noise, kernel.ends)
        prior[sizes == size] = unexplained + _prior_variance(kernel.product, rows, index, order, sign)
    return np.maximum(prior - known, 0.0)


def _prior_variance(product: ProductKernel, rows: IntArray, index: str, order: int, sign: int) -> FloatArray:
    """Return the prior variance of the odd or even terms of an index at every row (U, t), shape (U,)."""
    n, size = len(product.rates), rows.shape[1]
    nodes, _, squared = index_quadrature(index, order, size, n)
    out = np.zeros(len(rows))
    for amplitude, e in zip(product.amplitudes, product.correlations, strict=True):
        for u, share in ((nodes, 0.5), (-nodes, 0.5 * sign * (-1) ** size)):  # Σ_S z^|S| at z and at −z
            factors = ((1 + e) + u[:, None] * (1 - e)) / 2
            polynomial = np.exp(np.log(factors).sum(axis=1)) * (share * amplitude * squared)  # (P,)
            out += polynomial @ ((1 - e) / 2 / factors)[:, rows].prod(axis=2)
    return out


def _rough_variance(
    n: int, size: int, index: str, order: int, sign: int, noise: float, of_ends: float
) -> float:
    """Return the variance of Σ w ε over all pairs, for sets of a size.

    w = (w_T(x) ± w_T(x̄)) / √2, and ε is the part that the kernel does not explain.
    """
    ends = mask_weight_table(index, order, size, n)[[0, n], [0, size]]
    known = (JITTER + of_ends) * float(ends[1] + sign * ends[0]) ** 2 / 2
    return known + (JITTER + noise) * squared_weights(index, order, size, n, sign)
