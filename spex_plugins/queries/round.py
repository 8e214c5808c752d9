"""One round of questions: batches begin, end, fail, are tried again; answers are kept as they come."""

from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, wait
from time import perf_counter, sleep

import numpy as np

from spex_plugins.errors import PartialAnswerError
from spex_plugins.queries import faults
from spex_plugins.queries.desk import Desk
from spex_plugins.queries.pending import Batch, Pending
from spex_plugins.queries.replies import Reply
from spex_plugins.queries.tools import Failure, Tools
from spex_plugins.queries.verdict import Verdict, judge
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Round"]

_POLL = 0.1  # seconds between looks at what other processes have answered


class Round:
    """The masks of a desk that have no answer yet, in a given order.

    Attributes
    ----------
    failure : Failure or None
        What ended the round.
    dropped : list of Failure
        What the round went on without.
    """

    def __init__(self, desk: Desk, order: IntArray, work: FloatArray, tools: Tools) -> None:
        self.failure: Failure | None = None
        self.dropped: list[Failure] = []
        self._desk, self._work, self._tools = desk, work, tools
        self._pending = Pending(order, tools.sizes, tools.runner.workers)
        self._running: dict[Future[Reply | None], Batch] = {}
        self._pause_until = 0.0
        self._seconds_per_mask = 0.0

    def run(self) -> None:
        """Ask until everything is answered, dropped, or beyond a limit; or until something fails."""
        try:
            while self._begin() or self._running or self._waiting():
                if self._running:
                    self._end()
            self._desk.check()
        except BaseException:  # Ctrl-C, above all
            self._abandon()
            raise

    def _begin(self) -> bool:
        """Hand over as many batches as may be in flight; tell whether there was any."""
        begun = False
        while len(self._running) < self._tools.in_flight and (batch := self._next_batch()):
            self._submit(batch)
            begun = True
        return begun

    def _submit(self, batch: Batch, *, carry: bool = False) -> None:
        batch.deadline = np.inf
        try:
            future = self._tools.runner.submit(self._desk.masks[batch.rows], carry=carry)
        except Exception as error:  # the executor is broken or shut down
            self._desk.release(batch.claim)
            self._fail(batch.rows, Verdict.failed(error, len(batch.rows)))
        else:
            self._running[future] = batch

    def _next_batch(self) -> Batch | None:
        while not self._over() and perf_counter() >= self._pause_until:
            batch = self._pending.take(perf_counter())
            if batch is None or not self._shorten(batch):
                return None
            stored = self._desk.n_stored
            batch.claim, batch.rows, others = self._desk.claim(batch.rows)
            self._tools.bar.total -= self._desk.n_stored - stored
            if len(others):
                self._pending.put_back(others, batch.failures, perf_counter() + _POLL)
            if len(batch.rows):
                self._tools.limits.cost += float(self._price(batch.rows).sum())
                return batch
            self._desk.release(batch.claim)
        return None

    def _shorten(self, batch: Batch) -> bool:
        """Keep what the limits allow; the rest waits (and is never asked for if the run ends)."""
        limits, rows = self._tools.limits, batch.rows
        ahead = sum(len(other.rows) for other in self._running.values()) / self._tools.runner.workers
        in_time = limits.in_time(len(rows), self._seconds_per_mask, ahead * self._seconds_per_mask)
        paid = limits.affordable(self._price(rows))
        possible = min(in_time, paid)
        if in_time < 1:
            limits.end_for_time()
        elif paid < 1:
            limits.end_for_cost()
        return len(self._pending.cut(batch, possible).rows) > 0

    def _price(self, rows: IntArray) -> FloatArray:
        return self._tools.queries.price * self._work[rows]

    def _over(self) -> bool:
        failed = self.failure is not None or self._desk.failure is not None
        return failed or bool(self._tools.limits.reached)

    def _waiting(self) -> bool:
        """Wait until a batch may begin, if one may; called when none runs."""
        if self._over() or not self._pending:
            return False
        pause = max(0.0, self._ready() - perf_counter())
        if not self._tools.limits.allow_wait(pause):
            return False
        sleep(pause)
        return True

    def _ready(self) -> float:
        return max(self._pause_until, self._pending.ready())

    def _end(self) -> None:
        """Wait for a batch to end, and see to all that have. The oldest ones run, the others wait."""
        now = perf_counter()
        timeout = self._tools.queries.timeout
        oldest = list(self._running.values())[: self._tools.runner.workers]
        for batch in oldest if timeout else ():
            batch.deadline = min(batch.deadline, now + (timeout or 0.0))
        until = min(batch.deadline for batch in oldest)
        if self._pending and not self._over():
            free = len(self._running) < self._tools.in_flight
            until = min(until, max(self._ready(), now + 0.01)) if free else until
        done, _ = wait(self._running, max(0.0, until - now) if until < np.inf else None, FIRST_COMPLETED)
        for future in [future for future in self._running if future in done]:
            self._settle(self._running[future], future)
        for future, batch in list(self._running.items()):
            if batch.deadline <= perf_counter() and not future.done():
                future.cancel()
                del self._running[future]
                self._desk.release(batch.claim)
                error = TimeoutError(f"no answer within {timeout:g} seconds")
                self._fault(batch, batch.rows, Verdict.failed(error, len(batch.rows)))

    def _settle(self, batch: Batch, future: Future[Reply | None]) -> None:
        """Keep the answers of a batch; see what to do with the rest."""
        del self._running[future]
        try:
            reply = future.result()
        except Exception as error:
            verdict = judge(error, len(batch.rows), self._desk.outputs)
        else:
            if reply is None:
                self._submit(batch, carry=True)
                return
            verdict = judge(reply, len(batch.rows), self._desk.outputs)
        answered = batch.rows[verdict.answered]
        if len(answered):
            self._desk.keep(batch.claim, answered, verdict.values[verdict.answered])
            self._tools.bar.update(len(answered))
        else:
            self._desk.release(batch.claim)
        if verdict.seconds is not None:
            self._seconds_per_mask = verdict.seconds / len(batch.rows)
            self._tools.sizes.note(len(batch.rows), float(self._work[batch.rows].sum()), verdict.seconds)
        if not verdict.answered.all():
            self._fault(batch, batch.rows[~verdict.answered], verdict)

    def _fault(self, batch: Batch, rows: IntArray, verdict: Verdict) -> None:
        error = verdict.error
        told = error.retry_after if isinstance(error, PartialAnswerError) else None
        # Where the other side answers a few masks at a time and says when it takes more, nothing has failed.
        failures = max(1, batch.failures + (told is None or not verdict.answered.any()))
        now = perf_counter()
        if faults.is_out_of_memory(error) and len(rows) > 1:
            self._tools.sizes.shrink(len(batch.rows))
            self._pending.put_back(rows, batch.failures)
        elif faults.tries_again(error, failures, self._tools.queries.retries):
            pause = self._tools.waits.after(failures) if told is None else max(0.0, told)
            if told is not None:
                self._pause_until = max(self._pause_until, now + pause)  # it was said to all of us
            self._pending.put_back(rows, failures, now + pause)
        elif self._tools.queries.on_failure == "raise" or faults.is_fatal(error):
            self._fail(rows, verdict)
        elif len(rows) > 1 and not verdict.blames:
            for half in np.array_split(rows, 2):  # to find the mask to blame
                self._pending.put_back(half, batch.failures)
        else:
            self.dropped.append(Failure(rows, verdict.problem, error))
            count = sum(len(one.rows) for one in self.dropped)
            self._tools.bar.set_postfix_str(f"{count} dropped", refresh=False)

    def _fail(self, rows: IntArray, verdict: Verdict) -> None:
        self.failure = self.failure or Failure(rows, verdict.problem, verdict.error)

    def _abandon(self) -> None:
        """Keep what has been answered, and call the rest off."""
        for future, batch in list(self._running.items()):
            future.cancel()
            known = future.done() and not future.cancelled()
            if known and (future.exception() is not None or future.result() is not None):
                self._settle(batch, future)
        self._desk.flush()
