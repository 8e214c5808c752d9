"""A game of few features, and the complete table of its 2^n values."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from library.games.masks import Value, all_masks

__all__ = ["Game", "complete_table"]

_AT_ONCE = 1024


class Game(NamedTuple):
    """A value function of masks (m, n) → values (m,), and its number of features n."""

    n: int
    value: Value


def complete_table(game: Game) -> np.ndarray:
    """Return the values (2^n,) of all masks, in the order of `library.games.masks.all_masks`."""
    masks = all_masks(game.n)
    parts = [game.value(masks[i : i + _AT_ONCE]) for i in range(0, len(masks), _AT_ONCE)]
    return np.concatenate(parts).astype(np.float64)
