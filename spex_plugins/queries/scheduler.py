"""One round of questions: batches begin, end, fail, are tried again; answers are kept as they come."""

from __future__ import annotations

from dataclasses import replace
from time import perf_counter

import numpy as np

from spex_plugins.errors import PartialAnswerError
from spex_plugins.queries.answer_table import Desk
from spex_plugins.queries.batch_queue import Batch, Pending
from spex_plugins.queries.calls import retry_policy as faults
from spex_plugins.queries.calls.batch_outcome import Verdict, judge
from spex_plugins.queries.calls.function_call import Outcome
from spex_plugins.queries.in_flight import InFlight
from spex_plugins.queries.shared_state import Failure, Tools
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Round"]

_POLL = 0.1  # seconds between looks at what other processes have answered
_LOOK = 1.0  # seconds after which a signal is seen that came just before waiting began
_CHECK = 5.0  # seconds without news after which the executor is looked at
_LEAST_GRACE, _LONGEST_GRACE = 2.0, 60.0  # seconds for what runs when the user interrupts


class Round:
    """The masks of a desk that have no answer yet, in a given order.

    Attributes
    ----------
    failure : Failure or None
        What ended the round.
    """

    def __init__(self, desk: Desk, order: IntArray, work: FloatArray, tools: Tools) -> None:
        self.failure: Failure | None = None
        self._dropped: list[Failure] = []
        self._desk, self._work, self._tools = desk, work, tools
        self._pending = Pending(order, tools.sizes, tools.runner.workers)
        self._flights = InFlight(tools.runner)
        self._pause_until = 0.0
        self._seconds_per_mask = 0.0
        self._longest = 0.0
        self._last_news = perf_counter()
        self._interrupted = False

    def run(self) -> None:
        """Ask until everything is answered, dropped, or beyond a limit; or until something fails."""
        try:
            while self._begin() or self._flights or self._waiting():
                if self._flights:
                    self._end()
            self._settle_ended()
            self._desk.check()
        except BaseException as error:  # Ctrl-C, above all
            self._interrupted = True
            try:
                self._wait_for_what_runs()
            finally:  # the user may interrupt that too
                self._finish(error)
            raise

    @property
    def dropped(self) -> list[Failure]:
        """What the round went on without."""
        missing = [replace(one, rows=self._missing(one.rows)) for one in self._dropped]
        return [one for one in missing if len(one.rows)]

    def _begin(self) -> bool:
        """Hand over as many batches as may be in flight; tell whether there was any."""
        begun = False
        while len(self._flights) < self._tools.in_flight and (batch := self._next_batch()):
            self._submit(batch)
            begun = True
        return begun

    def _submit(self, batch: Batch, *, carry: bool = False) -> None:
        batch.deadline = np.inf
        try:
            self._flights.submit(batch, self._desk.masks[batch.rows], carry=carry)
        except Exception as error:  # the executor is broken or shut down
            self._desk.release(batch.claim)
            self._fail(Failure(batch.rows, Verdict.failed(error, len(batch.rows)).problem, error))

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
        ahead = sum(len(other.rows) for other in self._flights.batches) / self._tools.runner.workers
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

    def _missing(self, rows: IntArray) -> IntArray:
        return rows[~self._desk.answered[rows]]

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
        self._flights.wait(min(pause, _LOOK))
        self._settle_ended()  # a late answer may make the next try superfluous
        return True

    def _ready(self) -> float:
        return max(self._pause_until, self._pending.ready())

    def _end(self) -> None:
        """Wait for a batch to end, and see to all that have."""
        now = perf_counter()
        timeout = self._tools.queries.timeout
        running = self._flights.running
        for batch in running if timeout else ():
            batch.deadline = min(batch.deadline, now + (timeout or 0.0))
        until = min(batch.deadline for batch in running)
        if self._pending and not self._over() and len(self._flights) < self._tools.in_flight:
            until = min(until, max(self._ready(), now + 0.01))
        self._flights.wait(min(max(0.0, until - now), _LOOK))
        if self._settle_ended():
            self._last_news = perf_counter()
        for batch in self._flights.expire(perf_counter()):
            self._desk.release(batch.claim)
            error = TimeoutError(f"no answer within {timeout:g} seconds")
            self._fault(batch, batch.rows, Verdict.failed(error, len(batch.rows)))
        if perf_counter() - self._last_news > _CHECK:
            self._last_news = perf_counter()
            self._check_runner()

    def _check_runner(self) -> None:
        """End the round where the executor can answer no more, and nothing will say so."""
        if problem := self._tools.runner.check():
            for batch in self._flights.batches:
                self._flights.drop(batch)
                self._desk.release(batch.claim)
                self._fail(Failure(batch.rows, problem, None))

    def _settle_ended(self) -> int:
        """See to all batches that have ended, and return how many there were."""
        count = 0
        for batch, outcome in self._flights.ended():
            count += 1
            self._settle(batch, outcome)
        return count

    def _settle(self, batch: Batch, outcome: Outcome) -> None:
        """Keep the answers of a batch; see what to do with the rest."""
        if outcome is None:
            if not (self._interrupted or batch.is_late):
                self._submit(batch, carry=True)
            return
        verdict = judge(outcome, len(batch.rows), self._desk.outputs)
        new = verdict.answered & ~self._desk.answered[batch.rows]
        if new.any():
            self._desk.keep(batch.claim, batch.rows[new], verdict.values[new])
            self._tools.bar.update(int(new.sum()))
        else:
            self._desk.release(batch.claim)
        if isinstance(outcome, BaseException) and not isinstance(outcome, Exception):
            raise outcome  # it means to end the program
        if verdict.seconds is not None:
            self._longest = max(self._longest, verdict.seconds)
            self._seconds_per_mask = verdict.seconds / len(batch.rows)
            self._tools.sizes.note(len(batch.rows), verdict.seconds)
        if batch.is_late:
            self._drop_what_is_answered()
            return
        missing = self._missing(batch.rows)
        if len(missing):
            self._fault(batch, missing, verdict)

    def _drop_what_is_answered(self) -> None:
        """Ask and wait no longer for masks whose answers came late from an earlier try."""
        self._pending.drop(self._desk.answered)
        for batch in self._flights.batches:
            if not len(self._missing(batch.rows)):
                self._flights.drop(batch)
                self._desk.release(batch.claim)

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
            returned = verdict.values[np.isin(batch.rows, rows)] if verdict.blames and not error else None
            self._fail(Failure(rows, verdict.problem, error, returned))
        elif len(rows) > 1 and not verdict.blames:
            for half in np.array_split(rows, 2):  # to find the mask to blame
                self._pending.put_back(half, batch.failures)
        else:
            self._dropped.append(Failure(rows, verdict.problem, error))
            count = sum(len(one.rows) for one in self._dropped)
            self._tools.bar.set_postfix_str(f"{count} dropped", refresh=False)

    def _fail(self, failure: Failure) -> None:
        self.failure = self.failure or failure

    def _wait_for_what_runs(self) -> None:
        """Wait a moment for what has begun and will be paid for, and ask nothing more."""
        self._flights.call_off()
        until = perf_counter() + min(max(self._longest, _LEAST_GRACE), _LONGEST_GRACE)
        self._keep_ended()
        if self._flights:
            self._tools.bar.set_postfix_str("waiting for calls under way; interrupt again to leave them")
        while self._flights and (left := until - perf_counter()) > 0:
            self._flights.wait(min(left, _LOOK))
            self._keep_ended()

    def _finish(self, error: BaseException) -> None:
        """Keep what has been answered, on the disk too if it can be written."""
        self._keep_ended()
        self._desk.flush()
        if self._desk.failure not in (None, error):
            error.add_note(f"Not all answers could be stored: {self._desk.failure}")

    def _keep_ended(self) -> None:
        """Keep the answers of batches that have ended, whatever else happened to them."""
        for batch, outcome in self._flights.ended():
            if outcome is not None:
                verdict = judge(outcome, len(batch.rows), self._desk.outputs)
                self._desk.note(batch.rows[verdict.answered], verdict.values[verdict.answered])
