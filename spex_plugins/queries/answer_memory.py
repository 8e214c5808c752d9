"""Every mask that a session has met, and its value."""

from __future__ import annotations

import numpy as np

from spex_plugins.queries.answer_table import Desk
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Memory"]


class Memory:
    """Distinct masks with their values, in the order in which they were met.

    Attributes
    ----------
    outputs : tuple or None
        () or (K,), the shape of a value; None before the first answer.
    """

    def __init__(self) -> None:
        self._masks: BoolArray | None = None
        self._values: FloatArray = np.zeros(0)
        self._answered = np.zeros(0, dtype=bool)
        self.outputs: tuple[int, ...] | None = None

    def place(self, masks: BoolArray) -> tuple[BoolArray, IntArray]:
        """Return which masks (m, n) are new, (m,), and where all will stand once `learn` has met the new."""
        before = len(self._answered)
        known = masks if self._masks is None else np.concatenate([self._masks, masks])
        packed = np.packbits(np.pad(known, ((0, 0), (0, 1))), axis=1)  # a key even where n is 0
        keys = np.ascontiguousarray(packed).view(f"V{packed.shape[1]}").ravel()
        _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
        place = first[inverse.ravel()][before:]
        new = place == before + np.arange(len(masks))
        rank = before - 1 + np.cumsum(new)
        return new, np.where(place < before, place, rank[np.maximum(place - before, 0)])

    def learn(self, desk: Desk) -> None:
        """Add the masks of a desk, all of them new."""
        self._masks = desk.masks if self._masks is None else np.concatenate([self._masks, desk.masks])
        if self.outputs is None and desk.outputs is not None:
            self.outputs = desk.outputs
            self._values = np.full((len(self._answered), *desk.outputs), np.nan)
        values = np.full((len(desk.masks), *(self.outputs or ())), np.nan)
        values = values if desk.values is None else desk.values
        self._values = np.concatenate([self._values, values])
        self._answered = np.concatenate([self._answered, desk.answered])

    def at(self, place: IntArray) -> tuple[FloatArray, BoolArray]:
        """Return the values (NaN where there is none) at places, and whether they are answers."""
        return self._values[place], self._answered[place]

    def answers(self) -> tuple[BoolArray, FloatArray]:
        """Return all masks that were answered, and their values."""
        masks = np.zeros((0, 0), dtype=bool) if self._masks is None else self._masks
        return masks[self._answered], self._values[self._answered]
