"""A fitted function as a polynomial in the features that are chosen, with a local search of its maximum."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis import feature_sets as sets

if TYPE_CHECKING:
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Polynomial"]


@dataclass(frozen=True, eq=False)
class Polynomial:
    """constant + Σ_i single_i z_i + Σ_T values_T Π_{i∈T} z_i, with z_i = 1 for a feature that is chosen.

    Attributes
    ----------
    n : int
    constant : float
    single : ndarray of float64, shape (n,)
    products : ndarray of int, shape (P, d)
        Sets of two or more features; n marks empty slots.
    values : ndarray of float64, shape (P,)
    """

    n: int
    constant: float
    single: FloatArray
    products: IntArray
    values: FloatArray

    @classmethod
    def of(cls, spectrum: Spectrum) -> Polynomial:
        """Return a function of one output, by its Möbius transform."""
        supports, values = spectrum.convert("Moebius")
        orders = sets.orders_of(supports, spectrum.n)
        single = np.zeros(spectrum.n)
        single[supports[orders == 1, :1].ravel()] = values[orders == 1]
        several = orders > 1
        return cls(spectrum.n, float(values[orders == 0].sum()), single, supports[several], values[several])

    @property
    def orders(self) -> IntArray:
        """Number of features of every product, (P,)."""
        return sets.orders_of(self.products, self.n)

    @property
    def coefficients(self) -> FloatArray:
        """Coefficients of the features and of the products, (n + P,)."""
        return np.concatenate([self.single, self.values])

    @property
    def size(self) -> float:
        """Sum of the magnitudes of all coefficients without the constant."""
        return float(np.abs(self.coefficients).sum())

    def with_products(self, rows: BoolArray | IntArray) -> Polynomial:
        """Return the polynomial with some of the products only."""
        return replace(self, products=self.products[rows], values=self.values[rows])

    def value(self, chosen: BoolArray) -> float:
        """Return the value where the features ``chosen`` (n,) are chosen."""
        inside = np.append(chosen, True)  # the empty slots
        products = self.values @ inside[self.products].all(axis=1)
        return self.constant + float(self.single @ chosen + products)

    def bound(self, count: int, *, exact: bool) -> float:
        """Return an upper bound of the value of any ``count`` features, or of at most so many."""
        single = self.single if exact else self.single.clip(min=0)
        return self.constant + float(np.sort(single)[::-1][:count].sum()) + self.largest_products(count)

    def largest_products(self, count: int) -> float:
        """Return an upper bound of the sum of the products: C(count, t) of t features are met at most."""
        orders, total = self.orders, 0.0
        for order in np.unique(orders[orders <= count]).tolist():
            gains = np.sort(self.values[orders == order].clip(min=0))[::-1]
            total += float(gains[: comb(count, order)].sum())
        return total

    def search(self, count: int, *, exact: bool) -> BoolArray:
        """Return ``count`` features, or at most so many, that no change of one or two features improves."""
        chosen = np.zeros(self.n, dtype=bool)
        for _ in range(count):
            gains = np.where(chosen, -np.inf, self.gains(chosen)[: self.n])
            best = int(gains.argmax())
            if gains[best] <= 0 and not exact:
                break
            chosen[best] = True
        return self.improved(chosen, count, exact=exact)

    def search_value(self, least: float) -> BoolArray | None:
        """Return few features with a value of ``least`` or more; None if none were found."""
        grown = np.zeros(self.n, dtype=bool)
        while self.value(grown) < least and not grown.all():
            grown[np.where(grown, -np.inf, self.gains(grown)[: self.n]).argmax()] = True
            grown = self.improved(grown, int(grown.sum()), exact=True)
        starts = [one for one in (grown, np.ones(self.n, dtype=bool)) if self.value(one) >= least]
        return min((self._reduced(one, least) for one in starts), key=np.sum, default=None)

    def improved(self, chosen: BoolArray, count: int, *, exact: bool) -> BoolArray:
        """Exchange, and unless ``exact`` add or leave out, single features as long as the value increases."""
        best, value = chosen, self.value(chosen)
        tolerance = 1e-12 * self.size
        while True:
            leaving = np.append(best, not exact and best.sum() < count)
            entering = np.append(~best, not exact)
            changes = np.where(np.outer(leaving, entering), self._changes(best), -np.inf)
            out, into = np.unravel_index(changes.argmax(), changes.shape)
            rival = np.append(best, False)
            rival[[out, into]] = False, True
            rival = rival[: self.n]
            if not changes[out, into] > tolerance or self.value(rival) <= value:
                return best
            best, value = rival, self.value(rival)

    def gains(self, chosen: BoolArray) -> FloatArray:
        """Return what each further feature adds, (n + 1,); the last place stands for no feature."""
        rows, entering = self._nearly(chosen)
        return np.append(self.single, 0.0) + np.bincount(entering, self.values[rows], minlength=self.n + 1)

    def _losses(self, chosen: BoolArray) -> FloatArray:
        """Return what each chosen feature contributes, (n + 1,); the last place stands for no feature."""
        met = np.append(chosen, True)[self.products].all(axis=1)
        members = self.products[met]
        shares = np.repeat(self.values[met], members.shape[1])
        losses: FloatArray = np.append(self.single, 0.0)
        losses += np.bincount(members.ravel(), shares, minlength=self.n + 1)
        losses[self.n] = 0.0
        return losses

    def _changes(self, chosen: BoolArray) -> FloatArray:
        """Return what an exchange of a chosen feature (row) for another one (column) adds."""
        width = self.n + 1
        rows, entering = self._nearly(chosen)
        # A product that lacks one feature is not completed by it if another of its features is given up.
        members = self.products[rows] * width + entering[:, None]
        shares = np.repeat(self.values[rows], members.shape[1])
        lost = np.bincount(members.ravel(), shares, minlength=width**2).reshape(width, width)
        lost[self.n] = 0.0
        changes: FloatArray = self.gains(chosen) - self._losses(chosen)[:, None] - lost
        return changes

    def _nearly(self, chosen: BoolArray) -> tuple[IntArray, IntArray]:
        """Return the products of which one feature is missing, and that feature."""
        missing = ~np.append(chosen, True)[self.products]
        rows, places = np.nonzero(missing & (missing.sum(axis=1, keepdims=True) == 1))
        return rows, self.products[rows, places]

    def _reduced(self, chosen: BoolArray, least: float) -> BoolArray:
        """Leave out the features that contribute least as long as the value stays at ``least`` or more."""
        while chosen.any():
            fewer = chosen.copy()
            fewer[np.where(chosen, self._losses(chosen)[: self.n], np.inf).argmin()] = False
            if self.value(fewer) < least:
                break
            chosen = fewer
        return chosen
