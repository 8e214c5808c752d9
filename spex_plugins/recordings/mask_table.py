"""Distinct masks in a table, and the rows of given masks in it."""

from __future__ import annotations

from typing import Any

import numpy as np

from spex_plugins.types import BoolArray, IntArray

__all__ = ["MOST_LISTED", "MaskTable"]

MOST_LISTED = 24  # all masks of at most so many features are listed


class MaskTable:
    """Distinct masks, packed eight features to a byte.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        Distinct.

    Attributes
    ----------
    n : int
        Number of features.
    packed : ndarray of uint8, shape (m, ⌈n / 8⌉)
    """

    def __init__(self, masks: BoolArray) -> None:
        self.n = masks.shape[1]
        self.packed: Any = np.packbits(masks, axis=1)
        keys = _keys(self.packed)
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def __len__(self) -> int:
        return len(self.packed)

    def masks(self, rows: IntArray | slice = slice(None)) -> BoolArray:
        """Return the masks (k, n) of rows."""
        return np.unpackbits(self.packed[rows], axis=1, count=self.n).astype(bool)

    def rows(self, masks: BoolArray) -> IntArray:
        """Return the rows (k,) of masks (k, n), −1 for those that are not in the table."""
        if not len(self):
            return np.full(len(masks), -1, dtype=np.intp)
        keys = _keys(np.packbits(masks, axis=1))
        place = np.minimum(np.searchsorted(self._sorted, keys), len(self) - 1)
        return np.where(self._sorted[place] == keys, self._order[place], -1)


def _keys(packed: Any) -> Any:
    """Return packed masks (m, b) as m keys that can be sorted."""
    return np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
