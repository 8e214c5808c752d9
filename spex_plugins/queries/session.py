"""A session with a value function: a table of values, progress bar, deadline and cost limit for all calls."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from spex_plugins.errors import StoreError, ValueFunctionError
from spex_plugins.queries.answer_table import AnswerTable
from spex_plugins.queries.answers import Answers, keep_answers, note_of_answers
from spex_plugins.queries.calls.executors import concurrent_calls, make_runner
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.options import Queries
from spex_plugins.queries.scheduling.failures import Failure
from spex_plugins.queries.scheduling.mask_order import longest_first, work_of
from spex_plugins.queries.scheduling.scheduler import Scheduler
from spex_plugins.queries.scheduling.shared_state import SharedState
from spex_plugins.queries.store.fingerprint import fingerprint_of
from spex_plugins.queries.store.store import Store
from spex_plugins.queries.store.stored_answers import ReadOnlyAnswers
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["Session"]

_log = logging.getLogger(__name__)


class Session:
    """A context manager in which a value function is evaluated, in any number of calls of `ask`.

    No mask that has a value is evaluated again; time and cost limits apply to the session as a whole.

    Parameters
    ----------
    value_function : callable
        Maps masks, an ndarray of bool of shape (b, n), to values of shape (b,) or (b, K).
    queries : Queries
        Options of the calls.
    total : int, optional
        Number of masks in all calls of `ask`, for the progress bar. By default, every call adds its own.
    budget : int, optional
        Largest number of evaluations, except for retries. Where the function raises for a whole batch and
        ``on_failure`` is "drop", its masks are evaluated again one by one: these count too.
    repeat_bits : int
        How many columns of the masks, the last ones, are the number of a repeat: the store notes it, so that
        its export has the features alone.

    Raises
    ------
    InputError
        If a store is given, and neither the options nor the function have a fingerprint.

    Examples
    --------
    >>> import numpy as np
    >>> with Session(lambda masks: masks.sum(axis=1), Queries(progress=False)) as session:
    ...     session.ask(np.eye(3, dtype=bool)).values
    array([1., 1., 1.])
    """

    def __init__(
        self,
        value_function: ValueFunction,
        queries: Queries,
        total: int | None = None,
        *,
        budget: int | None = None,
        repeat_bits: int = 0,
    ) -> None:
        self._function, self._queries, self._total = value_function, queries, total
        self._budget = budget
        self._repeat_bits = repeat_bits
        has_store = queries.store is not None
        self._fingerprint = fingerprint_of(value_function, queries.fingerprint) if has_store else ""
        self._store: Store | None = None
        self._stored: ReadOnlyAnswers | None = None
        self._table: AnswerTable | None = None
        self._dropped: list[Failure] = []

    def __enter__(self) -> Session:
        queries = self._queries
        at_a_time = concurrent_calls(self._function, queries)
        if at_a_time > 1:
            queries = replace(queries, batch_size=1)
        may_hang = queries.timeout is not None
        runner = make_runner(self._function, queries.executor, may_hang=may_hang, at_a_time=at_a_time)
        if queries.store is not None:
            self._store = Store(queries.store)
        self._shared = SharedState.of(self._function, queries, runner, self._total, self._budget)
        self._limit_time(queries.max_seconds)
        return self

    def __exit__(self, *_: object) -> None:
        self._limit_time(None)
        self._shared.bar.close()
        if self._stored is not None:
            self._stored.close()
        if self._store is not None:
            self._store.close()

    @property
    def statement(self) -> str:
        """Description of dropped and repeated masks, and of a limit that ended the session; "" if none.

        It is saved with results, and therefore never quotes an exception: the errors of servers may contain
        keys and prompts.
        """
        parts = []
        if self._dropped:
            count = sum(len(failure.rows) for failure in self._dropped)
            parts.append(
                f"{counted(count, 'mask')} dropped, of which the first {_in_short(self._dropped[0])}"
            )
        limits = self._shared.limits
        if limits.again:
            instead = f", in place of {limits.given_up:,}" if limits.given_up else ""
            parts.append(f"{counted(limits.again, 'mask')} evaluated again{instead}, as calls failed")
        if self.limit:
            parts.append(f"ended early by {self.limit}")
        return "; ".join(parts)

    @property
    def has_ended(self) -> bool:
        """Whether a limit or the budget has been reached, so that no further mask is evaluated."""
        return bool(self.limit) or not self._shared.limits.evaluations_left

    @property
    def n_answered(self) -> int:
        """Number of masks with a value in this session, also where a call of `ask` was interrupted."""
        return 0 if self._table is None else int(self._table.answered.sum())

    @property
    def n_stored(self) -> int:
        """Number of those values that came from the store."""
        return 0 if self._table is None else self._table.n_stored

    @property
    def limit(self) -> str:
        """The limit of time or cost that was reached, in words; "" if none was."""
        return self._shared.limits.reached

    @property
    def has_store(self) -> bool:
        """Whether values are kept in a store."""
        return self._store is not None

    def stored_masks(self, n: int) -> BoolArray:
        """Return the masks that have a value in the store.

        Parameters
        ----------
        n : int
            Number of features.

        Returns
        -------
        ndarray of bool, shape (k, n)
            Empty without a store.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        stored = self._opened(n).stored
        packed = np.zeros((0, -(-n // 8)), dtype=np.uint8) if stored is None else stored.masks()
        return np.unpackbits(packed, axis=1, count=n).astype(bool)

    def designs(self, n: int) -> dict[str, bytes]:
        """Return the designs that were kept in the store for this function.

        Parameters
        ----------
        n : int
            Number of features.

        Returns
        -------
        dict of str to bytes
            By key, oldest first.

        Raises
        ------
        StoreError
            If the store cannot be read.
        """
        stored = self._opened(n).stored
        return {} if stored is None else stored.designs()

    def keep_design(self, n: int, key: str, design: bytes) -> bytes:
        """Keep a design in the store, unless one was kept under its key before.

        Parameters
        ----------
        n : int
            Number of features.
        key : str
            Digest of what the design was chosen from.
        design : bytes
            See `spex_plugins.core.designs.design_record`.

        Returns
        -------
        bytes
            The design that the store has, or the given one without a store that can be written.

        Raises
        ------
        StoreError
            If the store cannot be written.
        """
        stored = self._opened(n).stored
        return design if stored is None else stored.keep_design(key, design)

    def ask(self, masks: BoolArray) -> Answers:
        """Return the values of masks; only those without a value in this session or its store are evaluated.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            True for a feature that is kept; n is the same in all calls. Masks may repeat.

        Returns
        -------
        Answers
            Values of shape (m,) or (m, K), and a flag for each of them that is False if it is missing.

        Raises
        ------
        ValueFunctionError
            If the function fails and ``on_failure`` is "raise". Its attributes ``masks`` and ``values`` hold
            all values of this session.
        InputError
            If the store has this fingerprint for a function of another number of features, or if the method
            ``work`` of the value function does not return one number per mask.
        StoreError
            If the store fails. Pending calls are completed first; the error has the attributes ``masks`` and
            ``values`` too.
        KeyboardInterrupt
            If the user stops the run; it has the attributes ``masks`` and ``values`` too.
        """
        try:
            table = self._opened(masks.shape[1])
            before, stored_before = len(table), table.n_stored
            rows = table.add(masks)
            missing = table.open_rows(rows)
        except StoreError as error:
            keep_answers(error, *self._answers())
            raise
        new = len(table) - before if self._total is None else 0
        self._shared.bar.total += new - (table.n_stored - stored_before)
        if len(missing):
            self._ask(table, missing)
        stored = table.n_stored - stored_before
        return Answers(table.values[rows], table.answered[rows], stored, table.dropped[rows])

    def _limit_time(self, seconds: float | None) -> None:
        """Tell the time limit to a value function that may wait inside a call, such as for a service."""
        if self._queries.max_seconds is not None and hasattr(self._function, "limit_time"):
            self._function.limit_time(seconds)

    def _ask(self, table: AnswerTable, missing: IntArray) -> None:
        """Evaluate the rows of a table that have no value."""
        work = work_of(self._function, table.masks, missing)
        limits = self._shared.limits
        affordable = limits.affordable(self._queries.price * work[missing])
        chosen = missing[: min(affordable, limits.evaluations_left)]
        limits.evaluated += len(chosen)
        order = longest_first(chosen, work, timed=self._queries.max_seconds is not None)
        scheduler = Scheduler(table, order, work, self._shared)
        try:
            scheduler.run()
        except BaseException as error:
            keep_answers(error, *self._answers())
            raise
        self._drop(table, scheduler.dropped)
        if scheduler.failure is not None:
            raise self._error(table.masks[scheduler.failure.rows], scheduler.failure)
        if affordable < len(missing):
            limits.end_for_cost()

    def _drop(self, table: AnswerTable, dropped: list[Failure]) -> None:
        if dropped and not self._dropped:
            _log.warning("masks are dropped: the value function %s", dropped[0].problem)
        for failure in dropped:
            table.drop(failure.rows)
        self._dropped += dropped

    def _opened(self, n: int) -> AnswerTable:
        """Return the table of this session; the first call, which defines n, creates it."""
        if self._table is None:
            if self._store is not None:
                self._stored = self._store.run(
                    self._fingerprint, n, self._queries.description, repeat_bits=self._repeat_bits
                )
            self._table = AnswerTable(n, self._stored)
        return self._table

    def _answers(self) -> tuple[BoolArray, FloatArray]:
        return (AnswerTable(0) if self._table is None else self._table).answers()

    def _error(self, failed: BoolArray, failure: Failure) -> ValueFunctionError:
        masks, values = self._answers()
        name = getattr(self._function, "argument_name", "value_function")  # as the user of a host knows it
        error = ValueFunctionError(
            f"{name} {failure.problem} {note_of_answers(len(masks))}",
            masks=masks,
            values=values,
            failed_masks=failed,
            failed_values=failure.values,
        )
        error.__cause__ = failure.cause
        return error


def _in_short(failure: Failure) -> str:
    """Return the description of a failure; of an exception only its type."""
    return failure.problem.rstrip(".") if failure.cause is None else f"raised {type(failure.cause).__name__}"
