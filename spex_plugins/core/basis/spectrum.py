"""A sparse Fourier (Walsh–Hadamard) spectrum: a function of masks with few terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import evaluate
from spex_plugins.core.basis.indices import checked_order, index_values
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.core.basis.scaling import Scaling, norms
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Spectrum"]


@dataclass(frozen=True, eq=False)
class Spectrum:
    """The function f(m) = Σ_S F(S) (−1)^{Σ_{i∈S} m_i} on masks m in {0, 1}^n, with few non-zero F(S).

    Build one with `Spectrum.from_terms` or `Spectrum.from_dict`; the constructor expects canonical arrays.

    Attributes
    ----------
    n : int
        Number of features.
    supports : ndarray of int32, shape (T, d)
        The sets S, distinct, sorted by order and then lexicographically; n marks empty slots.
    coefficients : ndarray of float64, shape (T,) or (T, K)
        F(S), one column for each of K outputs that share the supports; (T,) for a scalar function. In the
        unit of the function.

    Raises
    ------
    InputError
        If the numbers of supports and coefficients differ.
    """

    n: int
    supports: IntArray
    coefficients: FloatArray

    def __post_init__(self) -> None:
        if len(self.supports) != len(self.coefficients):
            raise InputError(
                f"supports and coefficients must have the same length, got {len(self.supports)} and "
                f"{len(self.coefficients)}."
            )
        self.supports.setflags(write=False)
        self.coefficients.setflags(write=False)

    @classmethod
    def from_terms(cls, n: int, supports: IntArray, coefficients: FloatArray) -> Spectrum:
        """Build a spectrum from sets in any order; the coefficients of equal sets are added.

        Parameters
        ----------
        n : int
            Number of features.
        supports : ndarray of int, shape (T, d)
            The sets S, one in each row; n marks empty slots.
        coefficients : array_like of float, shape (T,) or (T, K)
            F(S), with one column for each of K outputs.

        Returns
        -------
        Spectrum
            With supports in canonical order.

        Raises
        ------
        InputError
            If a row is no set of features, or the numbers of supports and coefficients differ.
        """
        supports, merged = sets.merge(*sets.checked_terms(n, supports, coefficients), n)
        return cls(int(n), supports, np.array(merged))

    @classmethod
    def from_dict(cls, n: int, terms: Mapping[tuple[int, ...], Any]) -> Spectrum:
        """Build a spectrum from a dictionary such as ``{(0, 3): 0.5, (): 1.0}``.

        Parameters
        ----------
        n : int
            Number of features.
        terms : mapping of tuple of int to float or array_like
            F(S) for each set S of features; numbers, or arrays of shape (K,) for K outputs.

        Returns
        -------
        Spectrum
            With supports in canonical order.

        Raises
        ------
        InputError
            If a feature is not an integer from 0 to n − 1 or occurs twice in a set, or a value is no number.
        """
        return cls.from_terms(n, *sets.terms_of("terms", terms, n))

    @classmethod
    def zero(cls, n: int, shape: tuple[int, ...] = ()) -> Spectrum:  # numpydoc ignore=RS01
        """Return the zero function.

        Parameters
        ----------
        n : int
            Number of features.
        shape : tuple of int, optional
            () for a scalar function, the default, or (K,) for K outputs.

        Returns
        -------
        Spectrum
            Without terms.
        """
        return cls(sets.count("n", n), np.empty((0, 0), dtype=np.int32), np.zeros((0, *shape)))

    @property
    def output_shape(self) -> tuple[int, ...]:
        """() for a scalar function, (K,) for K outputs."""
        return self.coefficients.shape[1:]

    @property
    def orders(self) -> IntArray:
        """Number of features of every term, shape (T,)."""
        return sets.orders_of(self.supports, self.n)

    @property
    def max_order(self) -> int:
        """The largest number of features in a term; 0 for a constant."""
        return self.supports.shape[1]

    def predict(self, masks: BoolArray) -> FloatArray:
        """Evaluate the function.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            True for a feature that is kept.

        Returns
        -------
        ndarray of float64, shape (m,) or (m, K)
            Values at the masks, in the unit of the coefficients.

        Raises
        ------
        InputError
            If the shape of the masks is not (m, n).
        """
        return evaluate(checked_masks(masks, self.n), self.supports, self.coefficients)

    @property
    def spectrum(self) -> Spectrum:
        """The spectrum itself: the function has no other terms."""
        return self

    def convert(self, index: str, order: int | None = None) -> tuple[IntArray, FloatArray]:
        """Return the values of an interaction index.

        Parameters
        ----------
        index : str
            ``"Fourier"`` or a key of `INDICES`.
        order : int, optional
            The order ℓ of the index: sets of up to ℓ features have a value. By default, the largest order of
            the spectrum.

        Returns
        -------
        supports : ndarray of int, shape (U, d)
            The sets that have a value, in canonical order; they include the empty set if it has one.
        values : ndarray of float64, shape (U,) or (U, K)
            Their values, in the unit of the coefficients.

        Raises
        ------
        InputError
            If the index is unknown or not defined for this order.
        """
        order = checked_order(index, order) or max(self.max_order, 1)
        if index == "Fourier":
            kept = self.truncate(order)
            return kept.supports, kept.coefficients
        return index_values(index, order, self.n, self.supports, self.coefficients)

    def lists_all(self, order: int) -> bool:  # numpydoc ignore=RS01
        """Return whether `convert` lists all sets that have a value: there are no terms but these.

        Parameters
        ----------
        order : int
            As in `convert`; not used.

        Returns
        -------
        bool
            True.
        """
        return True

    def single_values(self, index: str) -> SingleValues:
        """Return the values of single features in an index of order 1.

        Parameters
        ----------
        index : str
            ``"Fourier"`` or a key of `INDICES`.

        Returns
        -------
        SingleValues
            Values of shape (n,) or (n, K), in the unit of the coefficients; their deviations are NaN.

        Raises
        ------
        InputError
            If the index is unknown.
        """
        return SingleValues.read(*self.convert(index, 1), self.n)

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:  # numpydoc ignore=RS01
        """Return NaN, as a spectrum has no standard deviations.

        Parameters
        ----------
        supports : ndarray of int, shape (U, d)
            Sets of features.
        index, order : str, int
            Index and its order; not used.

        Returns
        -------
        ndarray of float64, shape (U,) or (U, K)
            NaN for every set.
        """
        return np.full((len(supports), *self.output_shape), np.nan)

    def energy(self) -> FloatArray:
        """Return the energy F(S)² of every term.

        Returns
        -------
        ndarray of float64, shape (T,)
            Sum over the outputs, in the squared unit of the coefficients.
        """
        return (self.coefficients**2).sum(axis=tuple(range(1, self.coefficients.ndim)))

    def variance(self) -> FloatArray:
        """Return the variance over uniformly random masks, Σ_{S≠∅} F(S)² (Parseval).

        Returns
        -------
        ndarray of float64, shape () or (K,)
            In the squared unit of the coefficients.
        """
        return (self.coefficients[self.orders > 0] ** 2).sum(axis=0)

    def top(self, k: int) -> Spectrum:  # numpydoc ignore=RS01
        """Return the k terms of largest energy.

        Parameters
        ----------
        k : int
            Largest number of terms; the constant, if present, counts as one.

        Returns
        -------
        Spectrum
            These terms in canonical order; all of them if there are fewer.
        """
        best = np.argsort(-norms(self.coefficients), kind="stable")[: sets.count("k", k)]
        return self._select(np.sort(best))

    def truncate(self, max_order: int) -> Spectrum:  # numpydoc ignore=RS01
        """Return the terms of up to ``max_order`` features, the best approximation in mean square.

        Parameters
        ----------
        max_order : int
            Largest number of features in a term.

        Returns
        -------
        Spectrum
            These terms in canonical order.
        """
        return self._select(np.flatnonzero(self.orders <= sets.count("max_order", max_order)))

    def output(self, columns: int | IntArray) -> Spectrum:
        """Return the spectrum of one of K outputs, or of several.

        Parameters
        ----------
        columns : int or ndarray of int
            Number of the output, or numbers of several.

        Returns
        -------
        Spectrum
            Scalar for a single number, else with one column for each number.

        Raises
        ------
        InputError
            If the spectrum is scalar.
        IndexError
            If there is no such output.
        """
        if not self.output_shape:
            raise InputError(f"output: there is one scalar output, and no output({columns}).")
        return replace(self, coefficients=self.coefficients[:, columns])

    def rescaled(self, scaling: Scaling) -> Spectrum:  # numpydoc ignore=RS01
        """Return the spectrum of centre + factor · f, of which this function f has K outputs.

        Parameters
        ----------
        scaling : Scaling
            Centre and factor of each output, shape (K,).

        Returns
        -------
        Spectrum
            With K outputs, in the unit of the centre.
        """
        constant = Spectrum.from_terms(self.n, np.empty((1, 0), dtype=np.int32), scaling.centre[None])
        return replace(self, coefficients=self.coefficients * scaling.factor) + constant

    def placed(self, at: IntArray, n: int) -> Spectrum:  # numpydoc ignore=RS01
        """Return the same function of n features, of which the added ones have no effect.

        Parameters
        ----------
        at : ndarray of int, shape (self.n,)
            Numbers of the present features among the n, ascending.
        n : int
            Number of features of the result.

        Returns
        -------
        Spectrum
            With the same coefficients.
        """
        at = sets.checked_places(at, self.n, n)
        return Spectrum(int(n), np.append(at, n).astype(np.int32)[self.supports], self.coefficients)

    def as_dict(self) -> dict[tuple[int, ...], Any]:
        """Return the spectrum as a dictionary.

        Returns
        -------
        dict
            ``{S: F(S)}`` in canonical order; S is a tuple of feature numbers, F(S) a number or a list of K.
        """
        return dict(zip(sets.to_sets(self.supports, self.n), self.coefficients.tolist(), strict=True))

    def _select(self, rows: IntArray) -> Spectrum:
        kept = self.supports[rows]
        width = int(sets.orders_of(kept, self.n).max(initial=0))
        return Spectrum(self.n, kept[:, :width].copy(), self.coefficients[rows])

    def __len__(self) -> int:
        return len(self.supports)

    def __iter__(self) -> Iterator[tuple[tuple[int, ...], Any]]:
        return iter(self.as_dict().items())

    def __add__(self, other: Spectrum) -> Spectrum:
        if not isinstance(other, Spectrum):
            return NotImplemented
        if (other.n, other.output_shape) != (self.n, self.output_shape):
            shapes = f"{(self.n, self.output_shape)} and {(other.n, other.output_shape)}"
            raise InputError(f"Spectra can only be added when n and outputs agree: {shapes}.")
        return Spectrum.from_terms(
            self.n,
            sets.combine([self.supports, other.supports], self.n),
            np.concatenate([self.coefficients, other.coefficients]),
        )

    def __mul__(self, factor: float) -> Spectrum:
        return Spectrum(self.n, self.supports, self.coefficients * float(factor))

    __rmul__ = __mul__

    def __sub__(self, other: Spectrum) -> Spectrum:
        return self + (-1.0) * other

    def __repr__(self) -> str:
        outputs = f", outputs={self.output_shape[0]}" if self.output_shape else ""
        return f"Spectrum(n={self.n}, terms={len(self)}, max_order={self.max_order}{outputs})"
