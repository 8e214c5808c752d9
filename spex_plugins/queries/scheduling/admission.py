"""Selection of the next batch: masks that the limits allow and no other process is evaluating."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter

import numpy as np

from spex_plugins.queries.answer_table import AnswerTable
from spex_plugins.queries.scheduling.batch_queue import Batch, BatchQueue
from spex_plugins.queries.scheduling.shared_state import SharedState
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Admission"]

_POLL = 0.1  # seconds between checks for answers of other processes


class Admission:
    """Takes batches from a queue and claims them.

    Attributes
    ----------
    seconds_per_mask : float
        Duration of the latest call, divided by its masks; the estimate for the next one. 0 before the first.
    """

    def __init__(self, table: AnswerTable, queue: BatchQueue, work: FloatArray, shared: SharedState) -> None:
        self._table, self._queue, self._work, self._shared = table, queue, work, shared
        self.seconds_per_mask = 0.0
        self._begun = np.zeros(len(table), dtype=bool)

    def next_batch(self, in_flight: Sequence[Batch]) -> Batch | None:
        """Return the next batch, and add its cost to the total.

        It is empty if other processes have claimed all of it, and None if no batch may begin.
        """
        batch = self._queue.take(perf_counter())
        if batch is None or not self._shorten(batch, in_flight):
            return None
        stored = self._table.n_stored
        batch.claim, batch.rows, others = self._table.claim(batch.rows)
        self._shared.bar.total -= self._table.n_stored - stored
        if len(others):
            self._queue.put_back(others, batch.failures, perf_counter() + _POLL)
        if len(batch.rows):
            self._shared.limits.cost += float(self._price(batch.rows).sum())
            self._shared.limits.again += int(self._begun[batch.rows].sum())
            self._begun[batch.rows] = True
        else:
            self._table.release(batch.claim)
        return batch

    def refund(self, rows: IntArray) -> None:
        """Take rows whose evaluation was not begun from the total."""
        self._begun[rows] = False
        self._shared.limits.cost -= float(self._price(rows).sum())

    def _shorten(self, batch: Batch, in_flight: Sequence[Batch]) -> bool:
        """Return masks that the limits do not allow to the queue; tell whether any are left."""
        limits, rows = self._shared.limits, batch.rows
        ahead = sum(len(other.rows) for other in in_flight) / self._shared.runner.workers
        in_time = limits.in_time(len(rows), self.seconds_per_mask, ahead * self.seconds_per_mask)
        affordable = limits.affordable(self._price(rows))
        if in_time < 1:
            limits.end_for_time()
        elif affordable < 1:
            limits.end_for_cost()
        return len(self._queue.cut(batch, min(in_time, affordable)).rows) > 0

    def _price(self, rows: IntArray) -> FloatArray:
        return self._shared.queries.price * self._work[rows]
