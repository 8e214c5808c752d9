"""Batches that were submitted to a runner, and their outcomes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError, Future
from contextlib import nullcontext
from threading import Event

from spex_plugins.queries.calls.function_call import CallOutcome
from spex_plugins.queries.calls.interrupts import interrupt_delayed
from spex_plugins.queries.calls.runners.runner import Runner
from spex_plugins.queries.scheduling.batch_queue import Batch
from spex_plugins.types import BoolArray

__all__ = ["InFlight"]

_LOOK = 1.0  # seconds; longest delay of a signal that arrives just before the wait begins


class InFlight:
    """The batches submitted to a runner; the oldest ones run, the others wait for a worker.

    A batch that misses its deadline is no longer counted, but its answer is used if it arrives later.
    """

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._batches: dict[Future[CallOutcome], Batch] = {}
        self._late: dict[Future[CallOutcome], Batch] = {}
        self._news = Event()

    def __len__(self) -> int:
        return len(self._batches)

    @property
    def batches(self) -> list[Batch]:
        """All batches, the oldest first."""
        return list(self._batches.values())

    @property
    def running(self) -> list[Batch]:
        """The batches that run, one for each worker."""
        return self.batches[: self._runner.workers]

    def submit(self, batch: Batch, masks: BoolArray, *, with_function: bool) -> None:
        """Submit a batch, together with the value function if a worker does not have it."""
        # An interrupt while a pool starts a thread must not lose the call that it makes.
        with nullcontext() if self._runner.calls_here else interrupt_delayed():
            future = self._runner.submit(masks, with_function=with_function)
            self._batches[future] = batch
            # `concurrent.futures.wait` does not return for futures that a pool cancels at its shutdown.
            future.add_done_callback(lambda _: self._news.set())

    def wait(self, seconds: float) -> None:
        """Wait until a batch has ended, at most for a number of seconds, and for one second at most."""
        self._news.wait(min(seconds, _LOOK))
        self._news.clear()

    def ended(self) -> Iterator[tuple[Batch, CallOutcome]]:
        """Return the batches that have ended; each is counted until the caller has processed it."""
        for batches in (self._batches, self._late):
            for future in [future for future in batches if future.done()]:
                yield batches[future], _outcome(future)
                batches.pop(future, None)

    def expire(self, now: float) -> list[Batch]:
        """Return the batches that missed their deadline; those that have begun may still be answered."""
        expired = [(future, batch) for future, batch in self._batches.items() if batch.deadline <= now]
        for future, batch in expired:
            if future.done():
                continue
            del self._batches[future]
            if not (self._runner.cancels_only_waiting and future.cancel()):
                batch.is_late = True
                self._late[future] = batch
        return [batch for future, batch in expired if future not in self._batches]

    def drop(self, batch: Batch) -> None:
        """Stop waiting for a batch."""
        for future in [future for future, other in self._batches.items() if other is batch]:
            del self._batches[future]
            future.cancel()

    def withdraw_waiting(self) -> list[Batch]:
        """Take back the batches that have not begun, where the runner can tell, and return them."""
        waiting = list(self._batches.items()) if self._runner.cancels_only_waiting else []
        withdrawn = [(future, batch) for future, batch in waiting if future.cancel()]
        for future, _ in withdrawn:
            del self._batches[future]
        return [batch for _, batch in withdrawn]

    def cancel_waiting(self) -> None:
        """Drop the batches that have not begun."""
        for place, (future, batch) in enumerate(list(self._batches.items())):
            if future.cancel() if self._runner.cancels_only_waiting else place >= self._runner.workers:
                self.drop(batch)


def _outcome(future: Future[CallOutcome]) -> CallOutcome:
    if future.cancelled():
        return CancelledError("the executor cancelled the call: it was shut down, or its worker is gone")
    error = future.exception()
    return future.result() if error is None else error
