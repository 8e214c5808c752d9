"""A fitted function as a polynomial in the features that are removed, with a local search of its maximum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.indices import index_values

if TYPE_CHECKING:
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Polynomial"]


@dataclass(frozen=True, eq=False)
class Polynomial:
    """Σ_i single_i z_i + Σ_T values_T Π_{i∈T} z_i, with z_i = 1 for a feature that is removed.

    Attributes
    ----------
    n : int
    single : ndarray of float64, shape (n,)
    products : ndarray of int, shape (P, d)
        Sets of two or more features; n marks empty slots.
    values : ndarray of float64, shape (P,)
    """

    n: int
    single: FloatArray
    products: IntArray
    values: FloatArray

    @classmethod
    def of_removed(cls, spectrum: Spectrum) -> Polynomial:
        """Return the polynomial of a function without its value at the full mask.

        Its coefficients are the Möbius transform of the function with kept and removed features exchanged.
        """
        n = spectrum.n
        exchanged = spectrum.coefficients * (-1.0) ** spectrum.orders
        products, values = index_values(
            "Moebius", max(spectrum.max_order, 1), n, spectrum.supports, exchanged
        )
        orders = sets.orders_of(products, n)
        single = np.zeros(n)
        if (alone := orders == 1).any():
            single[products[alone, 0]] = values[alone]
        return cls(n, single, products[orders > 1], values[orders > 1])

    @property
    def orders(self) -> IntArray:
        """Number of features of every product, (P,)."""
        return sets.orders_of(self.products, self.n)

    @property
    def size(self) -> float:
        """Sum of the magnitudes of all coefficients."""
        return float(np.abs(self.single).sum() + np.abs(self.values).sum())

    def value(self, removed: BoolArray) -> float:
        """Return the value where the features ``removed`` (n,) are removed."""
        chosen = np.append(removed, True)  # the empty slots
        return float(self.single @ removed + self.values @ chosen[self.products].all(axis=1))

    def bound(self, count: int, *, exact: bool) -> float:
        """Return an upper bound of the value of any ``count`` features, or of at most so many."""
        single = self.single if exact else self.single.clip(min=0)
        possible = self.values[self.orders <= count].clip(min=0)
        return float(np.sort(single)[::-1][:count].sum() + possible.sum())

    def search(self, count: int, *, exact: bool) -> BoolArray:
        """Return a set that no addition, removal or exchange of one feature improves, (n,)."""
        removed = np.zeros(self.n, dtype=bool)
        for _ in range(count):
            gains = np.where(removed, -np.inf, self.gains(removed))
            best = int(gains.argmax())
            if gains[best] <= 0 and not exact:
                break
            removed[best] = True
        return self.improved(removed, count, exact=exact)

    def improved(self, removed: BoolArray, count: int, *, exact: bool) -> BoolArray:
        """Exchange single features as long as that increases the value."""
        best, value = removed, self.value(removed)
        tolerance = 1e-12 * self.size
        while True:
            rivals = [self._exchanged(best, out) for out in np.flatnonzero(best).tolist()]
            if not exact:
                rivals += [np.where(np.arange(self.n) == out, False, best) for out in np.flatnonzero(best)]
                rivals += [self._with_best(best)] if best.sum() < count else []
            if not rivals:
                return best
            rival = max(rivals, key=self.value)
            if self.value(rival) <= value + tolerance:
                return best
            best, value = rival, self.value(rival)

    def gains(self, removed: BoolArray) -> FloatArray:
        """Return what the removal of each further feature adds, (n,); undefined for those removed."""
        missing = ~np.append(removed, True)[self.products]
        rows, places = np.nonzero(missing & (missing.sum(axis=1, keepdims=True) == 1))
        gains: FloatArray = self.single + np.bincount(
            self.products[rows, places], self.values[rows], minlength=self.n
        )
        return gains

    def _exchanged(self, removed: BoolArray, out: int) -> BoolArray:
        """Keep a feature that was removed, and remove the best other one instead."""
        without = np.where(np.arange(self.n) == out, False, removed)
        gains = np.where(removed, -np.inf, self.gains(without))
        return without | (np.arange(self.n) == gains.argmax()) if not removed.all() else removed

    def _with_best(self, removed: BoolArray) -> BoolArray:
        gains = np.where(removed, -np.inf, self.gains(removed))
        return removed | (np.arange(self.n) == gains.argmax())
