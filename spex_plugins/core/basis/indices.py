"""Interaction indices of a sparse Fourier spectrum, each given by one table of weights.

Every index here is linear, symmetric and 0 for dummy features. The value of T is therefore
I(T) = Σ_{S ⊇ T} w(|S|, |T|) F(S): a single table of weights per index, and a term of order s only
contributes to its subsets of the required sizes. A character χ_S has the Möbius transform
a(R) = (−2)^{|R|} for R ⊆ S, so with the textbook form I(T) = Σ_{R ⊇ T} c(|R|, |T|) a(R) the weights are
w(s, t) = Σ_{r=t}^{s} C(s − t, r − t) (−2)^r c(r, t). They are computed in exact rational arithmetic: the
alternating sum loses every digit in floating point from orders of about 25.

Sources: Grabisch et al. 2000 (BII, SII), Sundararajan et al. 2020 (STII), Tsai et al. 2023 (FSII, FBII),
Lundberg et al. 2020 and Bord & von Luxburg 2023 (k-SII, called n-Shapley values there).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from math import comb

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.errors import InputError
from spex_plugins.types import FloatArray, IntArray

__all__ = ["INDICES", "Index", "checked_order", "index_values", "index_weight", "same_single_values"]

_ROUNDING = 1e-13

_Weight = Callable[[int, int, int], Fraction]


@dataclass(frozen=True)
class Index:
    """One interaction index.

    Attributes
    ----------
    symbol : str
        Short name, as in ``interactions.index("FSII")``.
    name : str
        The name in the literature.
    source : str
        Publication that defines it.
    efficient : bool
        Whether the values of orders 1..ℓ add up to f(all features) − f(no features).
    fixed_order : int or None
        The only order the index has (1 for values of single features), or None.
    moebius_weight : callable (r, t, ℓ) -> Fraction
        c(r, t): weight of the Möbius coefficient of a set of order r in its subsets of order t.
    """

    symbol: str
    name: str
    source: str
    efficient: bool
    fixed_order: int | None
    moebius_weight: _Weight


@lru_cache(maxsize=64)
def _bernoulli(k: int) -> Fraction:
    if k == 0:
        return Fraction(1)
    return -sum((comb(k + 1, j) * _bernoulli(j) for j in range(k)), Fraction(0)) / (k + 1)


def _moebius(r: int, t: int, order: int) -> Fraction:
    return Fraction(r == t)


def _shapley(r: int, t: int, order: int) -> Fraction:
    return Fraction(1, r) if t else Fraction(r == 0)


def _bii(r: int, t: int, order: int) -> Fraction:
    return Fraction(1, 2 ** (r - t))


def _sii(r: int, t: int, order: int) -> Fraction:
    return Fraction(1, r - t + 1)


def _k_sii(r: int, t: int, order: int) -> Fraction:
    if t == 0:
        return Fraction(r == 0)
    terms = (comb(r - t, j) * _bernoulli(j) / (r - t - j + 1) for j in range(min(order, r) - t + 1))
    return sum(terms, Fraction(0))


def _stii(r: int, t: int, order: int) -> Fraction:
    if t < order or t == 0:
        return Fraction(r == t)
    return Fraction(1, comb(r, order))


def _faith_shapley(r: int, t: int, order: int) -> Fraction:
    if r <= order or t == 0:
        return Fraction(r == t)
    share = Fraction(t * comb(order, t) * comb(r - 1, order), (order + t) * comb(r + order - 1, order + t))
    return (-1) ** (order - t) * share


def _faith_banzhaf(r: int, t: int, order: int) -> Fraction:
    if r <= order:
        return Fraction(r == t)
    return Fraction((-1) ** (order - t) * comb(r - t - 1, order - t), 2 ** (r - t))


_TABLE = (
    Index("Moebius", "Möbius transform (Harsanyi dividends)", "Harsanyi 1963", True, None, _moebius),
    Index("SV", "Shapley value", "Shapley 1953", True, 1, _shapley),
    Index("BV", "Banzhaf value", "Banzhaf 1965", False, 1, _bii),
    Index("SII", "Shapley interaction index", "Grabisch & Roubens 1999", False, None, _sii),
    Index("BII", "Banzhaf interaction index", "Grabisch & Roubens 1999", False, None, _bii),
    Index("k-SII", "k-Shapley values", "Lundberg 2020; Bordt & von Luxburg 2023", True, None, _k_sii),
    Index("STII", "Shapley–Taylor interaction index", "Sundararajan et al. 2020", True, None, _stii),
    Index("FSII", "faithful Shapley interaction index", "Tsai et al. 2023", True, None, _faith_shapley),
    Index("FBII", "faithful Banzhaf interaction index", "Tsai et al. 2023", False, None, _faith_banzhaf),
)
INDICES: dict[str, Index] = {index.symbol: index for index in _TABLE}
"""Every index by its symbol; ``"Fourier"``, the spectrum itself, is accepted in addition."""


@lru_cache(maxsize=4096)
def index_weight(index: str, order: int, s: int, t: int) -> Fraction:
    """Return w(s, t): the weight of F(S), |S| = s, in each subset of S of size t."""
    if index == "Fourier":
        return Fraction(s == t)
    c = INDICES[index].moebius_weight
    terms = (comb(s - t, r - t) * (-2) ** r * c(r, t, order) for r in range(t, s + 1))
    return sum(terms, Fraction(0))


def index_values(
    index: str, order: int, n: int, supports: IntArray, coefficients: FloatArray
) -> tuple[IntArray, FloatArray]:
    """Compute the values of an index from Fourier coefficients.

    Parameters
    ----------
    index : str
        A key of `INDICES`.
    order : int
        The order ℓ of the index: sets of up to ℓ features receive a value.
    n : int
        Number of features.
    supports : ndarray of int, shape (T, d)
        Distinct sets S.
    coefficients : ndarray of float64, shape (T,) or (T, K)
        F(S).

    Returns
    -------
    supports : ndarray of int, shape (U, d')
        The sets that receive a value, in canonical order; the empty set is among them if it has a value.
    values : ndarray of float64, shape (U,) or (U, K)
    """
    rows: list[IntArray] = []
    values: list[FloatArray] = []
    orders = sets.orders_of(supports, n)
    for s in np.unique(orders).tolist():
        of_order = orders == s
        terms, of_terms = supports[of_order, :s], coefficients[of_order]
        for t in range(min(s, order) + 1):
            weight = float(index_weight(index, order, s, t))
            if weight:
                parts = sets.subsets(terms, t)
                each = parts.shape[1]
                # Merged size by size: a dense spectrum has far more (set, subset) pairs than sets.
                part = parts.reshape(len(terms) * each, t)
                part, shares = sets.merge(part, np.repeat(weight * of_terms, each, axis=0), n)
                rows.append(part)
                values.append(shares)
    if not rows:
        return np.empty((0, 0), dtype=np.int32), np.zeros((0, *coefficients.shape[1:]))
    found, merged_values = sets.merge(sets.combine(rows, n), np.concatenate(values), n)
    magnitude = np.abs(merged_values)
    # Cancellation leaves rounding errors relative to the interactions; a constant may be far larger.
    largest = magnitude[sets.orders_of(found, n) > 0].max(axis=0, initial=0.0)
    present = magnitude > _ROUNDING * largest
    kept = present.any(axis=tuple(range(1, present.ndim)))
    return found[kept], merged_values[kept]


def checked_order(index: str, order: int | None) -> int | None:
    """Return the order as an int, 1 if the index has no other, None if it is free; or raise InputError."""
    if not isinstance(index, str) or (index != "Fourier" and index not in INDICES):
        raise InputError(f"index: {index!r} is unknown; choose one of {['Fourier', *INDICES]}.")
    fixed = None if index == "Fourier" else INDICES[index].fixed_order
    integer = isinstance(order, int | np.integer) and not isinstance(order, bool)
    if order is not None and (not integer or order < 1 or (fixed is not None and order != fixed)):
        allowed = f"only order {fixed}" if fixed else "orders from 1"
        raise InputError(f"order: {index} has {allowed}, got {order!r}.")
    if fixed is not None:
        return fixed
    return None if order is None else int(order)


def same_single_values(index: str, other: str) -> bool:
    """Return whether two indices of order 1 have the same values of single features."""
    one, two = INDICES[index].moebius_weight, INDICES[other].moebius_weight
    return all(one(r, 1, 1) == two(r, 1, 1) for r in range(1, 9))
