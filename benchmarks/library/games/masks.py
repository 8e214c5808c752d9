"""Masks as keys, all masks of few features, and functions known at all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

__all__ = ["Game", "all_masks", "keys", "tabulated"]

Value = Callable[[np.ndarray], np.ndarray]
"""A function of masks (m, n), True = kept, that returns values (m,)."""


@dataclass(frozen=True)
class Game:
    """A value function that knows its number of features."""

    n: int
    value: Value

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        """Return the values of masks (m, n)."""
        return self.value(masks)


def keys(masks: np.ndarray) -> list[bytes]:
    """Return a key for every mask (m, n)."""
    return [row.tobytes() for row in np.packbits(masks, axis=1)]


def all_masks(n: int) -> np.ndarray:
    """Return all masks (2^n, n); bit i of its number says whether a mask keeps feature i."""
    return (np.arange(2**n)[:, None] >> np.arange(n)) & 1 == 1


def tabulated(value: Value, n: int) -> tuple[np.ndarray, Value]:
    """Ask for all 2^n values; return them, and the function that looks them up."""
    values = value(all_masks(n))
    return values, lambda masks: values[masks @ (1 << np.arange(n))]
