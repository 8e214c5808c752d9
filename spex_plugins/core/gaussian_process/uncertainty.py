"""The posterior deviations of a Gaussian process in a form small enough to be stored with a result.

They do not depend on the values of the samples. The Gram matrix of these is not stored: it is computed again
where deviations are asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.gaussian_process.conditioning import noise_of
from spex_plugins.core.gaussian_process.error_growth import ErrorGrowth
from spex_plugins.core.gaussian_process.posterior_index import index_deviations
from spex_plugins.core.kernels.cholesky import factorised
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Uncertainty"]


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Posterior standard deviations of every index, by the masks of the samples and the kernel.

    Attributes
    ----------
    kernel : MaskKernel
    noise : float
        Variance of what the kernel cannot explain, of values with unit variance.
    packed : ndarray of uint8, shape (m, ceil(n / 8))
        The masks of the samples, by `numpy.packbits`.
    scale : ndarray of float64, shape () or (K,)
        Factor of the deviations, which are those of values with unit variance.
    growth : ErrorGrowth, optional
        Further factors, by how an index weighs masks far from the samples.
    """

    kernel: MaskKernel
    noise: float
    packed: np.ndarray
    scale: FloatArray
    growth: ErrorGrowth | None = None

    @property
    def masks(self) -> BoolArray:
        """The masks of the samples, shape (m, n)."""
        return np.unpackbits(self.packed, axis=1, count=self.kernel.n).astype(bool)

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return the standard deviations of an index at distinct sets (U, d), shape (U,) or (U, K)."""
        masks = self.masks
        gram = self.kernel.gram(masks, masks)
        gram[np.diag_indices_from(gram)] += noise_of(self.noise, masks)
        found = index_deviations(self.kernel, masks, factorised(gram).solve, supports, index, order)
        if self.growth is not None:
            found = found * self.growth.factors(orders_of(supports, self.kernel.n), index, order)
        return np.multiply.outer(found, self.scale)

    def output(self, columns: int | IntArray) -> Self:
        """Return the deviations of one of K outputs, or of several."""
        return replace(self, scale=self.scale[columns])

    def rescaled(self, scaling: Scaling) -> Self:
        """Return the deviations of the values of which these are scaled ones."""
        return replace(self, scale=self.scale * np.abs(scaling.factor))

    def placed(self, at: IntArray, n: int) -> Self:
        """Place the features at ``at`` among n; the others have no effect."""
        masks = np.zeros((len(self.packed), n), dtype=bool)
        masks[:, at] = self.masks
        return replace(self, kernel=self.kernel.placed(at, n), packed=np.packbits(masks, axis=1))
