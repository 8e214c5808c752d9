"""The function whose values in an interaction index are given: the inverse of reading an index.

On functions of order ≤ ℓ every index of order ℓ is one to one: with the Möbius coefficients a,
I(T) = Σ_{R ⊇ T} c(|R|, |T|) a(R), where c(t, t) = 1, so that a follows from the largest sets downwards.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.types import FloatArray, IntArray

__all__ = ["spectrum_of_index"]


def spectrum_of_index(index: str, order: int, n: int, supports: IntArray, values: FloatArray) -> Spectrum:
    """Return the function of order ≤ ``order`` that has these values in an index of that order.

    Parameters
    ----------
    index : str
        "Fourier" or a key of `INDICES`.
    order : int
        The order ℓ of the index.
    n : int
        Number of features.
    supports : ndarray of int, shape (T, d)
        Distinct sets of at most ℓ features; the others have the value 0.
    values : ndarray of float64, shape (T,)
        Their values, that of the empty set among them.
    """
    if index == "Fourier":
        return Spectrum.from_terms(n, supports, values)
    weight = INDICES[index].moebius_weight
    left, amounts = sets.merge(supports, np.asarray(values, dtype=np.float64), n)
    found: list[tuple[IntArray, FloatArray]] = [(np.empty((0, 0), dtype=np.int32), np.empty(0))]
    for size in range(left.shape[1], -1, -1):
        largest = sets.orders_of(left, n) == size
        rows, own = left[largest, :size], amounts[largest]
        found.append((rows, own))
        shares = [(left[~largest], amounts[~largest])]
        for part in range(size):
            share = float(weight(size, part, order))
            if share:
                below = sets.subsets(rows, part)  # (rows, subsets of each, part)
                each = below.shape[1]
                shares.append((below.reshape(len(rows) * each, part), np.repeat(-share * own, each)))
        left, amounts = sets.merge(
            sets.combine([one for one, _ in shares], n), np.concatenate([one for _, one in shares]), n
        )
    terms = sets.combine([rows for rows, _ in found], n)
    moebius = Conjunctions(n, terms, terms < n, np.concatenate([own for _, own in found])[:, None])
    supports, fourier = moebius.index("Fourier", max(terms.shape[1], 1))
    return Spectrum.from_terms(n, supports, fourier[:, 0])
