"""Insertion and deletion curves: features enter or leave in the order of their values."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.ties import levels

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["curve_masks", "insertion_and_deletion"]

_MOST_STEPS = 10


def curve_masks(values: FloatArray) -> tuple[BoolArray, BoolArray, list[int]]:
    """Return the masks of insertion and of deletion (steps, n), and the numbers of features moved.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        The features with the highest values move first; those that are equal up to rounding in their order.
    """
    n = len(values)
    counts = (
        np.unique(np.linspace(1, n - 1, min(n - 1, _MOST_STEPS)).round().astype(int)).tolist()
        if n > 1
        else []
    )
    ranks = np.empty(n, dtype=np.intp)
    ranks[np.argsort(-levels(values), kind="stable")] = np.arange(n)
    insertion = ranks < np.array(counts, dtype=np.intp)[:, None]
    return insertion, ~insertion, counts


def insertion_and_deletion(
    values: FloatArray, ask: Callable[[BoolArray], FloatArray], empty: float, full: float
) -> tuple[dict[int, float], dict[int, float]]:
    """Return both curves: by the number of features moved, the share of f(x) − f(∅) that is there.

    Petsiuk et al. 2018, at up to ten steps. Where f(x) < f(∅), the lowest values move first.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Values of single features.
    ask : callable
        Masks (m, n) → values (m,) of the value function.
    empty, full : float
        f(∅) and f(x); where they are equal, the curves are NaN.
    """
    sign = np.sign(full - empty)
    inserted, deleted, counts = curve_masks(sign * values)
    if not counts:
        return {}, {}
    answers = ask(np.concatenate([inserted, deleted]))
    shares = (answers - empty) / (full - empty) if sign else np.full(len(answers), np.nan)
    parts = np.split(shares, 2)
    one, other = (dict(zip(counts, part.tolist(), strict=True)) for part in parts)
    return one, other
