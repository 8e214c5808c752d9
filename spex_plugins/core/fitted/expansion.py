"""Expansions of a function, among them Σ_j k(·, x_j) w_j, the posterior mean of a Gaussian process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from spex_plugins.core.basis.characters import project
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.sized_process.index import expansion_index, index_covariance, most_nodes
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Expansion", "KernelExpansion"]

_BLOCK = 1 << 22  # entries of a matrix between masks in memory at the same time


class Expansion(Protocol):
    """A function of K outputs."""

    @property
    def n_outputs(self) -> int:
        """K."""
        ...

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the function at masks (l, n), shape (l, K)."""
        ...

    def index(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return an index of sets (U, d), shape (U, K)."""
        ...

    def output(self, columns: IntArray) -> Expansion:
        """Return some outputs, ``columns`` of shape (K',)."""
        ...

    def scaled(self, factor: FloatArray) -> Expansion:
        """Return the function times ``factor`` (K,) or ()."""
        ...


@dataclass(frozen=True, eq=False)
class KernelExpansion:
    """The function Σ_j k(·, x_j) w_j of K outputs.

    Attributes
    ----------
    kernel : SizedKernel
    masks : ndarray of bool, shape (m, n)
        x_j.
    weights : ndarray of float64, shape (m, K)
        w_j.
    """

    kernel: SizedKernel
    masks: BoolArray
    weights: FloatArray

    @property
    def n_outputs(self) -> int:
        """K."""
        return int(self.weights.shape[1])

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
        if index == "Fourier" and not self.kernel.tilts.any():  # k = Σ_S p_S χ_S(x) χ_S(y)
            product = ProductKernel(self.kernel.rates, self.kernel.amplitudes)
            return product.prior_variances(supports)[:, None] * project(self.masks, supports, self.weights)
        out = np.empty((len(supports), self.weights.shape[1]))
        one = self.weights.shape[1] == 1  # of several outputs, the covariances are the fewer numbers
        step = max(1, _BLOCK // (most_nodes(self.kernel, supports, index, order) if one else len(self.masks)))
        for start in range(0, len(supports), step):
            block = slice(start, start + step)
            about = (supports[block], index, order)
            if one:
                out[block, 0] = expansion_index(self.kernel, self.masks, self.weights[:, 0], *about)
            else:
                out[block] = index_covariance(self.kernel, self.masks, *about).T @ self.weights
        return out

    def output(self, columns: IntArray) -> KernelExpansion:
        """Return some outputs, ``columns`` of shape (K',)."""
        return replace(self, weights=self.weights[:, columns])

    def scaled(self, factor: FloatArray) -> KernelExpansion:
        """Return the function times ``factor`` (K,) or ()."""
        return replace(self, weights=self.weights * factor)
