"""A session with a value function: rounds of questions under one bar, one clock and one purse."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np

from spex_plugins.errors import StoreError, ValueFunctionError
from spex_plugins.queries.answer_memory import Memory
from spex_plugins.queries.answer_table import Desk
from spex_plugins.queries.batch_size import BatchSize
from spex_plugins.queries.calls.executors import runner_of
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.limits import Limits
from spex_plugins.queries.mask_order import longest_first, work_of
from spex_plugins.queries.options import Queries
from spex_plugins.queries.scheduler import Round
from spex_plugins.queries.shared_state import Failure, Tools
from spex_plugins.queries.store.fingerprint import fingerprint_of
from spex_plugins.queries.store.store import Store
from spex_plugins.queries.store.stored_answers import KnownAnswers
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Answers", "Session", "keep_answers"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to the masks of one round, in the order asked.

    Attributes
    ----------
    values : ndarray of float64, shape (m,) or (m, K)
        NaN where there is no answer.
    answered : ndarray of bool, shape (m,)
        False where a mask was dropped after failures, or a limit ended the run before its turn.
    n_stored : int
        How many came from the store; the value function answered the others.
    """

    values: FloatArray
    answered: BoolArray
    n_stored: int


class Session:
    """A context in which a value function is asked, any number of times.

    Parameters
    ----------
    value_function : callable
        Masks (b, n) to values (b,) or (b, K).
    queries : Queries
    total : int, optional
        Number of masks in all rounds, for the bar; by default the bar grows with every round.

    Examples
    --------
    >>> import numpy as np
    >>> with Session(lambda masks: masks.sum(axis=1), Queries(progress=False)) as session:
    ...     session.ask(np.eye(3, dtype=bool)).values
    array([1., 1., 1.])
    """

    def __init__(self, value_function: ValueFunction, queries: Queries, total: int | None = None) -> None:
        self._function, self._queries, self._total = value_function, queries, total
        stored = queries.store is not None
        self._fingerprint = fingerprint_of(value_function, queries.fingerprint) if stored else ""
        self._store: Store | None = None
        self._run: KnownAnswers | None = None
        self._memory = Memory()
        self._dropped: list[Failure] = []

    def __enter__(self) -> Session:
        queries = self._queries
        runner = runner_of(self._function, queries.executor, may_hang=queries.timeout is not None)
        if queries.store is not None:
            self._store = Store(queries.store)
        usual = getattr(self._function, "batch_size", None)
        usual = usual if type(usual) is int and usual > 0 else None  # or it means something else there
        sizes = BatchSize(queries.batch_size, usual, queries.timeout, queries.max_seconds)
        limits = Limits(queries.max_seconds, queries.max_cost)
        self._tools = Tools(queries, runner, sizes, limits, self._bar())
        return self

    def __exit__(self, *_: object) -> None:
        self._tools.bar.close()
        if self._run is not None:
            self._run.close()
        if self._store is not None:
            self._store.close()

    @property
    def statement(self) -> str:
        """What went otherwise than asked, in words; "" if nothing did.

        It becomes part of results that are saved and shown, and therefore never quotes an exception: servers
        put keys and prompts into their errors.
        """
        parts = []
        if self._dropped:
            count = sum(len(failure.rows) for failure in self._dropped)
            parts.append(f"{count} masks dropped, of which the first {_in_short(self._dropped[0])}")
        if self._tools.limits.reached:
            parts.append(f"ended early by {self._tools.limits.reached}")
        return "; ".join(parts)

    def ask(self, masks: BoolArray) -> Answers:
        """Ask for masks (m, n); those that were answered before in this session or store cost nothing.

        Raises
        ------
        ValueFunctionError
            If the function fails and failures are to be raised. Everything answered in this session is
            attached.
        StoreError
            If the store fails while answers come in; those that were under way are waited for, and everything
            is attached as ``masks`` and ``values``.
        KeyboardInterrupt
            If the user stops the run; it carries the answers as ``masks`` and ``values`` too.
        """
        new, place = self._memory.place(masks)
        try:
            desk = self._open(masks[new])
        except StoreError as error:
            keep_answers(error, *self._memory.answers())
            raise
        missing = np.flatnonzero(~desk.answered)
        work = work_of(self._function, desk.masks)
        timed = self._queries.max_seconds is not None
        paid = self._tools.limits.affordable(self._queries.price * work[missing])
        order = longest_first(missing[:paid], work, timed=timed)
        round_ = Round(desk, order, work, self._tools)
        try:
            round_.run()
        except BaseException as error:
            self._memory.learn(desk)
            keep_answers(error, *self._memory.answers())
            raise
        self._memory.learn(desk)
        if round_.dropped and not self._dropped:
            _log.warning("masks are dropped: the value function %s", round_.dropped[0].problem)
        self._dropped += round_.dropped
        if round_.failure is not None:
            raise self._error(desk.masks[round_.failure.rows], round_.failure)
        if paid < len(missing):
            self._tools.limits.end_for_cost()
        return Answers(*self._memory.at(place), desk.n_stored)

    def _bar(self) -> Any:
        """Return a bar: after a second, or at once with the title that a host's users expect."""
        from tqdm.auto import tqdm

        title = getattr(self._function, "progress_title", None)
        shown = {"desc": title, "delay": 0.0} if title else {"desc": "model calls", "delay": 1.0}
        return tqdm(total=self._total or 0, unit="call", disable=not self._queries.progress, **shown)

    def _open(self, masks: BoolArray) -> Desk:
        if self._store is not None and self._run is None:
            description = self._queries.description
            self._run = self._store.run(self._fingerprint, masks.shape[1], description)
        desk = Desk(masks, self._run, self._memory.outputs)
        self._tools.bar.total += (len(masks) if self._total is None else 0) - desk.n_stored
        return desk

    def _error(self, failed: BoolArray, failure: Failure) -> ValueFunctionError:
        masks, values = self._memory.answers()
        name = getattr(self._function, "argument_name", "value_function")  # as the user of a host knows it
        error = ValueFunctionError(
            f"{name} {failure.problem} {_kept(len(masks))}",
            masks=masks,
            values=values,
            failed_masks=failed,
            failed_values=failure.values,
        )
        error.__cause__ = failure.cause
        return error


def keep_answers(error: BaseException, masks: BoolArray, values: FloatArray) -> None:
    """Give an error that is not ours the answers that were paid for, as ``masks`` and ``values``."""
    vars(error).update(masks=masks, values=values)
    error.add_note(_kept(len(masks)))


def _in_short(failure: Failure) -> str:
    """Say what went wrong, of an exception only which."""
    return failure.problem.rstrip(".") if failure.cause is None else f"raised {type(failure.cause).__name__}"


def _kept(count: int) -> str:
    return (
        f"The {count} masks answered so far are in error.masks and error.values; "
        "spex_plugins.fit(error.masks, error.values) uses them."
        if count
        else "No mask had been answered before."
    )
