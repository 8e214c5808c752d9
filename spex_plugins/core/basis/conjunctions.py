"""Indices of a sum of conjunctions, such as the leaves of trees or single masks.

A conjunction is 1 on the masks that keep all of k features and mask all of z others, 0 elsewhere. By its
Möbius transform, (−1)^|L| for the features that are kept and any set L of the others, an index with the
Möbius weights c(r, t) gives to a set T of t of these features, b of which are masked, the value

    I(T) = Σ_j (−1)^(b + j) C(z − b, j) c(k + b + j, t),

and 0 to all other sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from itertools import product
from math import comb

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.types import BoolArray, FloatArray, IntArray, PackedMasks

__all__ = ["Conjunctions", "conjunction_weight", "moebius_weight", "pack"]

_DENSE = 1 << 20  # entries of the table in which sets are summed
_TOGETHER = 8  # outputs whose values are expanded at the same time
_BLOCK = 1 << 22  # masks times conjunctions that are compared at the same time


@lru_cache(maxsize=65536)
def conjunction_weight(index: str, order: int, kept: int, lacking: int, size: int, among: int) -> float:
    """Return I(T) of a conjunction of ``kept`` + ``lacking`` features; ``among`` of T's are masked."""
    total = Fraction(0)
    for j in range(lacking - among + 1):
        share = (-1) ** (among + j) * comb(lacking - among, j)
        total += share * moebius_weight(index, order, kept + among + j, size)
    return float(total)


@lru_cache(maxsize=65536)
def moebius_weight(index: str, order: int, r: int, t: int) -> Fraction:
    """Return the weight in I(T), |T| = t, of the Möbius coefficient of a set of r features."""
    if index == "Fourier":  # Π_{i∈R} m_i = Π (1 − χ_i)/2
        return Fraction((-1) ** t, 2**r)
    return INDICES[index].moebius_weight(r, t, order)


@dataclass(frozen=True, eq=False)
class Conjunctions:
    """Σ_l values_l [every feature of l is kept, or masked, as ``kept`` states].

    Attributes
    ----------
    n : int
    features : ndarray of int, shape (L, d)
        A support array, see `spex_plugins.core.basis.feature_sets`, in any order of the features.
    kept : ndarray of bool, shape (L, d)
        False in empty slots.
    values : ndarray of float64, shape (L, K)
    """

    n: int
    features: IntArray
    kept: BoolArray
    values: FloatArray

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the function at masks (m, n), shape (m, K)."""
        wanted, cared = (pack(_members(self.features, some, self.n)) for some in self._sides)
        own = pack(masks)
        out = np.empty((len(masks), self.values.shape[1]))
        step = max(1, _BLOCK // max(len(wanted), 1))
        for start in range(0, len(masks), step):
            block = own[start : start + step]
            met = np.ones((len(block), len(wanted)), dtype=bool)
            for word in range(own.shape[1]):
                met &= (block[:, word, None] & cared[:, word]) == wanted[:, word]
            out[start : start + step] = met @ self.values
        return out

    @property
    def _sides(self) -> tuple[BoolArray, BoolArray]:
        return self.kept, self.features < self.n

    def parts(self, odd: FloatArray, even: FloatArray) -> Conjunctions:
        """Return ``odd`` (K,) times the odd part of the function plus ``even`` (K,) times the even part."""
        own, reflected = self.values * (even + odd) / 2, self.values * (even - odd) / 2
        if not reflected.any():
            return Conjunctions(self.n, self.features, self.kept, own)
        features, kept = np.tile(self.features, (2, 1)), np.concatenate([self.kept, ~self.kept])
        kept &= features < self.n
        return Conjunctions(self.n, features, kept, np.concatenate([own, reflected]))

    def index(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        """Return the sets (U, d) of up to ``order`` features that have a value, and the values (U, K)."""
        outputs = self.values.shape[1]
        if outputs <= _TOGETHER:
            return self._index(index, order)
        found = []
        for start in range(0, outputs, _TOGETHER):
            part = np.zeros(outputs, dtype=bool)
            part[start : start + _TOGETHER] = True
            own = (self.values[:, part] != 0).any(axis=1)  # trees of other outputs have values of 0
            block = Conjunctions(self.n, self.features[own], self.kept[own], self.values[own][:, part])
            found.append(block._index(index, order))
        rows = sets.combine([rows for rows, _ in found], self.n)
        supports, _ = sets.merge(rows, np.zeros(len(rows)), self.n)
        values = [sets.looked_up(supports, rows, values, self.n) for rows, values in found]
        return supports, np.concatenate(values, axis=1)

    def _index(self, index: str, order: int) -> tuple[IntArray, FloatArray]:
        lengths = (self.features < self.n).sum(axis=1)
        found: list[tuple[IntArray, FloatArray]] = [
            (np.empty((0, 0), dtype=np.int32), np.zeros((0, self.values.shape[1])))
        ]
        for size in range(min(order, self.features.shape[1]) + 1):
            rows, shares = [], []
            for length in np.unique(lengths[lengths >= size]).tolist():
                of_length = lengths == length
                features, kept = self.features[of_length, :length], self.kept[of_length, :length]
                lacking = size - sets.subsets(kept.view(np.int8), size).sum(axis=2)
                weights = _weights_of_length(index, order, length, size)[kept.sum(axis=1)[:, None], lacking]
                rows.append(np.sort(sets.subsets(features, size), axis=2).reshape(weights.size, size))
                part = weights[..., None] * self.values[of_length, None]
                shares.append(part.reshape(weights.size, -1))
            if rows:
                found.append(_added_up(np.concatenate(rows), np.concatenate(shares), self.n))
        return sets.combine([rows for rows, _ in found], self.n), np.concatenate([v for _, v in found])


@lru_cache(maxsize=4096)
def _weights_of_length(index: str, order: int, length: int, size: int) -> FloatArray:
    """Return the weights of conjunctions of one length, by the numbers of kept features and of T's."""
    table = np.zeros((length + 1, size + 1))
    for k, b in product(range(length + 1), range(size + 1)):
        if size - b <= k and b <= length - k:
            table[k, b] = conjunction_weight(index, order, k, length - k, size, b)
    return table


def _added_up(rows: IntArray, values: FloatArray, n: int) -> tuple[IntArray, FloatArray]:
    """Sum the values (T, K) of equal sets (T, t) of one size."""
    size = rows.shape[1]
    if n**size > _DENSE:
        return sets.merge(rows, values, n)
    key = np.zeros(len(rows), dtype=np.intp)
    for column in rows.T:
        key = key * n + column
    total: FloatArray = np.stack([np.bincount(key, part, minlength=n**size) for part in values.T], axis=1)
    present: IntArray = np.flatnonzero(np.bincount(key, minlength=n**size))
    places = [present // n**k % n for k in range(size - 1, -1, -1)]
    distinct = np.stack(places, axis=1) if size else np.empty((len(present), 0))
    return distinct.astype(np.int32), total[present]


def _members(features: IntArray, some: BoolArray, n: int) -> BoolArray:
    """Return masks (L, n) of the features of rows (L, d) at which ``some`` is true."""
    out = np.zeros((len(features), n + 1), dtype=bool)
    out[np.arange(len(features))[:, None], np.where(some, features, n)] = True
    return out[:, :n]


def pack(masks: BoolArray) -> PackedMasks:
    """Pack masks (m, n) into words, shape (m, ceil(n / 64))."""
    padded = np.pad(masks, ((0, 0), (0, -masks.shape[1] % 64)))
    return np.ascontiguousarray(np.packbits(padded, axis=1)).view(np.uint64)
