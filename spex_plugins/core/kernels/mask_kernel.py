"""The prior of a function of masks: a product kernel, and single characters that have variances of their own.

A product kernel spreads its variance smoothly: a pair is likely where both its features are. Real functions
have spikes besides, such as the two words of an idiom. Their characters are added one by one,

    k(x, y) = k_product(x, y) + Σ_S v_S χ_S(x) χ_S(y)

so that the coefficient F(S) gets the variance v_S on top, and every reading keeps its closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MaskKernel", "character_gram"]


@dataclass(frozen=True, eq=False)
class MaskKernel:
    """A product kernel and characters.

    Attributes
    ----------
    product : ProductKernel
    supports : ndarray of int32, shape (T, d)
        Distinct sets S.
    variances : ndarray of float64, shape (T,)
        v_S, of functions with unit variance.
    """

    product: ProductKernel
    supports: IntArray
    variances: FloatArray

    @property
    def n(self) -> int:
        """Number of features."""
        return len(self.product.rates)

    def gram(self, a: BoolArray, b: BoolArray) -> FloatArray:
        """Return k between masks a (m, n) and b (l, n), shape (m, l)."""
        out = self.product.gram(a, b)
        out += character_gram(self.supports, self.variances, a, b)
        return out

    def characters(self, masks: BoolArray) -> FloatArray:
        """Return χ_S of the characters, shape (T, m)."""
        return _signs(masks, self.supports)

    def extended(self, supports: IntArray, variances: FloatArray) -> MaskKernel:
        """Return the kernel with more characters; variances of equal ones add up."""
        rows = sets.combine([self.supports, supports], self.n)
        return MaskKernel(self.product, *sets.merge(rows, np.append(self.variances, variances), self.n))

    def placed(self, at: IntArray, n: int) -> MaskKernel:
        """Place the features at ``at`` among n; the others have no effect."""
        rates = np.zeros(n)
        rates[at] = self.product.rates
        supports = np.append(at, n).astype(np.int32)[self.supports]
        product = ProductKernel(rates, self.product.amplitudes)
        return MaskKernel(product, *sets.merge(supports, self.variances, n))

    def prior_variances(self, supports: IntArray) -> FloatArray:
        """Return the prior variance of the Fourier coefficients F(S) of distinct sets, shape (T,)."""
        own = np.concatenate([np.zeros(len(supports)), self.variances])
        number = np.concatenate([np.arange(len(supports)) + 1, np.zeros(len(self.supports), dtype=np.intp)])
        rows = sets.combine([supports, self.supports], self.n)
        _, merged = sets.merge(rows, np.column_stack([own, number]), self.n)
        asked = merged[:, 1] > 0  # the number of the row that was asked about, where there is one
        out = self.product.prior_variances(supports)
        out[merged[asked, 1].astype(np.intp) - 1] += merged[asked, 0]
        return out


def character_gram(supports: IntArray, variances: FloatArray, a: BoolArray, b: BoolArray) -> FloatArray:
    """Return Σ_S v_S χ_S(x) χ_S(y) between masks a (m, n) and b (l, n), shape (m, l)."""
    left = _signs(a, supports)
    right = left if a is b else _signs(b, supports)
    return (left.T * variances) @ right


def _signs(masks: BoolArray, supports: IntArray) -> FloatArray:
    return characters(pack(masks), supports, len(masks)).astype(np.float64)
