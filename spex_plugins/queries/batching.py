"""How many masks go into a batch: as many as pay, fewer when memory runs out."""

from __future__ import annotations

import numpy as np

__all__ = ["BatchSize"]

_LEAST, _LARGEST = 16, 8192
_SECONDS = 0.5  # the bar moves twice a second, and the overhead of a call is small beside it
_MOST_SECONDS = 16.0  # what a crash may cost
_GAIN = 1.1  # more throughput than noise


class BatchSize:
    """A batch size that follows the speed of the value function.

    Batches are made to take half a second. Then that time is doubled for as long as the throughput grows
    with it, as on a GPU that is not yet busy.

    Parameters
    ----------
    fixed : int or None
        A size that the user chose; only memory makes it smaller.
    timeout : float, optional
        A batch should take less than a third of it.
    careful : bool
        Begin with a single mask.

    Attributes
    ----------
    size : int
        Masks for the next batch.
    largest : int
        As many fit into the memory, as far as is known.
    """

    def __init__(self, fixed: int | None, timeout: float | None = None, *, careful: bool = False) -> None:
        self.is_fixed = fixed is not None
        self.largest = fixed or _LARGEST
        self.size = 1 if careful else fixed or _LEAST
        self._longest = min(_MOST_SECONDS, (timeout or np.inf) / 3)
        self._seconds = self._good_seconds = min(_SECONDS, self._longest)
        self._best_rate = 0.0
        self._climbing = True

    def note(self, masks: int, work: float, seconds: float) -> None:
        """Learn from a batch that was answered; work is what its masks cost in any unit."""
        if self.is_fixed:
            self.size = self.largest
            return
        if 2 * masks < self.size:  # small batches at the end or after a failure tell little
            return
        seconds = max(seconds, 1e-9)
        if self._climbing and seconds >= self._seconds / 2:
            self._climb(masks, work / seconds, seconds)
        wished = masks * self._seconds / seconds
        self.size = int(np.clip(wished, min(_LEAST, self.largest), min(4 * masks, self.largest)))
        self.size = max(1, self.size)

    def shrink(self, masks: int) -> None:
        """Learn that so many masks do not fit into the memory."""
        self.largest = max(1, min(self.largest, masks // 2))
        self.size = min(self.size, self.largest)

    def _climb(self, masks: int, rate: float, seconds: float) -> None:
        if masks <= _LEAST:
            self._seconds = max(self._seconds, seconds)
        self._climbing = rate > _GAIN * self._best_rate
        if self._climbing:
            self._best_rate, self._good_seconds = rate, self._seconds
            self._climbing = 2 * self._seconds <= self._longest
        self._seconds = 2 * self._seconds if self._climbing else self._good_seconds
