"""Values of single features with their standard deviations: Shapley, Banzhaf, and any index of order 1."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.indices import same_single_values
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Semivalues", "SingleValues", "first_order"]

_ROUNDING = 1e-13  # share of the largest value


@dataclass(frozen=True, eq=False)
class SingleValues:
    """Values of single features in an index of order 1, and their standard deviations.

    Attributes
    ----------
    values : ndarray of float64, shape (n,) or (n, K)
        One value for every feature, in the unit of the value function.
    deviations : ndarray of float64, shape (n,) or (n, K)
        Standard deviations of the values, in the same unit: 0 if they are exact, NaN if they are not
        known.
    """

    values: FloatArray
    deviations: FloatArray

    @classmethod
    def read(cls, supports: IntArray, values: FloatArray, n: int) -> SingleValues:
        """Select the single features from the sets (U, d) of an index with values (U,) or (U, K).

        Returns
        -------
        SingleValues
            With deviations of NaN.
        """
        found = first_order(supports, values, n)
        return cls(found, found).without_deviations()

    def replacing(self, supports: IntArray, values: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
        """Return the sets (U, d) of an index with these values of single features in place of theirs.

        Parameters
        ----------
        supports : ndarray of int, shape (U, d)
            Distinct sets.
        values : ndarray of float64, shape (U,) or (U, K)
            Their values in the index.
        n : int
            Number of features.

        Returns
        -------
        supports : ndarray of int, shape (U', d')
            In canonical order; features whose values are rounding errors are not listed.
        values : ndarray of float64, shape (U',) or (U', K)
        """
        size = np.abs(self.values.reshape(n, -1)).max(axis=1)
        listed = np.flatnonzero(size > _ROUNDING * size.max(initial=0.0))
        others = sets.orders_of(supports, n) != 1
        rows = sets.combine([supports[others], sets.singletons(n)[listed]], n)
        return sets.merge(rows, np.concatenate([values[others], self.values[listed]]), n)

    def adding_up(self, masks: BoolArray, values: FloatArray) -> SingleValues:
        """Return Shapley values that add up to f(x) − f(∅), if samples tell it.

        What they lack is shared by all features with a value (Ruiz et al. 1998).

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
        values : ndarray of float64, shape (m, K)
            Values of the function at the masks.

        Returns
        -------
        SingleValues
            The same values if the empty or the full mask is not among the samples.
        """
        kept, valued = masks.sum(axis=1), self.values.any(axis=1)
        full, empty = (values[kept == size] for size in (masks.shape[1], 0))
        if not (len(full) and len(empty) and valued.any()):
            return self
        lacking = (full[0] - empty[0] - self.values.sum(axis=0)) / valued.sum()
        return SingleValues(self.values + np.multiply.outer(valued, lacking), self.deviations)

    def without_deviations(self) -> SingleValues:
        """Return the values with deviations of NaN.

        Returns
        -------
        SingleValues
        """
        return SingleValues(self.values, np.full_like(self.deviations, np.nan))

    def output(self, columns: int | IntArray) -> SingleValues:
        """Return the values of one of K outputs, or of several.

        Parameters
        ----------
        columns : int or ndarray of int, shape (K',)

        Returns
        -------
        SingleValues
            Arrays of shape (n,), or (n, K').
        """
        return SingleValues(self.values[:, columns], self.deviations[:, columns])

    def scaled(self, factor: FloatArray) -> SingleValues:
        """Return the values and deviations times a factor.

        Parameters
        ----------
        factor : ndarray of float64, shape (K,)

        Returns
        -------
        SingleValues
        """
        return SingleValues(self.values * factor, self.deviations * np.abs(factor))

    def placed(self, at: IntArray, n: int) -> SingleValues:
        """Return the values of more features, of which the added ones have no effect.

        Parameters
        ----------
        at : ndarray of int
            Numbers of the present features among all.
        n : int
            Number of all features.

        Returns
        -------
        SingleValues
            0, with deviations of 0, for the other features.
        """
        return SingleValues(_placed(self.values, at, n), _placed(self.deviations, at, n))


@dataclass(frozen=True, eq=False)
class Semivalues:
    """Shapley and Banzhaf values that were estimated directly, not from a sparse spectrum.

    Attributes
    ----------
    shapley, banzhaf : SingleValues
    """

    shapley: SingleValues
    banzhaf: SingleValues

    def of(self, index: str) -> SingleValues | None:
        """Return the values of an index at order 1, None if they are neither Shapley nor Banzhaf values."""
        if same_single_values(index, "SV"):
            return self.shapley
        return self.banzhaf if same_single_values(index, "BV") else None

    def output(self, columns: int | IntArray) -> Semivalues:
        """Return the values of one of K outputs, or of several."""
        return Semivalues(self.shapley.output(columns), self.banzhaf.output(columns))

    def scaled(self, factor: FloatArray) -> Semivalues:
        """Return the values and deviations times ``factor`` (K,)."""
        return Semivalues(self.shapley.scaled(factor), self.banzhaf.scaled(factor))

    def placed(self, at: IntArray, n: int) -> Semivalues:
        """Return the values of n features, of which those not in ``at`` have no effect."""
        return Semivalues(self.shapley.placed(at, n), self.banzhaf.placed(at, n))


def first_order(supports: IntArray, values: FloatArray, n: int) -> FloatArray:
    """Return the values (U,) or (U, K) of the sets of one feature as an array over all n, 0 elsewhere."""
    single = sets.orders_of(supports, n) == 1
    if not single.any():
        return np.zeros((n, *values.shape[1:]))
    return _placed(values[single], supports[single, 0], n)


def _placed(values: FloatArray, at: IntArray, n: int) -> FloatArray:
    out = np.zeros((n, *values.shape[1:]))
    out[at] = values
    return out
