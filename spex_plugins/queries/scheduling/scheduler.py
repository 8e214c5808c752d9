"""Evaluation of the batches of one call of `Session.ask`, with retries; all answers are kept."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from spex_plugins.queries.answer_table import AnswerTable
from spex_plugins.queries.calls.batch_outcome import BatchOutcome, read_outcome
from spex_plugins.queries.calls.function_call import CallOutcome
from spex_plugins.queries.scheduling.admission import Admission
from spex_plugins.queries.scheduling.batch_queue import Batch, BatchQueue
from spex_plugins.queries.scheduling.failures import Failure, Failures
from spex_plugins.queries.scheduling.in_flight import InFlight
from spex_plugins.queries.scheduling.interruption import finish_interrupted
from spex_plugins.queries.scheduling.shared_state import SharedState
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Scheduler"]

_CHECK = 5.0  # seconds without an ended batch after which the executor is checked


class Scheduler:
    """Evaluates rows of an answer table until all are answered or dropped, or a limit or a failure stops it.

    Parameters
    ----------
    table : AnswerTable
    order : ndarray of int
        The rows to evaluate, in this order.
    work : ndarray of float64, shape (M,)
        Work of every row of the table.
    shared : SharedState
    """

    def __init__(self, table: AnswerTable, order: IntArray, work: FloatArray, shared: SharedState) -> None:
        self._table, self._shared = table, shared
        self._queue = BatchQueue(order, shared.sizes, shared.runner.workers)
        self._failures = Failures(self._queue, shared)
        self._in_flight = InFlight(shared.runner)
        self._admission = Admission(table, self._queue, work, shared)
        self._longest = 0.0
        self._last_news = perf_counter()
        self._interrupted = False

    def run(self) -> None:
        """Evaluate until all masks are answered or dropped, a limit is reached, or a failure ends the run."""
        try:
            while self._begin() or self._in_flight or self._wait_to_begin():
                if self._in_flight:
                    self._wait_for_end()
            self._settle_ended()
            self._table.check()
        except BaseException as error:  # Ctrl-C, above all
            self._interrupted = True
            longest = np.inf if self._shared.awaits_calls else self._longest
            finish_interrupted(error, self._table, self._in_flight, longest, self._shared.bar)
            raise

    @property
    def failure(self) -> Failure | None:
        """The failure that ended the run, None if there was none."""
        return self._failures.fatal

    @property
    def dropped(self) -> list[Failure]:
        """The failures that did not end the run, with the masks that still have no answer."""
        missing = [replace(one, rows=self._missing(one.rows)) for one in self._failures.dropped]
        return [one for one in missing if len(one.rows)]

    def _begin(self) -> bool:
        """Submit as many batches as may be in flight; return whether there were any."""
        begun = False
        while len(self._in_flight) < self._shared.in_flight and (batch := self._next_batch()):
            self._submit(batch)
            begun = True
        return begun

    def _submit(self, batch: Batch, *, with_function: bool = False) -> None:
        batch.deadline = np.inf
        try:
            self._in_flight.submit(batch, self._table.masks[batch.rows], with_function=with_function)
        except Exception as error:  # the executor is broken or shut down
            self._table.release(batch.claim)
            self._failures.end(
                Failure(batch.rows, BatchOutcome.failed(error, len(batch.rows)).problem, error)
            )

    def _next_batch(self) -> Batch | None:
        while not self._over() and perf_counter() >= self._failures.pause_until:
            batch = self._admission.next_batch(self._in_flight.batches)
            if batch is None or len(batch.rows):
                return batch
        return None

    def _missing(self, rows: IntArray) -> IntArray:
        return rows[~self._table.answered[rows]]

    def _over(self) -> bool:
        failed = self._failures.fatal is not None or self._table.failure is not None
        return failed or bool(self._shared.limits.reached)

    def _wait_to_begin(self) -> bool:
        """Wait until a batch may begin; return whether one may. Called when none is in flight."""
        if self._over() or not self._queue:
            return False
        pause = max(0.0, self._ready() - perf_counter())
        if not self._shared.limits.allow_wait(pause):
            return False
        self._in_flight.wait(pause)
        self._settle_ended()  # a late answer may make the next call unnecessary
        return True

    def _ready(self) -> float:
        return max(self._failures.pause_until, self._queue.ready())

    def _wait_for_end(self) -> None:
        """Wait for a batch to end, and handle all that have ended or missed their deadline."""
        now = perf_counter()
        timeout = self._shared.queries.timeout
        running = self._in_flight.running
        for batch in running if timeout else ():
            batch.deadline = min(batch.deadline, now + (timeout or 0.0))
        left = self._shared.limits.seconds_left()
        until = min([now + left if left > 0 else np.inf, *(batch.deadline for batch in running)])
        if self._queue and not self._over() and len(self._in_flight) < self._shared.in_flight:
            until = min(until, max(self._ready(), now + 0.01))
        self._in_flight.wait(max(0.0, until - now))
        if self._settle_ended():
            self._last_news = perf_counter()
        if self._shared.limits.seconds_left() <= 0:
            self._withdraw()
        for batch in self._in_flight.expire(perf_counter()):
            self._table.release(batch.claim)
            error = TimeoutError(f"no answer within {timeout:g} seconds")
            self._failures.handle(batch, batch.rows, BatchOutcome.failed(error, len(batch.rows)))
        if perf_counter() - self._last_news > _CHECK:
            self._last_news = perf_counter()
            self._check_runner()

    def _withdraw(self) -> None:
        """Take back the calls that have not begun when the time is over: others took longer than expected."""
        for batch in self._in_flight.withdraw_waiting():
            self._table.release(batch.claim)
            self._admission.refund(batch.rows)
            self._shared.limits.end_for_time()

    def _check_runner(self) -> None:
        """End the run if the executor can no longer answer, which its futures do not show."""
        if problem := self._shared.runner.check():
            for batch in self._in_flight.batches:
                self._in_flight.drop(batch)
                self._table.release(batch.claim)
                self._failures.end(Failure(batch.rows, problem, None))

    def _settle_ended(self) -> int:
        """Handle all batches that have ended, and return how many there were."""
        count = 0
        for batch, ended in self._in_flight.ended():
            count += 1
            self._settle(batch, ended)
        return count

    def _settle(self, batch: Batch, ended: CallOutcome) -> None:
        """Keep the answers of a batch, and handle the masks without one."""
        if ended is None:
            if not (self._interrupted or batch.is_late):
                self._submit(batch, with_function=True)
            return
        outcome = read_outcome(ended, len(batch.rows), self._table.outputs)
        self._keep(batch, outcome)
        if outcome.untried is not None:
            self._admission.refund(batch.rows[outcome.untried])
        if isinstance(ended, BaseException) and not isinstance(ended, Exception):
            raise ended  # it is meant to end the program
        if outcome.seconds is not None:
            self._longest = max(self._longest, outcome.seconds)
            self._admission.seconds_per_mask = outcome.seconds / len(batch.rows)
            self._shared.sizes.note(len(batch.rows), outcome.seconds)
        if batch.is_late:
            self._drop_answered()
        elif len(missing := self._missing(batch.rows)):
            self._failures.handle(batch, missing, outcome)

    def _keep(self, batch: Batch, outcome: BatchOutcome) -> None:
        if outcome.answered.any():
            self._failures.answered()
        new = outcome.answered & ~self._table.answered[batch.rows]
        if new.any():
            self._table.keep(batch.claim, batch.rows[new], outcome.values[new])
            self._shared.bar.update(int(new.sum()))
        else:
            self._table.release(batch.claim)

    def _drop_answered(self) -> None:
        """Remove masks from the queue and from calls in flight that a late answer has made unnecessary."""
        self._queue.drop(self._table.answered)
        for batch in self._in_flight.batches:
            if not len(self._missing(batch.rows)):
                self._in_flight.drop(batch)
                self._table.release(batch.claim)
