"""A game of few features, and the complete table of its 2^n values."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

__all__ = ["Game", "all_masks", "complete_table"]

Value = Callable[[np.ndarray], np.ndarray]

_AT_ONCE = 1024


class Game(NamedTuple):
    """A value function of masks (m, n) → values (m,), and its number of features n."""

    n: int
    value: Value


def all_masks(n: int) -> np.ndarray:
    """Return the masks (2^n, n); bit i of a mask's number says whether feature i is kept."""
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1


def complete_table(game: Game) -> np.ndarray:
    """Return the values (2^n,) of all masks, in the order of `all_masks`."""
    masks = all_masks(game.n)
    parts = [game.value(masks[i : i + _AT_ONCE]) for i in range(0, len(masks), _AT_ONCE)]
    return np.concatenate(parts).astype(np.float64)
