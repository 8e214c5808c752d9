"""Queue of the masks that are still to be evaluated, for the first time or again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.queries.scheduling.batch_size import BatchSize
from spex_plugins.types import BoolArray, IntArray

__all__ = ["Batch", "BatchQueue"]


@dataclass(eq=False)
class Batch:
    """Rows of the answer table that are evaluated in one call.

    Attributes
    ----------
    rows : ndarray of int, shape (b,)
    failures : int
        Number of calls of these rows that have failed.
    ready : float
        Earliest time of the call, on the clock of `time.perf_counter`.
    claim : int
        Number of the claim in the store.
    deadline : float
        Latest time of the answer, on the same clock.
    is_late : bool
        Whether the deadline has passed.
    """

    rows: IntArray
    failures: int = 0
    ready: float = 0.0
    claim: int = 0
    deadline: float = np.inf
    is_late: bool = False


class BatchQueue:
    """Queue of batches; masks to be retried come first, once their delay is over.

    Parameters
    ----------
    order : ndarray of int
        Rows of the answer table in the order of their evaluation.
    sizes : BatchSize
    workers : int
        Number of batches that run at the same time.
    """

    def __init__(self, order: IntArray, sizes: BatchSize, workers: int) -> None:
        self._order, self._sizes, self._workers = order, sizes, workers
        self._next = 0
        self._again: list[Batch] = []

    def __bool__(self) -> bool:
        return bool(self._again) or self._next < len(self._order)

    def take(self, now: float) -> Batch | None:
        """Return a batch that may be evaluated now, None if there is none."""
        for i, batch in enumerate(self._again):
            if batch.ready <= now:
                return self.cut(self._again.pop(i), self._sizes.largest)
        left = self._order[self._next :]
        size = self._sizes.size
        if not self._sizes.is_fixed:  # leave work for every worker
            size = min(size, -(-len(left) // self._workers))
        new = left[:size]
        self._next += len(new)
        self._sizes.take(len(new))
        return Batch(new) if len(new) else None

    def put_back(self, rows: IntArray, failures: int, ready: float = 0.0) -> None:
        """Return masks to the queue."""
        self._again.append(Batch(rows, failures, ready))

    def give_up(self, count: int) -> int:
        """Remove masks that have not been taken yet, the last ones; return how many there were."""
        count = min(count, len(self._order) - self._next)
        self._order = self._order[: len(self._order) - count]
        return count

    def drop(self, answered: BoolArray) -> None:
        """Remove masks that were answered while they waited for a retry."""
        for batch in self._again:
            batch.rows = batch.rows[~answered[batch.rows]]
        self._again = [batch for batch in self._again if len(batch.rows)]

    def cut(self, batch: Batch, size: int) -> Batch:
        """Return all but the first masks of a batch to the queue."""
        if size < len(batch.rows):
            self.put_back(batch.rows[size:], batch.failures)
            batch.rows = batch.rows[:size]
        return batch

    def ready(self) -> float:
        """Return the earliest time of the next batch, inf if the queue is empty."""
        fresh = self._next < len(self._order)
        return 0.0 if fresh else min((batch.ready for batch in self._again), default=np.inf)
