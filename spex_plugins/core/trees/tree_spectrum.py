"""The exact Fourier spectrum of an ensemble of decision trees on masks.

A split of a node v on feature i sends masked features to one child and kept ones to the other. Let δ_v be
half the difference of the children's means over uniform masks, and let 1_v(m) be 1 if mask m reaches v, else
0. Then the tree is its mean plus Σ_v δ_v χ_i(m) 1_v(m), a sum of orthogonal functions, and with the d
features P on the path to v, s_j = 1 where j was masked and −1 where it was kept,

    1_v = 2^{-d} Σ_{S⊆P} Π_{j∈S} s_j χ_S.

So a split has 2^d coefficients, all of one magnitude. Splits with the same feature and the same path are
summed first, as ensembles have many of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.types import FloatArray, IntArray

__all__ = ["TreeSpectrum", "Trees", "tree_spectrum"]

_MAX_ROWS = 1 << 22  # terms of one order before equal ones are summed, about 300 MB
_ROUNDING = 1e-13  # relative to the largest coefficient


@dataclass(frozen=True, eq=False)
class Trees:
    """R trees with N nodes altogether; their sum is the ensemble.

    Attributes
    ----------
    roots : ndarray of int, shape (R,)
    features, masked, kept : ndarray of int, shape (N,)
        The feature that a node splits on, −1 at leaves; the child for masks without it, and with it.
    values : ndarray of float64, shape (N,)
        The value of a leaf; ignored elsewhere.
    """

    roots: IntArray
    features: IntArray
    masked: IntArray
    kept: IntArray
    values: FloatArray


@dataclass(frozen=True, eq=False)
class TreeSpectrum:
    """A scalar spectrum, and a bound of the omitted terms of the requested orders.

    Attributes
    ----------
    spectrum : Spectrum
    lost : float
        Upper bound of the root mean square of the omitted terms over uniform masks; 0 if none is omitted.
    """

    spectrum: Spectrum
    lost: float


@dataclass(frozen=True, eq=False)
class _Splits:
    """Splits that d features lead to: (s,) features, (s, d) features and signs of the path, (s,) 2^{-d} δ."""

    features: IntArray
    ways: IntArray
    signs: IntArray
    weights: FloatArray


def tree_spectrum(
    trees: Trees, n: int, max_order: int | None = None, max_rows: int = _MAX_ROWS
) -> TreeSpectrum:
    """Transform an ensemble.

    Parameters
    ----------
    trees : Trees
    n : int
    max_order : int, optional
        Larger sets are omitted; by default none.
    max_rows : int
        Bounds the memory. If the splits have more terms of one order, those with the smallest coefficients
        are omitted, see `TreeSpectrum.lost`.
    """
    mean, levels = _descend(trees)
    levels = [_added_up(level, n) for level in levels]
    supports: list[IntArray] = [np.empty((1, 0), dtype=np.int32)]
    coefficients: list[FloatArray] = [np.array([mean])]
    lost = 0.0
    for order in range(1, min(len(levels), max_order or n) + 1):
        kept, dropped = _largest(levels[order - 1 :], order - 1, max_rows)
        rows, values = _terms(kept, order - 1, n)
        supports.append(rows)
        coefficients.append(values)
        lost += dropped
    found = np.concatenate(coefficients)
    present = np.abs(found) > _ROUNDING * np.abs(found).max()
    present[0] = True
    rows = sets.combine(supports, n)[present]
    return TreeSpectrum(Spectrum.from_terms(n, rows, found[present]), lost)


def _descend(trees: Trees) -> tuple[float, list[_Splits]]:
    """Return the mean of the ensemble and its splits by the number of features on the path to them."""
    at = np.array(trees.roots)
    ways = np.empty((len(at), 0), dtype=np.int32)
    signs = np.empty((len(at), 0), dtype=np.int8)
    steps = []
    while len(at):
        at = _decided(trees, at, ways, signs)
        inner = trees.features[at] >= 0
        steps.append((at, inner, ways[inner], signs[inner]))
        split = at[inner]
        at = np.concatenate([trees.masked[split], trees.kept[split]])
        longer = np.column_stack([ways[inner], trees.features[split].astype(np.int32)])
        side = np.repeat(np.array([1, -1], dtype=np.int8), len(split))
        ways, signs = np.tile(longer, (2, 1)), np.column_stack([np.tile(signs[inner], (2, 1)), side])
    below, levels = np.zeros(0), []
    for reached, inner, way, sign in reversed(steps):
        masked, kept = np.split(below, 2)
        below = np.where(inner, 0.0, trees.values[reached])
        below[inner] = (masked + kept) / 2
        weights = (masked - kept) / 2 / 2.0 ** way.shape[1]
        levels.append(_Splits(trees.features[reached[inner]], way, sign, weights))
    return float(below.sum()), levels[:0:-1]


def _decided(trees: Trees, at: IntArray, ways: IntArray, signs: IntArray) -> IntArray:
    """Skip nodes that split on a feature of their path, whose branch is determined."""
    while True:
        again = ways == trees.features[at][:, None]
        rows, columns = np.nonzero(again)
        if not len(rows):
            return at
        masked = signs[rows, columns] > 0
        at[rows] = np.where(masked, trees.masked[at[rows]], trees.kept[at[rows]])


def _added_up(level: _Splits, n: int) -> _Splits:
    """Sum the splits with the same feature and the same path, in any order."""
    sides = np.sort(2 * level.ways + (level.signs < 0), axis=1)
    rows, weights = _merged(np.column_stack([level.features, sides]), level.weights, 2 * n)
    sides = rows[:, 1:]
    return _Splits(rows[:, 0], sides // 2, (1 - 2 * (sides % 2)).astype(np.int8), weights)


def _largest(levels: list[_Splits], size: int, max_rows: int) -> tuple[list[_Splits], float]:
    """Keep the splits with the largest coefficients, as many as the memory allows.

    Also return an upper bound of the norm of the others: Σ |w| √C, if a split has C terms of this order.
    """
    terms = np.concatenate([np.full(len(level.weights), comb(level.ways.shape[1], size)) for level in levels])
    magnitude = np.abs(np.concatenate([level.weights for level in levels]))
    ranking = np.argsort(-magnitude, kind="stable")
    keep = np.zeros(len(terms), dtype=bool)
    keep[ranking] = np.cumsum(terms[ranking], dtype=np.float64) <= max_rows
    parts = np.split(keep, np.cumsum([len(level.weights) for level in levels])[:-1])
    chosen = [
        _Splits(level.features[k], level.ways[k], level.signs[k], level.weights[k])
        for level, k in zip(levels, parts, strict=True)
    ]
    return chosen, float((magnitude * np.sqrt(terms))[~keep].sum())


def _terms(levels: list[_Splits], size: int, n: int) -> tuple[IntArray, FloatArray]:
    """Return the sets of size + 1 features, (T, size + 1), and their coefficients, (T,)."""
    rows, values = [], []
    for level in levels:
        others = sets.subsets(level.ways, size)
        own = np.broadcast_to(level.features[:, None, None], (*others.shape[:2], 1))
        rows.append(np.concatenate([own, others], axis=2).reshape(-1, size + 1))
        values.append((level.weights[:, None] * sets.subsets(level.signs, size).prod(axis=2)).ravel())
    return _merged(np.sort(np.concatenate(rows), axis=1), np.concatenate(values), n)


def _merged(rows: IntArray, values: FloatArray, top: int) -> tuple[IntArray, FloatArray]:
    """Sum the values (T,) of equal rows (T, d) with entries 0 … top − 1."""
    bits = top.bit_length()
    words = []
    for start in range(0, rows.shape[1], 63 // bits):
        word = np.zeros(len(rows), dtype=np.int64)
        for column in rows[:, start : start + 63 // bits].T:
            word = (word << bits) | column
        words.append(word)
    ranking = np.lexsort(words[::-1])
    first = np.zeros(len(rows), dtype=bool)
    first[:1] = True
    for word in words:
        first[1:] |= np.diff(word[ranking]) != 0
    starts = np.flatnonzero(first)
    if not len(starts):
        return rows, values
    return rows[ranking[starts]].astype(np.int32), np.add.reduceat(values[ranking], starts)
