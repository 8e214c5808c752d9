"""A sum of kernels at masks, Σ_j k(·, x_j) w_j: the mean of a Gaussian process, and its indices."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.characters import project
from spex_plugins.core.mask_kernel import MaskKernel
from spex_plugins.core.posterior_index import index_means
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["KernelExpansion"]

_BLOCK = 1 << 22  # entries of a matrix between masks that are held at once


@dataclass(frozen=True, eq=False)
class KernelExpansion:
    """The function Σ_j k(·, x_j) w_j of K outputs.

    Attributes
    ----------
    kernel : MaskKernel
    masks : ndarray of bool, shape (m, n)
        x_j.
    weights : ndarray of float64, shape (m, K)
        w_j.
    """

    kernel: MaskKernel
    masks: BoolArray
    weights: FloatArray

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the function at masks (l, n), shape (l, K)."""
        out = np.empty((len(masks), self.weights.shape[1]))
        step = max(1, _BLOCK // len(self.masks))
        for start in range(0, len(masks), step):
            block = slice(start, start + step)
            out[block] = self.kernel.gram(masks[block], self.masks) @ self.weights
        return out

    def index(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return an index of sets (U, d), shape (U, K)."""
        if index == "Fourier":  # k = Σ_S p_S χ_S(x) χ_S(y)
            sums = project(self.masks, supports, self.weights)
            return self.kernel.prior_variances(supports)[:, None] * sums
        return index_means(self.kernel, self.masks, self.weights, supports, index, order)

    def with_weights(self, weights: FloatArray) -> KernelExpansion:
        """Return the function with other weights."""
        return replace(self, weights=weights)
