"""Calls of a user's function, synchronous or asynchronous, several at a time, whose results are all kept."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Condition
from time import perf_counter
from typing import Any

import numpy as np

from spex_plugins.errors import InputError, PartialAnswerError
from spex_plugins.games.chat.errors.api_errors import RefusedError, can_be_answered_later
from spex_plugins.games.common import background_loop
from spex_plugins.queries.calls.retry_policy import is_transient
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["CallResults", "call_each", "raise_problem"]


@dataclass
class CallResults:
    """What calls returned.

    Attributes
    ----------
    results : list
        In the order of the inputs; None where there is none.
    problem : BaseException or None
        The first error; after it, no call was begun.
    seconds : list of float
        Duration of every call that has a result.
    unread : bool
        Whether the problem is that of a result that could not be read.
    failed_at : set of int
        The calls that failed, and those whose result could not be read; calls that have neither a result nor
        failed were not begun. Empty where a problem has another cause, such as an interrupt.
    """

    results: list[Any]
    problem: BaseException | None = None
    seconds: list[float] = field(default_factory=list)
    failed_at: set[int] = field(default_factory=set)
    unread: bool = False
    ended: bool = field(default=False, repr=False)

    def succeeded(self, i: int, result: Any, start: float) -> None:
        """Keep the result of a call that began at ``start`` of the performance counter."""
        if result is None:
            raise TypeError("the function returned None instead of a result.")
        self.results[i], self.seconds[i] = result, perf_counter() - start

    def failed(self, i: int, error: BaseException) -> None:
        """Take note of a call that failed and begin nothing more."""
        self.problem = self.problem or error
        self.failed_at.add(i)
        self.ended = True

    def read(self, reader: Callable[[Any], Any]) -> list[Any]:
        """Return what a reader makes of every result; where it fails, None, and that is the problem."""
        found: list[Any] = [None] * len(self.results)
        for i, result in enumerate(self.results):
            try:
                found[i] = None if result is None else reader(result)
            except Exception as error:
                self.unread |= self.problem is None
                self.problem = self.problem or error
                self.failed_at.add(i)
            except (KeyboardInterrupt, SystemExit) as interrupt:
                self.problem = interrupt
                break
        return found

    def end(self) -> None:
        """Begin nothing more."""
        self.ended = True


def call_each(
    function: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], concurrency: int
) -> CallResults:
    """Call a function once with each of several tuples of arguments.

    Parameters
    ----------
    function : callable
        One that is asynchronous, or returns an awaitable, runs in the event loop of this package.
    inputs : sequence of tuple
    concurrency : int
        Calls at a time; those of a synchronous function run in threads if there are several.

    Returns
    -------
    CallResults
        Also after an error or an interrupt, which is its ``problem``.
    """
    done = CallResults([None] * len(inputs), seconds=[0.0] * len(inputs))
    try:
        if _is_async(function):
            background_loop.run(_gather(function, inputs, concurrency, done), done.end)
        elif concurrency == 1:
            for i in range(len(inputs)):
                _call(function, inputs, i, done)
        else:
            _in_threads(function, inputs, concurrency, done)
    except (KeyboardInterrupt, SystemExit) as error:
        done.problem = error
    return done


def _in_threads(
    function: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], concurrency: int, done: CallResults
) -> None:
    """Call in threads, and wait for the calls under way also where an interrupt comes.

    The pool waits for the threads that it has registered. An interrupt may come between the start of one and
    its registration, so that what it does is waited for here.
    """
    idle = Condition()
    running = 0

    def call(i: int) -> None:
        nonlocal running
        with idle:
            if done.ended:
                return
            running += 1
        try:
            _call(function, inputs, i, done)
        finally:
            with idle:
                running -= 1
                idle.notify_all()

    try:
        with ThreadPoolExecutor(concurrency) as pool:
            list(pool.map(call, range(len(inputs))))
    finally:
        with idle:
            done.end()
            idle.wait_for(lambda: running == 0)


def raise_problem(
    problem: BaseException | None,
    values: FloatArray,
    answered: BoolArray,
    failed: BoolArray,
    *,
    proven: bool,
    before: bool = False,
) -> None:
    """Raise what prevented values, with those that are known.

    Parameters
    ----------
    problem : BaseException or None
        Nothing is raised for None. It is raised as it is where it prevented all values, unless it may pass or
        concerns these masks alone; an error of programming concerns all.
    values : ndarray of float64, shape (b,) or (b, K)
    answered, failed : ndarray of bool, shape (b,)
        Masks that have a value, and masks that were asked without one; if there are none of the latter, the
        problem concerns all masks.
    proven : bool
        Whether the problem is a result of no use of a function that gave usable ones before: it concerns its
        masks alone.
    before : bool
        Whether the function gave usable results before: an error that does not tell whether it passes
        concerns its masks alone too, and may.
    """
    if problem is None:
        return
    failed = failed if failed.any() else ~answered
    concerns_all = failed.all() or (is_transient(problem) is False and not answered.any())
    unclear = before and is_transient(problem) is None
    alone = isinstance(problem, RefusedError) or (proven and isinstance(problem, InputError)) or unclear
    if concerns_all and not can_be_answered_later(problem) and not alone:
        raise problem
    text = f"{type(problem).__name__}: {problem}".removesuffix(": ")
    missing = int(len(values) - np.sum(answered))
    partial = PartialAnswerError(
        f"{missing:,} of {counted(len(values), 'mask')} were not answered: {text}",
        values=values,
        answered=answered,
        failed=failed,
        transient=_may_pass(problem, others=before or bool(answered.any())),
    )
    if isinstance(problem, Exception):
        raise partial from problem
    raise problem from partial  # an interrupt: the session keeps the answers in it


def _may_pass(problem: BaseException, *, others: bool) -> bool | None:
    """Return whether another attempt may succeed: it may after an unknown error if others were answered."""
    known = True if can_be_answered_later(problem) else is_transient(problem)
    return True if known is None and others else known


def _is_async(function: Any) -> bool:
    called = getattr(function, "func", function)  # of functools.partial
    return inspect.iscoroutinefunction(called) or inspect.iscoroutinefunction(
        getattr(called, "__call__", None)  # noqa: B004
    )


def _call(function: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], i: int, done: CallResults) -> None:
    if done.ended:
        return
    start = perf_counter()
    try:
        result = function(*inputs[i])
        waited = background_loop.run(_awaited(result)) if inspect.isawaitable(result) else result
        done.succeeded(i, waited, start)
    except Exception as error:
        done.failed(i, error)


async def _awaited(result: Any) -> Any:
    return await result


async def _gather(
    function: Callable[..., Any], inputs: Sequence[tuple[Any, ...]], concurrency: int, done: CallResults
) -> None:
    waiting = iter(range(len(inputs)))

    async def work() -> None:
        while not done.ended and (i := next(waiting, None)) is not None:
            start = perf_counter()
            try:
                done.succeeded(i, await function(*inputs[i]), start)
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if task is None or task.cancelling():
                    raise
                done.failed(i, RuntimeError("the function's own task was cancelled."))
            except Exception as error:
                done.failed(i, error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(concurrency, len(inputs))):
            group.create_task(work())
