"""Sets of features as integer arrays.

A *support array* has shape (T, d): row r lists the features of the r-th set in ascending order, and the
number n itself (one past the last feature) marks the empty slots at its end. No array is dense
over the n features.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import combinations
from math import comb, prod
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.types import FloatArray, IntArray

__all__ = [
    "all_of_order",
    "check_sets",
    "checked_places",
    "checked_terms",
    "combine",
    "count",
    "from_sets",
    "looked_up",
    "merge",
    "orders_of",
    "singletons",
    "sort_order",
    "subsets",
    "terms_of",
    "to_sets",
]


def check_sets(argument: str, sets: Iterable[tuple[int, ...]], n: int) -> None:
    """Raise an error about an argument whose sets do not hold distinct numbers of features."""
    for one in sets:
        integers = all(isinstance(i, int | np.integer) for i in one)
        if not integers or len(set(one)) < len(one) or any(not 0 <= i < n for i in one):
            raise InputError(
                f"{argument}: {one} is not a set of features; use distinct integers from 0 to {n - 1}."
            )


def terms_of(argument: str, given: Any, n: int) -> tuple[IntArray, FloatArray]:
    """Return supports (T, d) and values (T,) or (T, K) of a mapping of feature sets to numbers."""
    count("n", n, meaning="the number of features")
    if not isinstance(given, Mapping) or not all(isinstance(one, Iterable) for one in given):
        raise InputError(
            f"{argument}: must be a dict of sets of features to numbers, such as {{(0, 3): 0.5}}, got "
            f"{given!r:.80}."
        )
    check_sets(argument, given, n)
    try:
        values = np.array(list(given.values()), dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(
            f"{argument}: the values must be numbers, or as many numbers for each set, got {given!r:.80}."
        ) from None
    return from_sets(given, n), values


def count(name: str, value: Any, least: int = 0, meaning: str = "") -> int:
    """Return an integer that is at least ``least``."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        told = f" ({meaning})" if meaning else ""
        raise InputError(f"{name}: must be an integer ≥ {least}{told}, got {value!r:.80}.")
    return int(value)


def checked_terms(n: Any, supports: Any, coefficients: Any) -> tuple[IntArray, FloatArray]:
    """Return a support array (T, d), the features of every set in order, and coefficients (T,) or (T, K)."""
    count("n", n, meaning="the number of features")
    given = np.asarray(supports)
    if given.ndim != 2 or (given.dtype.kind not in "iu" and given.size):
        raise InputError(
            f"supports: must be integers of shape (T, d), a set in each row with {n} in empty slots, got "
            f"{supports!r:.80}."
        )
    rows = np.sort(given, axis=1).astype(np.int32, copy=False)
    twice = (rows[:, 1:] == rows[:, :-1]) & (rows[:, 1:] < n)
    wrong = ((given < 0) | (given > n)).any(axis=1) | twice.any(axis=1)
    if wrong.any():
        raise InputError(
            f"supports: {given[wrong][0].tolist()} is not a set of features; use distinct integers from 0 to "
            f"{n - 1}, and {n} in empty slots."
        )
    try:
        values = np.asarray(coefficients, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"coefficients: must be numbers, got {coefficients!r:.80}.") from None
    if values.ndim not in (1, 2) or len(values) != len(rows):
        raise InputError(
            f"coefficients: expected {len(rows)}, one for each set, got an array of shape {values.shape}."
        )
    return rows, values


def checked_places(at: Any, features: int, n: Any) -> IntArray:
    """Return the numbers of so many features among n."""
    count("n", n, meaning="the number of features")
    places = np.asarray(at)
    integers = places.shape == (features,) and (places.dtype.kind in "iu" or not features)
    if not integers or (features and (places[0] < 0 or places[-1] >= n or (np.diff(places) <= 0).any())):
        raise InputError(
            f"at: must be {features} different integers from 0 to {n - 1}, ascending, got {at!r:.80}."
        )
    return places


def from_sets(sets: Iterable[Iterable[int]], n: int) -> IntArray:
    """Convert an iterable of feature sets to a support array of shape (T, d)."""
    rows = [sorted(s) for s in sets]
    width = max((len(row) for row in rows), default=0)
    out = np.full((len(rows), width), n, dtype=np.int32)
    for row, features in zip(out, rows, strict=True):
        row[: len(features)] = features
    return out


