"""Repulsive masks: each mask differs from the previous ones as much as its size allows.

Each mask x is the one of its size that minimises

    U(x) = Σ_y exp((|⟨x, y⟩| / n − 1) / τ),        x, y in {−1, 1}^n,

over the masks y chosen before. |⟨x, y⟩| is the same for a mask and its complement, which follows it. For up
to 16 features all masks are candidates, for more features a random sample.
"""

from __future__ import annotations

from math import comb

import numpy as np

from spex_plugins.core.basis.feature_sets import all_of_order
from spex_plugins.core.basis.masks import is_among
from spex_plugins.core.designs.size_law import size_counts, size_law
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["repulsive_masks"]

_RANGE = 0.1  # τ
_NOISE = 1e-3  # breaks ties
_SEARCHED = 16  # number of features up to which all masks are candidates
_WORK = 1 << 28  # comparisons of candidates with chosen masks; further masks are drawn at random
_CANDIDATES = (64, 256)
_MOST_LISTED = 2048  # pairs of masks of one size
_COMPARED = 1 << 17  # candidates of a mask times previous masks; the fewer these are, the more candidates


def repulsive_masks(
    n: int, budget: int, index: str, rng: np.random.Generator, known: BoolArray | None = None
) -> BoolArray:
    """Choose distinct masks for an index: the end points, whole sizes, then masks that repel each other.

    Parameters
    ----------
    n : int
    budget : int
        Number of masks, from 2 to 2^n.
    index : str
        The index that will be computed, see `size_law`.
    rng : numpy Generator
    known : ndarray of bool, shape (k, n), optional
        Masks that were chosen before, one of every pair of complements, neither empty nor full. They repel
        the others, count for their sizes and for the budget, and are not returned.

    Returns
    -------
    ndarray of bool, shape (m, n)
        Without what is known. The empty and the full mask come first; rows 2k and 2k + 1 are complements. If
        the budget is odd, the last mask comes without its complement up to 2 n masks, and is left out beyond,
        as all masks in pairs are a quarter of the work.
    """
    ends = np.repeat(np.array([[False], [True]]), n, axis=1)
    count = min(budget, 2**n) - 2
    if count > 2 * n:
        count -= count % 2
    before = np.zeros((0, n), dtype=bool) if known is None else _small(known)
    left = (count + 1) // 2 - len(before)
    if left <= 0:
        return ends
    counts = size_counts(size_law(n, index), count + count % 2, rng)
    pairs = counts[: n // 2 + 1].copy()
    if n % 2 == 0:
        pairs[-1] //= 2
    whole = [s for s in range(1, n // 2 + 1) if pairs[s] == _pairs_of_size(n, s)]
    parts = [_others(_all_of_size(n, s), before) for s in whole]
    pairs[whole] = 0
    asked = np.bincount(before.sum(axis=1), minlength=len(pairs))
    sizes = _interleaved(np.maximum(pairs - asked, 0), rng)[: max(left - sum(map(len, parts)), 0)]
    if len(sizes):
        choose = _searched if n <= _SEARCHED else _drawn
        inner = ~np.isin(before.sum(axis=1), whole)  # whole sizes repel no other masks
        parts.append(choose(n, sizes, before[inner], rng))
    one = np.concatenate(parts)[:left]
    both = np.stack([one, ~one], axis=1).reshape(-1, n)
    return np.concatenate([ends, both[: count - 2 * len(before)]])


def _small(masks: BoolArray) -> BoolArray:
    """Return masks or their complements, whichever keep fewer features; of equal ones, the first is kept."""
    n = masks.shape[1]
    kept = masks.sum(axis=1)
    return masks ^ ((2 * kept > n) | ((2 * kept == n) & ~masks[:, 0]))[:, None]


def _others(masks: BoolArray, known: BoolArray) -> BoolArray:
    """Return the masks that are not known."""
    return masks[~is_among(masks, known)] if len(known) else masks


def _pairs_of_size(n: int, size: int) -> int:
    return comb(n, size) // (1 + (2 * size == n))


def _all_of_size(n: int, size: int) -> BoolArray:
    """Return all masks of a size up to n/2, one of every pair of complements."""
    rows = all_of_order(n, size)
    masks = np.zeros((len(rows), n), dtype=bool)
    masks[np.arange(len(rows))[:, None], rows] = True
    return masks[masks[:, 0]] if 2 * size == n else masks


def _interleaved(counts: IntArray, rng: np.random.Generator) -> IntArray:
    """Return every size as often as its count, evenly interleaved, as a run may end early."""
    sizes = np.repeat(np.arange(len(counts)), counts)
    rank = np.arange(len(sizes)) - np.repeat(np.cumsum(counts) - counts, counts)
    place = (rank + 0.5) / counts[sizes]
    return sizes[np.lexsort([rng.random(len(sizes)), place])]


def _searched(n: int, sizes: IntArray, before: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Choose a mask of every size in turn, all masks of the size being candidates."""
    numbers = np.arange(2**n)
    of_size = np.bitwise_count(numbers).astype(np.intp)
    taken = np.isin(of_size, sizes) & ((2 * of_size < n) | ((2 * of_size == n) & (numbers % 2 == 1)))
    candidates = numbers[taken][np.argsort(of_size[taken], kind="stable")]
    starts = np.searchsorted(of_size[candidates], np.arange(n + 1))
    repulsion = _repulsion(np.abs(n - 2 * of_size) / n)
    total = rng.random(len(candidates)) * _NOISE
    by_repulsion = _WORK // len(candidates)
    met, force = np.empty_like(candidates), np.empty(len(candidates))
    known = before @ (1 << np.arange(n))
    for number in known[:by_repulsion]:
        np.bitwise_xor(candidates, number, out=met)
        total += np.take(repulsion, met, out=force)
    total[np.isin(candidates, known)] = np.inf
    chosen = np.empty(len(sizes), dtype=np.intp)
    for k, size in enumerate(sizes.tolist()):
        first, stop = starts[size], starts[size + 1]
        at = first + int(total[first:stop].argmin())
        chosen[k] = candidates[at]
        if k + len(known) < by_repulsion:
            np.bitwise_xor(candidates, candidates[at], out=met)
            total += np.take(repulsion, met, out=force)
        total[at] = np.inf
    return ((chosen[:, None] >> np.arange(n)) & 1).astype(bool)


def _drawn(n: int, sizes: IntArray, before: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Choose a mask of every size in turn, some random masks of the size being candidates."""
    signs = np.empty((len(before) + len(sizes), n), dtype=np.float32)
    signs[: len(before)] = np.where(before, np.float32(1), np.float32(-1))
    pools = {s: _Pool(n, s, rng) for s in np.unique(sizes).tolist()}
    for k, size in enumerate(sizes.tolist(), len(before)):
        candidates = pools[size].draw(int(np.clip(_COMPARED // (k + 1), *_CANDIDATES)), signs[:k])
        alike = np.abs(candidates @ signs[:k].T) / n
        signs[k] = candidates[_repulsion(alike).sum(axis=1).argmin()]
    return signs[len(before) :] > 0


class _Pool:
    """The masks of one size that have not been chosen: all of them if they are few, else random ones."""

    def __init__(self, n: int, size: int, rng: np.random.Generator) -> None:
        self._n, self._size, self._rng = n, size, rng
        self._listed = _pairs_of_size(n, size) <= _MOST_LISTED
        if self._listed:
            self._all = (2 * _all_of_size(n, size) - 1.0).astype(np.float32)

    def draw(self, count: int, chosen: FloatArray) -> FloatArray:
        """Return about c distinct masks (c, n), as signs, that have not been chosen."""
        while True:
            if self._listed:
                drawn = self._rng.permutation(self._all)[: max(count, len(chosen) + 1)]
            else:
                ranks = self._rng.random((count, self._n)).argsort(axis=1)
                drawn = np.where(ranks < self._size, np.float32(1), np.float32(-1))
            new = drawn[(np.abs(drawn @ chosen.T) < self._n).all(axis=1)]
            if len(new):
                return new[:count]


def _repulsion(alike: FloatArray) -> FloatArray:
    """Return exp((|⟨x, y⟩| / n − 1) / τ)."""
    return np.exp((alike - 1) / _RANGE)
