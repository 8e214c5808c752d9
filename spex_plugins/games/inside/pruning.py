"""The subset of a given size with the largest predicted value."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import BoolArray, IntArray

__all__ = ["best_subset"]

_MOST_EXCHANGES = 1000
_ALL = 50_000  # subsets, up to which all are looked at
_CHUNK = 4096  # masks that are predicted at a time


def best_subset(interactions: Any, size: int, *, output: int | None = None) -> BoolArray:
    """Return the features of a given number with the largest predicted value.

    Where there are at most 50,000 subsets of this size, it is the best of all. Else, from all
    features, the one whose removal costs least is removed, one after another; from none, the best one is
    added. Then features are exchanged as long as that raises the predicted value. No model is called.

    Parameters
    ----------
    interactions : Interactions
        An explanation, or an object with the attribute ``interactions``.
    size : int
        Number of features to keep, 0 ≤ size ≤ n.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for a feature that is kept.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    found = getattr(interactions, "interactions", interactions)
    if not isinstance(found, Interactions):
        raise InputError(f"interactions: expected Interactions, got {type(found).__name__}.")
    if found.output_shape:
        if output is None:
            raise InputError(
                f"output: there are {found.n_outputs} outputs; choose one, for example output=0."
            )
        found = found.output(output)
    if check.count("size", size, 0, "features to keep") > found.n:
        raise InputError(f"size: must be at most {found.n}, the number of features, got {size}.")
    if comb(found.n, size) <= _ALL:
        every = np.array(list(combinations(range(found.n), size)), dtype=np.intp)
        return _best(found, np.zeros(found.n, dtype=bool), every)
    starts = [_greedy(found, size, kept) for kept in (True, False)]
    best = np.stack([_exchanged(found, start) for start in starts])
    return best[np.argmax(found.predict(best))]


def _greedy(found: Interactions, size: int, kept: bool) -> BoolArray:
    """Remove features from all of them, or add them to none, one after another."""
    mask = np.full(found.n, kept)
    while mask.sum() != size:
        at = np.flatnonzero(mask == kept)
        mask = _best(found, mask, at[:, None])
    return mask


def _exchanged(found: Interactions, mask: BoolArray) -> BoolArray:
    """Exchange a feature that is kept and one that is not as long as that raises the predicted value."""
    for _ in range(_MOST_EXCHANGES if mask.any() and not mask.all() else 0):
        out, into = np.meshgrid(np.flatnonzero(mask), np.flatnonzero(~mask))
        changed = _best(found, mask, np.stack([out.ravel(), into.ravel()], axis=1))
        before, after = found.predict(np.stack([mask, changed]))
        if not after > before:
            break
        mask = changed
    return mask


def _best(found: Interactions, mask: BoolArray, changes: IntArray) -> BoolArray:
    """Return the mask after the best of several changes (c, k), each of k features."""
    best, value = mask, -np.inf
    for start in range(0, len(changes), _CHUNK):
        part = changes[start : start + _CHUNK]
        changed = np.repeat(mask[None], len(part), axis=0)
        rows = np.arange(len(part))[:, None]
        changed[rows, part] = ~changed[rows, part]
        values = found.predict(changed)
        if values.max() > value:
            best, value = changed[np.argmax(values)], values.max()
    return best
