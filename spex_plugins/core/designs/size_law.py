"""How many masks of every size to ask, for the index that will be read.

An index weighs masks by their size alone. Shapley values and the interactions that generalise them weigh a
mask of size s by about 1 / (C(n, s) s (n − s)), so that few features kept, or few masked, matter as much as
all other masks together; Banzhaf values and Fourier coefficients weigh all masks the same, and nearly all of
these keep about half of the features.
"""

from __future__ import annotations

from math import comb

import numpy as np

from spex_plugins.types import FloatArray, IntArray

__all__ = ["UNIFORM_INDICES", "reading_law", "size_counts", "size_law"]

UNIFORM_INDICES = frozenset({"BV", "BII", "FBII", "Fourier"})
"""Indices that weigh all masks the same; the others weigh all sizes alike."""

_EXPONENT = 0.75  # between uniform masks within the inner sizes and the Shapley kernel, whose exponent is 1


def reading_law(n: int, index: str) -> FloatArray:
    """Return how much an index weighs the inner masks of every size 0 … n together, (n + 1,).

    That is the Shapley kernel 1 / (s (n − s)), or the binomial distribution.
    """
    if index in UNIFORM_INDICES:
        return size_law(n, index)
    sizes = np.arange(n + 1)
    law = 1 / np.maximum(sizes * (n - sizes), 1.0)
    law[[0, n]] = 0.0
    return law / max(law.sum(), np.finfo(float).tiny)


def size_law(n: int, index: str) -> FloatArray:
    """Return the probability of every size 0 … n of masks for an index, 0 for the end points, (n + 1,)."""
    sizes = np.arange(n + 1)
    if index in UNIFORM_INDICES:
        law = np.array([float(comb(n, s) / 2**n) for s in range(n + 1)])
    else:
        law = np.maximum(sizes * (n - sizes), 1.0) ** -_EXPONENT
    law[[0, n]] = 0.0
    return law / max(law.sum(), np.finfo(float).tiny)


def size_counts(law: FloatArray, count: int, rng: np.random.Generator) -> IntArray:
    """Return how many masks of every size to ask, sizes s and n − s alike.

    Sizes whose masks are all expected to be asked are asked completely; the others get what remains, by one
    uniform offset (systematic sampling).

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
        They add up to ``count``.
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
    """Round expected counts so that their sum is kept and every count is right on average."""
    ends = np.floor(np.cumsum(expected) + rng.random()).astype(np.intp)
    ends[-1] = round(float(expected.sum()))
    ends = np.minimum(ends, ends[-1])
    return np.diff(ends, prepend=0)
