"""Best sets of features by predictions: of few features, or where not all terms can be listed."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import comb
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray, FloatArray, IntArray

    Predict = Callable[[BoolArray], FloatArray]
    Fits = Callable[[float], bool]

__all__ = ["best_of_all", "exchanged", "reduced", "smallest_of_all"]

_ALL = 50_000  # sets, up to which all are predicted
_CHUNK = 4096  # masks that are predicted at a time
_TIE = 1e-12  # difference of equal predictions, as a share of the largest magnitude
_CANDIDATES = 32  # features on each side that are exchanged
_MOST_EXCHANGES = 1000


def best_of_all(predict: Predict, n: int, size: int) -> BoolArray | None:
    """Return the mask of ``size`` of n features with the largest prediction; None if the sets are many."""
    if comb(n, size) > _ALL:
        return None
    few = min(size, n - size)
    every = np.array(list(combinations(range(n), few)), dtype=np.intp)
    return _changed(predict, np.full(n, few != size), every)[0]


def smallest_of_all(predict: Predict, n: int, fits: Fits, *, masked: bool) -> tuple[BoolArray | None, int]:
    """Return the mask of the fewest features, kept or ``masked``, whose prediction fits.

    Where a prediction fits, any larger one must. Of several smallest sets it is one with the largest
    prediction.

    Returns
    -------
    mask : ndarray of bool, shape (n,), or None
        None if no set of those that were predicted fits.
    size : int
        Number of features up to which all sets were predicted; n for all sets, −1 for none.
    """
    left = _ALL
    for size in range(n + 1):
        left -= comb(n, size)
        if left < 0:
            return None, size - 1
        mask = best_of_all(predict, n, n - size if masked else size)
        if mask is not None and fits(float(predict(mask[None])[0])):
            return mask, size
    return None, n


def reduced(predict: Predict, mask: BoolArray, fits: Fits, *, masked: bool) -> BoolArray:
    """Leave out features of a set, kept or ``masked``, one after another as long as the prediction fits.

    Of many features, none is left out.
    """
    size = int((~mask if masked else mask).sum())
    for _ in range(size if size * (size + 1) // 2 <= _ALL else 0):
        changes = np.flatnonzero(~mask if masked else mask)[:, None]
        fewer, value = _changed(predict, mask, changes)
        if not fits(value):
            break
        mask = fewer
    return mask


def exchanged(predict: Predict, mask: BoolArray) -> BoolArray:
    """Exchange a feature of a mask (n,) for another one as long as that increases the prediction.

    Of each side, the 32 features are candidates whose change alone has the largest predictions.
    """
    best, value = mask, float(predict(mask[None])[0])
    for _ in range(_MOST_EXCHANGES if mask.any() and not mask.all() else 0):
        alone = predict(best ^ np.eye(len(best), dtype=bool))
        sides = [np.flatnonzero(side) for side in (best, ~best)]
        out, into = (side[np.argsort(-alone[side], kind="stable")[:_CANDIDATES]] for side in sides)
        pairs = np.stack(np.meshgrid(out, into), axis=-1).reshape(-1, 2)
        rival, reached = _changed(predict, best, pairs)
        if not reached > value:
            break
        best, value = rival, reached
    return best


def _changed(predict: Predict, mask: BoolArray, changes: IntArray) -> tuple[BoolArray, float]:
    """Return the mask after the best of several changes (c, k), each of k features, and its prediction."""
    best, value = mask, -np.inf
    for start in range(0, len(changes), _CHUNK):
        part = changes[start : start + _CHUNK]
        masks = np.repeat(mask[None], len(part), axis=0)
        rows = np.arange(len(part))[:, None]
        masks[rows, part] = ~masks[rows, part]
        values = predict(masks)
        largest, tie = values.max(), _TIE * np.abs(values).max()
        if largest > value + tie:
            chosen = int(np.argmax(values >= largest - tie))  # the first one, whatever the rounding
            best, value = masks[chosen], float(values[chosen])
    return best, value
