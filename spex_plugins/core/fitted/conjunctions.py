"""Any index of a sum of conjunctions: leaves of trees, and single masks.

A conjunction is 1 on the masks that keep all of k features and lack all of z others, 0 elsewhere. By its
Möbius transform, (−1)^|L| for the features that are kept and any set L of the others, an index with the Möbius
weights c(r, t) gives to a set T of t of these features, b of which are to be lacking, the value

    I(T) = Σ_j (−1)^(b + j) C(z − b, j) c(k + b + j, t),

and to all other sets nothing. With k + z = n it is the share of a single mask in the index, such as
−s! (n − s − 1)! / n! of a mask of s features in the Shapley value of one that it lacks.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import comb

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.indices import INDICES
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Conjunctions", "conjunction_weight", "mask_weights", "squared_mask_weights"]


@lru_cache(maxsize=65536)
def conjunction_weight(index: str, order: int, kept: int, lacking: int, size: int, among: int) -> float:
    """Return I(T) of a conjunction of ``kept`` + ``lacking`` features, ``among`` of T's in the latter."""
    total = Fraction(0)
    for j in range(lacking - among + 1):
        share = (-1) ** (among + j) * comb(lacking - among, j)
        total += share * _moebius_weight(index, order, kept + among + j, size)
    return float(total)


@lru_cache(maxsize=65536)
def _moebius_weight(index: str, order: int, r: int, t: int) -> Fraction:
    if index == "Fourier":  # Π_{i∈R} m_i = Π (1 − χ_i)/2
        return Fraction((-1) ** t, 2**r)
    return INDICES[index].moebius_weight(r, t, order)


def mask_weights(masks: BoolArray, supports: IntArray, index: str, order: int) -> FloatArray:
    """Return what the value at every mask (m, n) gives to the index of every set (U, d), shape (m, U).

    An index is linear in the 2^n values, with weights that depend on |S ∩ T|, |S| and |T| alone.
    """
    n = masks.shape[1]
    sizes, of_masks = sets.orders_of(supports, n), masks.sum(axis=1)
    out = np.empty((len(masks), len(supports)))
    kept = np.column_stack([masks, np.zeros(len(masks), dtype=bool)]).astype(np.float64)  # the last: no feature
    for size in np.unique(sizes).tolist():
        rows = supports[sizes == size, :size]
        shared = np.zeros((len(masks), len(rows)))
        for features in rows.T:
            shared += kept[:, features]
        table = np.zeros((n + 1, size + 1))
        for s, a in product(range(n + 1), range(size + 1)):
            if a <= s and size - a <= n - s:
                table[s, a] = conjunction_weight(index, order, s, n - s, size, size - a)
        out[:, sizes == size] = table[of_masks[:, None], shared.astype(np.intp)]
    return out


def squared_mask_weights(n: int, size: int, index: str, order: int, law: FloatArray) -> float:
    """Return Σ_S law(|S|) w_T(S)² over all 2^n masks S, for sets T of a size; ``law`` has shape (n + 1,)."""
    total = 0.0
    for s, a in product(range(n + 1), range(size + 1)):
        if a <= s and size - a <= n - s and law[s]:
            count = comb(size, a) * comb(n - size, s - a)
            total += law[s] * count * conjunction_weight(index, order, s, n - s, size, size - a) ** 2
    return total


@dataclass(frozen=True, eq=False)
class Conjunctions:
    """Σ_l values_l [the features of l are kept, or lacking, as it wants].

    Attributes
    ----------
    n : int
    features : ndarray of int, shape (L, d)
        A support array, see `spex_plugins.core.supports`, in any order of the features.
    kept : ndarray of bool, shape (L, d)
        False in empty slots.
    values : ndarray of float64, shape (L, K)
    """

    n: int
    features: IntArray
    kept: BoolArray
    values: FloatArray

    def index(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the sets (U, d) of up to ``order`` features that have a value, and the values (U, K)."""
        rows: list[IntArray] = []
        values: list[FloatArray] = []
        lengths = (self.features < self.n).sum(axis=1)
        for length in np.unique(lengths).tolist():
            of_length = lengths == length
            features, kept = self.features[of_length, :length], self.kept[of_length, :length]
            count = kept.sum(axis=1)
            for size in range(min(order, length) + 1):
                subsets = sets.subsets(features, size)  # (L, C, size)
                lacking = size - sets.subsets(kept.view(np.int8), size).sum(axis=2)
                table = np.zeros((length + 1, size + 1))
                for k, b in product(range(length + 1), range(size + 1)):
                    if size - b <= k and b <= length - k:
                        table[k, b] = conjunction_weight(index, order, k, length - k, size, b)
                weights = table[count[:, None], lacking]
                shares = weights[..., None] * self.values[of_length, None]
                part = np.sort(subsets, axis=2).reshape(len(subsets) * subsets.shape[1], size)
                merged = sets.merge(part, shares.reshape(len(part), -1), self.n)
                rows.append(merged[0])
                values.append(merged[1])
        return sets.merge(sets.combine(rows, self.n), np.concatenate(values), self.n)
