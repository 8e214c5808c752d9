"""Covariance matrix of samples, complete, or as two halves if every mask has its complement.

See `spex_plugins.core.kernels.sample_likelihood` for why the halves are independent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.kernels.cholesky import Factor, factorised
from spex_plugins.core.kernels.mask_kernel import MaskKernel, character_gram
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["PairedFactor", "SampleCovariance", "sample_covariance"]


class SampleCovariance(Protocol):
    """Covariance of noisy values at masks."""

    def add_characters(self, supports: IntArray, variances: FloatArray) -> None:
        """Add the characters of distinct sets (T, d) with variances (T,)."""
        ...

    def factorised(self, *, keep: bool = False) -> Factor:
        """Factor the matrix, which is overwritten unless it is kept."""
        ...


def sample_covariance(kernel: MaskKernel, noise: FloatArray, masks: BoolArray) -> SampleCovariance:
    """Return the covariance of values at distinct masks (m, n) with noise variances (m,)."""
    first, second = complements(masks)
    if 2 * len(first) == len(masks) and (noise[first] == noise[second]).all():
        one = masks[first]
        same, other = kernel.gram(one, one), kernel.gram(one, ~one)
        even, odd = same + other, np.subtract(same, other, out=same)
        for half in (even, odd):
            half[np.diag_indices_from(half)] += noise[first]
        return _Halves(one, first, second, even, odd)
    matrix = kernel.gram(masks, masks)
    matrix[np.diag_indices_from(matrix)] += noise
    return _Whole(masks, matrix)


@dataclass(frozen=True, eq=False)
class _Whole:
    masks: BoolArray
    matrix: FloatArray

    def add_characters(self, supports: IntArray, variances: FloatArray) -> None:
        self.matrix[:] += character_gram(supports, variances, self.masks, self.masks)

    def factorised(self, *, keep: bool = False) -> Factor:
        return factorised(self.matrix.copy() if keep else self.matrix)


@dataclass(frozen=True, eq=False)
class _Halves:
    masks: BoolArray  # one mask of every pair
    first: IntArray
    second: IntArray
    even: FloatArray
    odd: FloatArray

    def add_characters(self, supports: IntArray, variances: FloatArray) -> None:
        of_odd = orders_of(supports, self.masks.shape[1]) % 2 == 1
        for half, at in ((self.even, ~of_odd), (self.odd, of_odd)):
            half += character_gram(supports[at], 2 * variances[at], self.masks, self.masks)

    def factorised(self, *, keep: bool = False) -> Factor:
        even, odd = (factorised(half.copy() if keep else half) for half in (self.even, self.odd))
        return PairedFactor(self.first, self.second, even, odd)


class PairedFactor:
    """A factor of the matrix of complementary samples, from the factors of its halves.

    Parameters
    ----------
    first, second : ndarray of int, shape (P,)
        Rows of the first and of the second mask of every pair among the m = 2 P samples.
    even, odd : Factor
        Factors of the covariances of the sums of the two values over √2, and of their differences.
    """

    def __init__(self, first: IntArray, second: IntArray, even: Factor, odd: Factor) -> None:
        self._first, self._second = first, second
        self._even, self._odd = even, odd

    def solve(self, right: FloatArray) -> FloatArray:
        """Return C⁻¹ times ``right`` (m, …)."""
        one, two = right[self._first], right[self._second]
        even, odd = self._even.solve((one + two) / 2), self._odd.solve((one - two) / 2)
        out = np.empty(right.shape)
        out[self._first], out[self._second] = even + odd, even - odd
        return out

    def precisions(self, first: IntArray, second: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return the diagonal (m,) of C⁻¹ and its entries at (first, second)."""
        pair, side = np.empty((2, 2 * len(self._first)), dtype=np.intp)
        for number, places in enumerate((self._first, self._second)):
            pair[places], side[places] = np.arange(len(places)), number
        even_own, even = self._even.precisions(pair[first], pair[second])
        odd_own, odd = self._odd.precisions(pair[first], pair[second])
        sign = np.where(side[first] == side[second], 1, -1)
        return ((even_own + odd_own) / 2)[pair], (even + sign * odd) / 2
