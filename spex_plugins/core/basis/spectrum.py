"""A sparse Fourier (Walsh–Hadamard) spectrum: a function of masks with few terms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import evaluate
from spex_plugins.core.basis.indices import checked_order, index_values
from spex_plugins.core.basis.scaling import Scaling
from spex_plugins.core.basis.single_values import SingleValues
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Spectrum", "checked_masks", "norms"]


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
        F(S), one column for each of K outputs that share the supports; (T,) for a scalar function.
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
        """Build a spectrum from rows in any order; coefficients of equal rows are added."""
        supports, coefficients = sets.merge(supports, np.asarray(coefficients, dtype=np.float64), n)
        return cls(n, supports, np.array(coefficients))

    @classmethod
    def from_dict(cls, n: int, terms: Mapping[tuple[int, ...], Any]) -> Spectrum:
        """Build a spectrum from ``{(0, 3): 0.5, (): 1.0}``; values may be numbers or length-K arrays.

        Raises
        ------
        InputError
            If a feature lies outside 0..n − 1 or occurs twice in one term.
        """
        for term in terms:
            integers = all(isinstance(i, int | np.integer) for i in term)
            if not integers or len(set(term)) < len(term) or any(not 0 <= i < n for i in term):
                raise InputError(
                    f"terms: {term} is not a set of features; use distinct integers from 0 to {n - 1}."
                )
        values = np.array(list(terms.values()), dtype=np.float64)
        return cls.from_terms(n, sets.from_sets(terms, n), values)

    @classmethod
    def zero(cls, n: int, shape: tuple[int, ...] = ()) -> Spectrum:
        """Return the zero function; ``shape`` is () or (K,)."""
        return cls(n, np.empty((0, 0), dtype=np.int32), np.zeros((0, *shape)))

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
        """Evaluate the function at masks (m, n); returns (m,) or (m, K)."""
        return evaluate(checked_masks(masks, self.n), self.supports, self.coefficients)

    @property
    def spectrum(self) -> Spectrum:
        """The spectrum itself: the function has no other terms."""
        return self

    def convert(self, index: str, order: int | None = None) -> tuple[IntArray, FloatArray]:
        """Read the spectrum in an index.

        Parameters
        ----------
        index : str
            ``"Fourier"`` or a key of `INDICES`.
        order : int, optional
            The order ℓ of the index: sets of up to ℓ features receive a value. Without it, the largest order
            of the spectrum.

        Returns
        -------
        supports : ndarray of int, shape (U, d)
            The sets that receive a value, canonical order, the empty set among them where it has one.
        values : ndarray of float64, shape (U,) or (U, K)

        Raises
        ------
        InputError
            If the index is unknown or the order does not exist for it.
        """
        order = checked_order(index, order) or max(self.max_order, 1)
        if index == "Fourier":
            kept = self.truncate(order)
            return kept.supports, kept.coefficients
        return index_values(index, order, self.n, self.supports, self.coefficients)

    def single_values(self, index: str) -> SingleValues:
        """Return the values of single features in an index of order 1; their deviations are NaN."""
        return SingleValues.read(*self.convert(index, 1), self.n)

    def deviations(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return NaN for all sets (U, d), shape (U,) or (U, K): a spectrum has no deviations."""
        return np.full((len(supports), *self.output_shape), np.nan)

    def energy(self) -> FloatArray:
        """F(S)² of every term, summed over outputs, shape (T,)."""
        return (self.coefficients**2).sum(axis=tuple(range(1, self.coefficients.ndim)))

    def variance(self) -> FloatArray:
        """Variance over uniformly random masks, Σ_{S≠∅} F(S)² (Parseval), shape () or (K,)."""
        return (self.coefficients[self.orders > 0] ** 2).sum(axis=0)

    def top(self, k: int) -> Spectrum:
        """Keep the k terms with most energy (the constant, when present, counts as a term)."""
        return self._select(np.sort(np.argsort(-norms(self.coefficients), kind="stable")[:k]))

    def truncate(self, max_order: int) -> Spectrum:
        """Keep the terms of up to max_order features: the best approximation of that order in mean square."""
        return self._select(np.flatnonzero(self.orders <= max_order))

    def output(self, columns: int | IntArray) -> Spectrum:
        """Return one of K outputs as a scalar spectrum, or several."""
        if not self.output_shape:
            raise InputError(
                f"output: this spectrum has one scalar output, so output({columns}) does not exist."
            )
        return replace(self, coefficients=self.coefficients[:, columns])

    def rescaled(self, scaling: Scaling) -> Spectrum:
        """Return centre + factor · f, output by output, of a spectrum with K outputs."""
        constant = Spectrum.from_terms(self.n, np.empty((1, 0), dtype=np.int32), scaling.centre[None])
        return replace(self, coefficients=self.coefficients * scaling.factor) + constant

    def placed(self, at: IntArray, n: int) -> Spectrum:
        """Place the features at ``at``, ascending, among n; the others have no effect."""
        return Spectrum(n, np.append(at, n).astype(np.int32)[self.supports], self.coefficients)

    def as_dict(self) -> dict[tuple[int, ...], Any]:
        """Return ``{S: F(S)}`` with tuples of features as keys."""
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
            raise InputError(
                f"Spectra can only be added when n and outputs agree: {(self.n, self.output_shape)} "
                f"and {(other.n, other.output_shape)}."
            )
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


def norms(values: FloatArray) -> FloatArray:
    """Return the root sum of squares over outputs of values (T,) or (T, K), shape (T,); none overflows."""
    largest = np.abs(values).max(initial=0.0) or 1.0
    return largest * np.sqrt(((values / largest) ** 2).sum(axis=tuple(range(1, values.ndim))))


def checked_masks(masks: BoolArray, n: int) -> BoolArray:
    """Return masks (m, n) as bool, or raise InputError."""
    masks = np.asarray(masks)
    if masks.ndim != 2 or masks.shape[1] != n:
        raise InputError(f"masks must have shape (m, {n}), got {masks.shape}; for one mask pass mask[None].")
    return masks.astype(bool, copy=False)
