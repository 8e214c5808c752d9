"""Masks for Shapley values of 30 features and more: all single features, then a few sizes, far apart.

With far fewer than 2^n samples, greedy A-optimal designs for Shapley values, under a kernel learned from
such functions, consist of all single features with their complements, hardly any other masks of few
features, and many of middle sizes. After the singles, a share of the sizes is therefore uniform on 2 … n/2
and the others on 0.3 n … n/2, and each mask is followed by its complement, which cancels all even orders
(Covert & Lee 2021). Of many random masks of a size, the one is chosen that minimises the energy

    U(x) = Σ_y ((1 + |⟨x, y⟩| / n) / 2)^8,    x, y ∈ {±1}^n

Its terms are integers, so that the same generator state gives the same masks on every machine.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from spex_plugins.core.basis.masks import one_of_each_pair
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["singles_masks"]

_UNIFORM = 0.6  # share of the sizes on 2 … n/2; a smaller share improves small budgets and harms large ones
_MIDDLE = 0.3  # smallest size of the others, as a share of n
_DRAWN = 256  # masks of a size that share the same random permutations of the features
_CANDIDATES = 1 << 15  # candidates of all sizes together, at most, and for every chosen mask:
_CANDIDATES_EACH = 256
_UNIT = 1 << 24  # integer units of a term of the energy
_TAKEN = 1 << 48  # the energy of a mask that is chosen
_GOLDEN = 0.6180339887498949  # steps of this length cover (0, 1) evenly (golden ratio)
_MOST_MISSES = 64  # consecutive draws without candidates after which the search ends


def singles_masks(n: int, count: int, rng: np.random.Generator, known: BoolArray | None = None) -> BoolArray:
    """Choose distinct masks and their complements, neither empty nor full.

    Parameters
    ----------
    n : int
        Number of features.
    count : int
        Number of masks. If it is odd, the last one has no complement up to 2 n masks, and is omitted for
        more: a Gaussian process is four times as fast if all masks have complements.
    rng : numpy Generator
    known : ndarray of bool, shape (k, n), optional
        Masks that were chosen before, of any design; the new ones differ and are far from them.

    Returns
    -------
    ndarray of bool, shape (m, n)
        Rows 2k and 2k + 1 are complements; m ≤ count.
    """
    before = np.zeros((0, n), dtype=bool) if known is None else one_of_each_pair(known)
    ends = np.zeros((1, n), dtype=bool)  # equally far from all masks of a size, and never chosen
    pairs = -(-count // 2) if count <= 2 * n else count // 2
    singles = np.eye(n, dtype=bool)[: n if n > 2 else 1]  # with two features, the singles are complements
    given = len(before) + pairs >= 2 * len(singles) - 2
    first = _others(singles, before)[:pairs] if given else singles[:0]
    chosen = _spread_out(n, pairs - len(first), np.concatenate([ends, before, first]), rng)
    masks = np.concatenate([first, chosen])
    return np.stack([masks, ~masks], axis=1).reshape(-1, n)[:count]


def _others(masks: BoolArray, known: BoolArray) -> BoolArray:
    """Return the distinct masks that are neither known nor complements of known ones."""
    together = one_of_each_pair(np.concatenate([known, masks]))
    return together[len(known) :]


def _spread_out(n: int, count: int, known: BoolArray, rng: np.random.Generator) -> BoolArray:
    """Choose masks of the sizes of the law, each far from those before it and from the known ones."""
    law = _law(n)
    quantiles, bounds = _quantiles(rng), np.cumsum(law)
    drawn, start = _candidates(n, np.ceil(law * min(_CANDIDATES, _CANDIDATES_EACH * count)), rng)
    words, table = _words(drawn), _energies(n)
    energy = np.zeros(len(drawn), dtype=np.int64)
    for one in _words(known).T:
        energy += table[_distances(words, one)]
    chosen: list[int] = []
    misses = 0
    while len(chosen) < count and misses < _MOST_MISSES:
        size = int(np.searchsorted(bounds, next(quantiles), side="right"))
        best = start[size] + int(np.argmin(energy[start[size] : start[size + 1]]))
        misses = misses + 1 if energy[best] >= _TAKEN else 0
        if not misses:
            chosen.append(best)
            energy += table[_distances(words, words[:, best])]
    return drawn[chosen]


def _candidates(n: int, counts: FloatArray, rng: np.random.Generator) -> tuple[BoolArray, IntArray]:
    """Draw candidates of every size, sorted by size, and return them with the first row of each size."""
    ranks = rng.random((_DRAWN, n)).argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    ranks = ranks.astype(np.int16 if n < 2**15 else np.int32)
    blocks = -(-counts.astype(np.intp) // _DRAWN)
    drawn = [ranks[:, rng.permutation(n)] < size for size in np.repeat(np.arange(len(counts)), blocks)]
    return np.concatenate([np.zeros((0, n), dtype=bool), *drawn]), _DRAWN * np.append(0, np.cumsum(blocks))


def _words(masks: BoolArray) -> NDArray[np.uint64]:
    """Pack masks (m, n) into words of 64 features, the last one padded, (W, m)."""
    packed = np.packbits(masks, axis=1)
    filled = np.zeros((len(masks), 8 * -(-packed.shape[1] // 8)), dtype=np.uint8)
    filled[:, : packed.shape[1]] = packed
    return np.ascontiguousarray(filled.view(np.uint64).T)


def _distances(words: NDArray[np.uint64], one: NDArray[np.uint64]) -> IntArray:
    """Return the number of features on which packed masks (W, m) differ from another one (W,)."""
    return np.bitwise_count(words ^ one[:, None]).sum(axis=0, dtype=np.int32)


def _energies(n: int) -> IntArray:
    """Return the term of the energy for every number of features on which two masks differ, (n + 1,)."""
    products = [abs(n - 2 * distance) for distance in range(n + 1)]
    terms = [(n + product) ** 8 * _UNIT // (2 * n) ** 8 for product in products]
    return np.array([_TAKEN, *terms[1:-1], _TAKEN])


def _quantiles(rng: np.random.Generator) -> Iterator[float]:
    """Yield numbers that cover (0, 1) evenly, starting at a random one."""
    number = rng.random()
    while True:
        yield number
        number = (number + _GOLDEN) % 1.0


def _law(n: int) -> FloatArray:
    """Return the probability of the sizes 0 … n/2 of a mask of several features."""
    sizes, most = np.arange(n // 2 + 1), n // 2
    uniform, middle = (sizes >= min(least, most) for least in (2, np.ceil(_MIDDLE * n)))
    return _UNIFORM * uniform / uniform.sum() + (1 - _UNIFORM) * middle / middle.sum()
