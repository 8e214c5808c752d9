"""Prior of a function of masks: a product kernel, and characters with separate variances.

In a product kernel, variances are products over features: the coefficient of a pair is likely to be large if
those of both features are. Some coefficients are larger, such as that of the two words of an idiom. Their
characters are added individually,

    k(x, y) = k_product(x, y) + Σ_S v_S χ_S(x) χ_S(y)

so that the variance of the coefficient F(S) increases by v_S, and every index keeps its closed form.
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
        v_S, for functions with unit variance.
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
        """Return the kernel with further characters; variances of equal ones are added."""
        rows = sets.combine([self.supports, supports], self.n)
        return MaskKernel(self.product, *sets.merge(rows, np.append(self.variances, variances), self.n))

    def placed(self, at: IntArray, n: int) -> MaskKernel:
        """Return the kernel on n features, of which those not in ``at`` have no effect."""
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
        asked = merged[:, 1] > 0  # the number of the requested row, if there is one
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
