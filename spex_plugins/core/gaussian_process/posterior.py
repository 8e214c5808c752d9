"""What a Gaussian process knows after the samples, small enough to be kept with a result.

How sure it is of an index does not depend on the answers; what it expects does. The matrix of the samples
is not kept but made anew for deviations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.indices import convert
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.basis.spectrum import Spectrum, checked_masks
from spex_plugins.core.gaussian_process.cholesky import factorised
from spex_plugins.core.gaussian_process.conditioning import noise_of
from spex_plugins.core.gaussian_process.mask_kernel import MaskKernel
from spex_plugins.core.gaussian_process.posterior_index import index_deviations, index_means
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Posterior", "Uncertainty"]

_MOST_SETS = 5000  # that are read where all of them could be
_BLOCK = 1 << 22  # entries of a matrix between masks that are held at once


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """How sure a Gaussian process is.

    Attributes
    ----------
    kernel : MaskKernel
    noise : float
        Variance of what the kernel cannot explain, of values with unit variance.
    packed : ndarray of uint8, shape (m, ceil(n / 8))
        The masks of the samples, by `numpy.packbits`.
    scale : ndarray of float64, shape () or (K,)
        What deviations of values with unit variance must be multiplied by.
    """

    kernel: MaskKernel
    noise: float
    packed: np.ndarray
    scale: FloatArray

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
        return np.multiply.outer(found, self.scale)

    def output(self, columns: int | IntArray) -> Uncertainty:
        """Return what is known of one of K outputs, or of several."""
        return replace(self, scale=self.scale[columns])

    def rescaled(self, scaling: Scaling) -> Uncertainty:
        """Return what is known of the values of which these are scaled ones."""
        return replace(self, scale=self.scale * scaling.factor)

    def placed(self, at: IntArray, n: int) -> Uncertainty:
        """Place the features at ``at`` among n; the others have no effect."""
        masks = np.zeros((len(self.packed), n), dtype=bool)
        masks[:, at] = self.masks
        return replace(self, kernel=self.kernel.placed(at, n), packed=np.packbits(masks, axis=1))


@dataclass(frozen=True, eq=False)
class Posterior(Uncertainty):
    """What a Gaussian process expects: a function of masks, and every index of it in closed form.

    Attributes
    ----------
    weights : ndarray of float64, shape (m,) or (m, K)
        The function at x is constant + k(x, masks) @ weights.
    constant : ndarray of float64, shape () or (K,)
    """

    weights: FloatArray
    constant: FloatArray

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the expected values at masks (l, n), shape (l,) or (l, K)."""
        masks = checked_masks(masks, self.kernel.n)
        out = np.empty((len(masks), *self.weights.shape[1:]))
        known = self.masks
        step = max(1, _BLOCK // len(known))
        for start in range(0, len(masks), step):
            block = slice(start, start + step)
            out[block] = self.kernel.gram(masks[block], known) @ self.weights
        return out + self.constant

    def convert(self, index: str, order: int, leading: Spectrum) -> tuple[IntArray, FloatArray]:
        """Read the function in an index, as `spex_plugins.core.basis.indices.convert` reads a spectrum.

        All sets of up to ``order`` features are read where they are few, else those that the ``leading``
        Fourier coefficients touch.
        """
        n = self.kernel.n
        orders = range(min(order, n) + 1)
        if sum(comb(n, size) for size in orders) <= _MOST_SETS:
            supports = sets.combine([sets.all_of_order(n, size) for size in orders], n)
        else:
            supports, _ = convert(leading, index, order)
        values = index_means(self.kernel, self.masks, self.weights, supports, index, order)
        values[sets.orders_of(supports, n) == 0] += self.constant
        return supports, values

    def rescaled(self, scaling: Scaling) -> Posterior:
        """Return the function of the values of which these are scaled ones."""
        return replace(
            self,
            scale=self.scale * scaling.factor,
            weights=self.weights * scaling.factor,
            constant=self.constant * scaling.factor + scaling.centre,
        )

    def output(self, columns: int | IntArray) -> Posterior:
        """Return what is known of one of K outputs, or of several."""
        return replace(
            self,
            scale=self.scale[columns],
            weights=self.weights[:, columns],
            constant=self.constant[columns],
        )
