"""The weights of the values at single masks in an index, which is linear in the 2^n values.

Such as −s! (n − s − 1)! / n! of a mask of s features in the Shapley value of a feature that is masked.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import comb, lcm

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.conjunctions import moebius_weight
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "independent_variances",
    "largest_weight",
    "mask_weight_table",
    "mask_weights",
    "squared_weights",
    "squared_weights_by_size",
]

_BLOCK = 1 << 22  # entries of a matrix of masks and sets in memory at the same time


@lru_cache(maxsize=256)
def mask_weight_table(index: str, order: int, size: int, n: int) -> FloatArray:
    """Return the weight of the value at one of the 2^n masks in the index of a set T of a size.

    It is (−1)^b D(|S ∪ T|) for a mask S that lacks b features of T, with D(c) the (n − c)-th difference of
    the Möbius weights at c.

    Returns
    -------
    ndarray of float64, shape (n + 1, size + 1)
        By |S| and |S ∩ T|; 0 where there is no such mask.
    """
    weights = [moebius_weight(index, order, r, size) if r >= size else Fraction(0) for r in range(n + 1)]
    common = lcm(*(weight.denominator for weight in weights))
    differences = np.array([int(weight * common) for weight in weights], dtype=object)
    last = np.zeros(n + 1)
    for c in range(n, -1, -1):
        last[c] = differences[-1] / common
        differences = differences[:-1] - differences[1:]
    kept, among = np.ogrid[: n + 1, : size + 1]
    exists = (among <= kept) & (size - among <= n - kept)
    union = np.clip(kept + size - among, 0, n)
    return np.where(exists, (-1.0) ** (size - among) * last[union], 0.0)


def mask_weights(masks: BoolArray, supports: IntArray, index: str, order: int) -> FloatArray:
    """Return the weight of the value at every mask (m, n) in the index of every set (U, d), shape (m, U).

    An index is linear in the 2^n values, with weights that depend on |S ∩ T|, |S| and |T| alone.
    """
    n = masks.shape[1]
    sizes, of_masks = sets.orders_of(supports, n), masks.sum(axis=1)
    out = np.empty((len(masks), len(supports)))
    kept = np.column_stack([masks, np.zeros(len(masks), dtype=bool)]).astype(np.float64)  # the last: none
    for size in np.unique(sizes).tolist():
        rows = supports[sizes == size, :size]
        shared = np.zeros((len(masks), len(rows)))
        for features in rows.T:
            shared += kept[:, features]
        table = mask_weight_table(index, order, size, n)
        out[:, sizes == size] = table[of_masks[:, None], shared.astype(np.intp)]
    return out


def largest_weight(supports: IntArray, n: int, index: str, order: int) -> float:
    """Return the largest weight, in absolute value, of any mask in the index of any of the sets (U, d)."""
    sizes = np.unique(sets.orders_of(supports, n)).tolist()
    return max((float(np.abs(mask_weight_table(index, order, size, n)).max()) for size in sizes), default=0.0)


def squared_weights(index: str, order: int, size: int, n: int, sign: int) -> float:
    """Return Σ (w_T(S) ± w_T(S̄))² / 4 over all masks S but the empty and the full one, for sets of a size."""
    table = mask_weight_table(index, order, size, n)
    total = 0.0
    for s, a in product(range(1, n), range(size + 1)):
        if a <= s and size - a <= n - s:
            weight = float(table[s, a] + sign * table[n - s, size - a]) / 2
            count = comb(size, a) * comb(n - size, s - a)  # may be larger than a float
            total += float(count * Fraction(weight)) * weight
    return total


@lru_cache(maxsize=256)
def squared_weights_by_size(index: str, order: int, size: int, n: int) -> FloatArray:
    """Return Σ w_T(S)² over the masks S of every size 0 … n, for sets T of a size, (n + 1,); read-only."""
    table, total = mask_weight_table(index, order, size, n), np.zeros(n + 1)
    for s, a in product(range(n + 1), range(size + 1)):
        if a <= s and size - a <= n - s:
            weight = float(table[s, a])
            count = comb(size, a) * comb(n - size, s - a)  # may be larger than a float
            total[s] += float(count * Fraction(weight)) * weight
    total.flags.writeable = False
    return total


def independent_variances(masks: BoolArray, supports: IntArray, index: str, order: int) -> FloatArray:
    """Return the variances of an index from errors that are independent between pairs of complements.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        Where the values are known, as they are with no feature kept and with all of them.
    supports : ndarray of int, shape (U, d)
    index, order
        As in `spex_plugins.core.basis.indices.convert`.

    Returns
    -------
    ndarray of float64, shape (2, U)
        Of errors of the odd part (f(x) - f(x̄)) / √2 with variance 1, and of the even part (f(x) + f(x̄)) / √2:
        Σ (w_T(x) ∓ w_T(x̄))² / 2 over the pairs that are not known.
    """
    n, signs = masks.shape[1], (-1, 1)
    sizes, out = sets.orders_of(supports, n), np.zeros((2, len(supports)))
    for size in np.unique(sizes).tolist():
        out[:, sizes == size] = [[squared_weights(index, order, size, n, sign)] for sign in signs]
    inner = masks[masks.any(axis=1) & ~masks.all(axis=1)]
    step = max(1, _BLOCK // max(len(inner), 1))
    for start in range(0, len(supports), step):
        block = slice(start, start + step)
        known = mask_weights(inner, supports[block], index, order)
        opposite = mask_weights(~inner, supports[block], index, order)
        out[:, block] -= [((known + sign * opposite) ** 2).sum(axis=0) / 4 for sign in signs]
    return np.maximum(out, 0.0)
