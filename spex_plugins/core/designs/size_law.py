"""Number of masks of every size, for the index that will be computed.

The weight of a mask in an index depends on its size alone. In Shapley values and the interactions that
generalise them, it is about 1 / (C(n, s) s (n − s)) for size s, so that all sizes matter about equally, also
those of very few masks; in Banzhaf values and Fourier coefficients all masks have the same weight, and nearly
all of these keep about half of the features.
"""

from __future__ import annotations

from math import comb

import numpy as np

from spex_plugins.types import FloatArray, IntArray

__all__ = ["EVERY_INDEX", "UNIFORM_INDICES", "reading_law", "size_counts", "size_law"]

UNIFORM_INDICES = frozenset({"BV", "BII", "FBII", "Fourier"})
"""Indices in which all masks have the same weight; in the others, all sizes have about the same."""

EVERY_INDEX = "every index"
"""In the place of an index: half of the masks are those for the uniform ones, half those for the others."""

_EXPONENT = 0.75  # 0: uniform inner sizes; 1: the Shapley kernel


def reading_law(n: int, index: str) -> FloatArray:
    """Return the total weight of the inner masks of every size 0 … n in an index, (n + 1,).

    This is the Shapley kernel 1 / (s (n − s)), or the binomial distribution.
    """
    if index in UNIFORM_INDICES:
        return size_law(n, index)
    sizes = np.arange(n + 1)
    law = 1 / np.maximum(sizes * (n - sizes), 1.0)
    law[[0, n]] = 0.0
    return law / max(law.sum(), np.finfo(float).tiny)


def size_law(n: int, index: str) -> FloatArray:
    """Return the probability of every size 0 … n of masks for an index, 0 for the end points, (n + 1,).

    ``index`` may be `EVERY_INDEX`.
    """
    if index == EVERY_INDEX:
        return (size_law(n, "BV") + size_law(n, "SV")) / 2
    sizes = np.arange(n + 1)
    if index in UNIFORM_INDICES:
        law = np.array([float(comb(n, s) / 2**n) for s in range(n + 1)])
    else:
        law = np.maximum(sizes * (n - sizes), 1.0) ** -_EXPONENT
    law[[0, n]] = 0.0
    return law / max(law.sum(), np.finfo(float).tiny)


def size_counts(law: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    """Return the number of masks of every size, equal for sizes s and n − s.

    Sizes whose expected count reaches that of all their masks are complete; the others get the remaining
    masks, by one uniform offset (systematic sampling).

    Parameters
    ----------
    law : ndarray of float64, shape (n + 1,)
        Symmetric, 0 at both ends.
    count : int
        Number of masks, even, at most 2^n − 2.
    rng : numpy Generator

    Returns
    -------
    ndarray of int, shape (n + 1,)
        The sum is ``count``.
    """
    n = len(law) - 1
    half = n // 2
    total = [comb(n, s) // (1 + (2 * s == n)) for s in range(half + 1)]  # pairs of complements
    weight = law[: half + 1].copy()
    if n % 2 == 0:
        weight[half] /= 2
    pairs = np.zeros(half + 1, dtype=np.intp)
    left = count // 2
    open_sizes = [s for s in range(1, half + 1) if weight[s] > 0]
    while open_sizes:
        share = weight / weight[open_sizes].sum()
        complete = [s for s in open_sizes if left * share[s] >= total[s]]
        if not complete:
            pairs[open_sizes] = _systematic(left * share[open_sizes], rng)
            break
        for s in complete:
            pairs[s] = total[s]
            left -= total[s]
        open_sizes = [s for s in open_sizes if s not in complete]
    counts = np.zeros(n + 1, dtype=np.intp)
    counts[: half + 1] = pairs
    counts[n - half :] += pairs[::-1]
    return counts


def _systematic(expected: FloatArray, rng: np.random.Generator) -> IntArray:
    """Round expected counts such that their sum is kept and every count is unbiased."""
    ends = np.floor(np.cumsum(expected) + rng.random()).astype(np.intp)
    ends[-1] = round(float(expected.sum()))
    ends = np.minimum(ends, ends[-1])
    return np.diff(ends, prepend=0)
