"""The posterior of a Gaussian process, in a compact form that is stored with a result.

The standard deviations of an index do not depend on the values of the samples; its mean does. The Gram matrix
of the samples is not stored: it is computed again when deviations are requested.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import Self

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.indices import checked_order
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.basis.single_values import Semivalues, SingleValues
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.conditioning import noise_of
from spex_plugins.core.gaussian_process.posterior_index import index_deviations, index_means
from spex_plugins.core.kernels.cholesky import factorised
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Posterior", "Uncertainty"]

_MOST_SETS = 5000  # sets that are computed if all of them could be
_BLOCK = 1 << 22  # entries of a matrix between masks in memory at the same time


@dataclass(frozen=True, eq=False)
class Uncertainty:
    """Posterior standard deviations of every index, from the masks of the samples and the kernel.

    Attributes
    ----------
    kernel : MaskKernel
    noise : float
        Variance of the part of values with unit variance that the kernel does not explain.
    packed : ndarray of uint8, shape (m, ceil(n / 8))
        The masks of the samples, packed by `numpy.packbits`.
    scale : ndarray of float64, shape () or (K,)
        Factor of the deviations, which are those of values with unit variance.
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

    def output(self, columns: int | IntArray) -> Self:
        """Return the deviations of one of K outputs, or of several."""
        return replace(self, scale=self.scale[columns])

    def rescaled(self, scaling: Scaling) -> Self:
        """Return the deviations of the values before scaling."""
        return replace(self, scale=self.scale * scaling.factor)

    def placed(self, at: IntArray, n: int) -> Self:
        """Return the function of n features, of which those not in ``at`` have no effect."""
        masks = np.zeros((len(self.packed), n), dtype=bool)
        masks[:, at] = self.masks
        return replace(self, kernel=self.kernel.placed(at, n), packed=np.packbits(masks, axis=1))


@dataclass(frozen=True, eq=False)
class Posterior(Uncertainty):
    """The posterior mean of a Gaussian process, a function of masks, and every index of it in closed form.

    Attributes
    ----------
    weights : ndarray of float64, shape (m,) or (m, K)
        The function at x is constant + k(x, masks) @ weights.
    constant : ndarray of float64, shape () or (K,)
    spectrum : Spectrum
        The Fourier coefficients with the largest energy.
    semivalues : Semivalues
        Shapley and Banzhaf values with their deviations, computed when the process was fitted.
    """

    weights: FloatArray
    constant: FloatArray
    spectrum: Spectrum
    semivalues: Semivalues

    @property
    def n(self) -> int:
        """Number of features."""
        return self.kernel.n

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar function, (K,) for K outputs."""
        return self.weights.shape[1:]

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the posterior mean at masks (l, n), shape (l,) or (l, K)."""
        masks = checked_masks(masks, self.kernel.n)
        out = np.empty((len(masks), *self.weights.shape[1:]))
        known = self.masks
        step = max(1, _BLOCK // len(known))
        for start in range(0, len(masks), step):
            block = slice(start, start + step)
            out[block] = self.kernel.gram(masks[block], known) @ self.weights
        return out + self.constant

    def convert(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the values of an index, as `Spectrum.convert` does.

        All sets of up to ``order`` features have a value if they are few, else those that the leading Fourier
        coefficients contribute to.
        """
        n, order = self.n, checked_order(index, order) or order
        orders = range(min(order, n) + 1)
        if sum(comb(n, size) for size in orders) <= _MOST_SETS:
            supports = sets.combine([sets.all_of_order(n, size) for size in orders], n)
        else:
            supports, _ = self.spectrum.convert(index, order)
        values = index_means(self.kernel, self.masks, self.weights, supports, index, order)
        values[sets.orders_of(supports, n) == 0] += self.constant
        return supports, values

    def single_values(self, index: str) -> SingleValues:
        """Return the values of single features in an index of order 1.

        Indices with neither the Shapley nor the Banzhaf value at order 1 come without deviations.
        """
        known = self.semivalues.of(index)
        return known or SingleValues.read(*self.convert(index, 1), self.n)

    def output(self, columns: int | IntArray) -> Self:
        """Return the function of one of K outputs, or of several."""
        return replace(
            super().output(columns),
            weights=self.weights[:, columns],
            constant=self.constant[columns],
            spectrum=self.spectrum.output(columns),
            semivalues=self.semivalues.output(columns),
        )

    def rescaled(self, scaling: Scaling) -> Self:
        """Return the function of the values before scaling."""
        return replace(
            super().rescaled(scaling),
            weights=self.weights * scaling.factor,
            constant=self.constant * scaling.factor + scaling.centre,
            spectrum=self.spectrum.rescaled(scaling),
            semivalues=self.semivalues.scaled(scaling.factor),
        )

    def placed(self, at: IntArray, n: int) -> Self:
        """Return the function of n features, of which those not in ``at`` have no effect."""
        return replace(
            super().placed(at, n),
            spectrum=self.spectrum.placed(at, n),
            semivalues=self.semivalues.placed(at, n),
        )
