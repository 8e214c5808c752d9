"""Complementary pairs of random masks of all sizes: the design for Shapley values.

Uniform masks of 64 features nearly all keep between 20 and 44 of them, and say little about the small and
large coalitions that a Shapley value weighs as much. Here the sizes s follow the arcsine law
1 / √(s (n − s)), half-way between uniform sizes and those of the Shapley kernel 1 / (s (n − s)), and every
mask comes with its complement, which cancels all even orders (Covert & Lee 2021). In our measurements this
served Shapley values and the fit better than either end.
"""

from __future__ import annotations

from math import lgamma

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "antithetic_masks",
    "complements",
    "one_of_each_pair",
    "pair_numbers",
    "paired_masks",
    "with_complements",
]

_LISTED = 16  # up to 2^16 masks are listed


def paired_masks(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw distinct masks with their complements, neither empty nor full.

    Parameters
    ----------
    n, count : int
    rng : numpy Generator

    Returns
    -------
    ndarray of bool, shape (min(count, 2^n − 2), n)
        Rows 2k and 2k + 1 are complements.
    """
    pairs = -(-count // 2)
    if n <= _LISTED:
        masks = _listed(n, rng)[:pairs]
    else:
        masks = np.zeros((0, n), dtype=bool)
        while len(masks) < pairs:
            masks = _different(np.concatenate([masks, _drawn(n, pairs - len(masks), rng)]))
    return with_complements(masks)[:count]


def antithetic_masks(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw distinct uniform masks with their complements, neither empty nor full.

    Even and odd orders of the spectrum do not disturb each other on such masks. Shapes as `paired_masks`.
    """
    pairs = -(-count // 2)
    if n <= _LISTED:
        masks = rng.permutation(((np.arange(2, 2**n, 2)[:, None] >> np.arange(n)) & 1).astype(bool))[:pairs]
    else:
        masks = np.zeros((0, n), dtype=bool)
        while len(masks) < pairs:
            masks = _different(np.concatenate([masks, rng.random((pairs - len(masks), n)) < 0.5]))
            masks = masks[(masks != masks[:, :1]).any(axis=1)]
    return with_complements(masks)[:count]


def with_complements(masks: BoolArray) -> BoolArray:
    """Return those of masks (m, n) that are neither empty nor full, one of every pair, and their complements.

    Rows 2k and 2k + 1 are complements.
    """
    one = one_of_each_pair(masks)
    return np.stack([one, ~one], axis=1).reshape(-1, masks.shape[1])


def one_of_each_pair(masks: BoolArray) -> BoolArray:
    """Return those of masks (m, n) that are neither empty nor full, the first one of every pair."""
    return _different(masks[(masks != masks[:, :1]).any(axis=1)])


def _listed(n: int, rng: np.random.Generator) -> BoolArray:
    """Return one mask of every pair, those first that a draw without replacement gives first."""
    masks = ((np.arange(2, 2**n, 2)[:, None] >> np.arange(n)) & 1).astype(bool)
    log_weight = np.append(-np.inf, np.log(_law(n))) - [_log_choices(n, s) for s in range(n)]
    keys = log_weight[masks.sum(axis=1)] + rng.gumbel(size=len(masks))
    return masks[np.argsort(-keys)]


def _drawn(n: int, count: int, rng: np.random.Generator) -> BoolArray:
    """Draw masks independently, their sizes as evenly as the law allows."""
    quantiles = (rng.random() + rng.permutation(count)) / count  # in any order: a run may be cut short
    sizes = 1 + np.searchsorted(np.cumsum(_law(n))[:-1], quantiles)
    ranks = rng.random((count, n)).argsort(axis=1).argsort(axis=1)
    return ranks < sizes[:, None]


def _different(masks: BoolArray) -> BoolArray:
    """Keep the first mask of every pair."""
    _, first = np.unique(_either(masks), axis=0, return_index=True)
    return masks[np.sort(first)]


def pair_numbers(masks: BoolArray) -> IntArray:
    """Return equal numbers for complements, counted up by their first mask, shape (m,)."""
    _, first, inverse = np.unique(_either(masks), axis=0, return_index=True, return_inverse=True)
    place = np.empty(len(first), dtype=np.intp)
    place[np.argsort(first)] = np.arange(len(first))
    return place[inverse.ravel()]


def complements(masks: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the places of the first and of the second masks of all pairs among distinct masks, each (P,)."""
    numbers = pair_numbers(masks)
    order = np.argsort(numbers, kind="stable")
    twice = np.flatnonzero(numbers[order[1:]] == numbers[order[:-1]])
    return order[twice], order[twice + 1]


def _either(masks: BoolArray) -> IntArray:
    """Pack masks to rows that are equal for complements."""
    return np.packbits(masks ^ masks[:, :1], axis=1)


def _law(n: int) -> FloatArray:
    """Return the probability of every size 1 … n − 1."""
    sizes = np.arange(1, n)
    weights = 1 / np.sqrt(sizes * (n - sizes))
    return weights / weights.sum()


def _log_choices(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)
