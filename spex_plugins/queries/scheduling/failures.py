"""Handling of masks without an answer: a retry, their omission, or the end of the run."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter

import numpy as np

from spex_plugins.errors import PartialAnswerError
from spex_plugins.queries.calls.batch_outcome import BatchOutcome
from spex_plugins.queries.calls.retry_policy import is_fatal, is_out_of_memory
from spex_plugins.queries.scheduling.batch_queue import Batch, BatchQueue
from spex_plugins.queries.scheduling.shared_state import SharedState
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Failure", "Failures"]


@dataclass(frozen=True, eq=False)
class Failure:
    """Masks that could not be answered.

    Attributes
    ----------
    rows : ndarray of int, shape (b,)
    problem : str
        Description of the failure, the end of a sentence about the value function.
    cause : BaseException or None
    values : ndarray of float64, shape (b,) or (b, K), or None
        What was returned for them, if anything.
    """

    rows: IntArray
    problem: str
    cause: BaseException | None
    values: FloatArray | None = None


class Failures:
    """Decides whether masks without an answer are retried or dropped, or end the run.

    Attributes
    ----------
    fatal : Failure or None
        The failure that ends the run.
    dropped : list of Failure
        Failures that do not end the run; late answers to their masks may still arrive.
    pause_until : float
        Earliest time of the next call, on the clock of `time.perf_counter`, if a service requested a pause,
        or more calls in a row have failed than are made at a time.
    """

    def __init__(self, queue: BatchQueue, shared: SharedState) -> None:
        self._queue, self._shared = queue, shared
        self.fatal: Failure | None = None
        self.dropped: list[Failure] = []
        self.pause_until = 0.0
        self._in_a_row = 0

    def answered(self) -> None:
        """Note an answer: the function does not fail altogether."""
        self._in_a_row = 0

    def end(self, failure: Failure) -> None:
        """End the run; of several failures the first is reported."""
        self.fatal = self.fatal or failure

    def handle(self, batch: Batch, rows: IntArray, outcome: BatchOutcome) -> None:
        """Queue rows of a batch again, drop them, or end the run."""
        error = outcome.error
        self._in_a_row += not outcome.answered.any()
        untried = np.zeros(0, dtype=int) if outcome.untried is None else batch.rows[outcome.untried]
        untried = untried[np.isin(untried, rows)]
        rows = rows[~np.isin(rows, untried)]
        retry_after = error.retry_after if isinstance(error, PartialAnswerError) else None
        # A service that answers some masks and states when it accepts more has not failed.
        failures = max(1, batch.failures + (retry_after is None or not outcome.answered.any()))
        if is_out_of_memory(error) and len(rows) > 1:
            self._shared.sizes.shrink(len(batch.rows))
            self._queue.put_back(rows, batch.failures)
        elif (delay := self._shared.retries.delay(error, failures)) is not None:
            if (
                self._in_a_row > self._shared.in_flight
            ):  # a function that fails altogether gets no other masks
                self.pause_until = max(self.pause_until, perf_counter() + delay)
            self._ask_again(rows, failures, delay, retry_after)
            self._ask_again(untried, batch.failures, delay, retry_after)
        elif self._shared.queries.on_failure == "raise" or is_fatal(error):
            unusable = outcome.isolates_failures and error is None
            returned = outcome.values[np.isin(batch.rows, rows)] if unusable else None
            self.end(Failure(rows, outcome.problem, error, returned))
        elif len(rows) > 1 and not outcome.isolates_failures:
            self._ask_alone(rows, batch.failures)
        else:
            self._ask_again(untried, batch.failures, 0.0, retry_after)
            self.dropped.append(Failure(rows, outcome.problem, error))
            count = sum(len(one.rows) for one in self.dropped)
            self._shared.bar.set_postfix_str(f"{count} dropped", refresh=False)

    def _ask_again(self, rows: IntArray, failures: int, delay: float, retry_after: float | None) -> None:
        """Queue rows again, after the delay that the service requested or, without one, the backoff delay."""
        now = perf_counter()
        if retry_after is not None:  # it holds for all batches
            delay = max(0.0, retry_after)
            self.pause_until = max(self.pause_until, now + delay)
        if len(rows):
            self._queue.put_back(rows, failures, now + delay)

    def _ask_alone(self, rows: IntArray, failures: int) -> None:
        """Queue rows of which some fail one by one, so that each is evaluated at most once more.

        They count against the budget, in place of masks that have not been evaluated. (Halves of a batch, and
        halves of these, would take fewer calls, and evaluate more masks.)
        """
        limits = self._shared.limits
        given_up = self._queue.give_up(max(0, len(rows) - limits.evaluations_left))
        limits.evaluated -= given_up
        allowed = rows[: limits.evaluations_left]
        limits.repeat(len(allowed), given_up + len(rows) - len(allowed))
        self._shared.bar.total -= given_up + len(rows) - len(allowed)
        self._shared.sizes.restart()
        for row in allowed:
            self._queue.put_back(row[None], failures)