def to_sets(supports: IntArray, n: int) -> list[tuple[int, ...]]:
    """Convert a support array to a list of tuples."""
    sizes = orders_of(supports, n).tolist()
    return [tuple(row[:size]) for row, size in zip(supports.tolist(), sizes, strict=True)]


def orders_of(supports: IntArray, n: int) -> IntArray:
    """Return the number of features in every row, shape (T,)."""
    return (supports < n).sum(axis=1)


def singletons(n: int) -> IntArray:
    """Return all sets of one feature, shape (n, 1)."""
    return np.arange(n, dtype=np.int32)[:, None]


def all_of_order(n: int, order: int) -> IntArray:
    """Return all sets of one order, shape (C(n, order), order), in lexicographic order."""
    rows = np.empty((1, 0), dtype=np.int32)
    last = np.array([-1], dtype=np.int32)
    for _ in range(order):  # append to every row each feature after its last one
        counts = n - 1 - last
        ends = np.cumsum(counts)
        steps = np.arange(counts.sum(), dtype=np.int32) - np.repeat(ends - counts, counts).astype(np.int32)
        rows, last = np.repeat(rows, counts, axis=0), np.repeat(last, counts) + 1 + steps
        rows = np.column_stack([rows, last])
    return rows


def combine(parts: Sequence[IntArray], n: int) -> IntArray:
    """Stack support arrays of different widths; rows may repeat."""
    width = max((part.shape[1] for part in parts), default=0)
    padded = [np.pad(part, ((0, 0), (0, width - part.shape[1])), constant_values=n) for part in parts]
    return np.concatenate(padded) if padded else np.empty((0, 0), dtype=np.int32)


def sort_order(supports: IntArray, n: int) -> IntArray:
    """Return the permutation that sorts rows by order, then lexicographically."""
    columns = [supports[:, k] for k in range(supports.shape[1] - 1, -1, -1)]
    return np.lexsort([*columns, orders_of(supports, n)])


def merge(supports: IntArray, values: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
    """Sort the rows and sum the values of equal rows.

    Parameters
    ----------
    supports : ndarray of int, shape (T, d)
    values : ndarray of float, shape (T, ...)
    n : int

    Returns
    -------
    supports : ndarray, shape (U, w)
        Distinct rows in canonical order; w is the largest order present.
    values : ndarray, shape (U, ...)
    """
    if len(supports) == 0:
        return np.empty((0, 0), dtype=np.int32), values
    permutation = sort_order(supports, n)
    supports, values = supports[permutation], values[permutation]
    first = np.ones(len(supports), dtype=bool)
    first[1:] = (supports[1:] != supports[:-1]).any(axis=1)
    starts = np.flatnonzero(first)
    supports = supports[starts]
    width = int(orders_of(supports, n).max(initial=0))
    return np.ascontiguousarray(supports[:, :width], dtype=np.int32), np.add.reduceat(values, starts, axis=0)


def looked_up(supports: IntArray, found: IntArray, values: FloatArray, n: int) -> FloatArray:
    """Return the values (F, …) of sets (F, d') at distinct sets (U, d), 0 for sets without a value."""
    numbers = np.concatenate([np.arange(len(supports)) + 1.0, np.zeros(len(found))])
    flat = values.reshape(len(found), prod(values.shape[1:]))
    table = np.column_stack([numbers, np.concatenate([np.zeros((len(supports), flat.shape[1])), flat])])
    _, merged = merge(combine([supports, found], n), table, n)
    asked = merged[:, 0] > 0
    out = np.empty((len(supports), flat.shape[1]))
    out[merged[asked, 0].astype(np.intp) - 1] = merged[asked, 1:]
    return out.reshape(len(supports), *values.shape[1:])


@lru_cache(maxsize=256)
def _positions(order: int, size: int) -> IntArray:
    return np.array(list(combinations(range(order), size)), dtype=np.intp).reshape(comb(order, size), size)


def subsets(rows: IntArray, size: int) -> IntArray:
    """List all subsets of a size for rows that all have the same order.

    Parameters
    ----------
    rows : ndarray of int, shape (T, s)
        Rows without empty slots.
    size : int

    Returns
    -------
    ndarray of int, shape (T, C(s, size), size)
    """
    return rows[:, _positions(rows.shape[1], size)]
