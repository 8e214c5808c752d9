"""Choice of the runner for an executor."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor

from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.calls.runners.dask_runner import DaskRunner
from spex_plugins.queries.calls.runners.local_runners import (
    DirectRunner,
    ThreadPerCallRunner,
    ThreadPoolRunner,
)
from spex_plugins.queries.calls.runners.process_runner import ProcessPoolRunner
from spex_plugins.queries.calls.runners.runner import Runner
from spex_plugins.queries.options import Queries

__all__ = ["concurrent_calls", "make_runner"]


def concurrent_calls(value_function: ValueFunction, queries: Queries) -> int:
    """Return how many calls of single masks are made at a time in threads of this process.

    A value function says so by its attribute ``concurrent_calls``. Each answer is kept as it comes, and the
    next call begins, where a batch would wait for its slowest call. A batch size or an executor that the user
    chose is used instead.
    """
    if queries.executor is not None or queries.batch_size is not None:
        return 1
    wished = getattr(value_function, "concurrent_calls", 1)
    return wished if type(wished) is int and wished > 1 else 1


def make_runner(
    value_function: ValueFunction, executor: Executor | None, *, may_hang: bool, at_a_time: int = 1
) -> Runner:
    """Return the runner for an executor.

    Parameters
    ----------
    value_function : callable
    executor : concurrent.futures.Executor, distributed.Client or None
        None for calls in this process.
    may_hang : bool
        Whether a call in this process needs a thread of its own, which can be abandoned.
    at_a_time : int
        Number of calls at a time where there is no executor.

    Raises
    ------
    InputError
        If the executor is not of the current Dask client, or the function cannot be sent to other processes.
    """
    if executor is None:
        in_threads = may_hang or at_a_time > 1
        return ThreadPerCallRunner(value_function, at_a_time) if in_threads else DirectRunner(value_function)
    if isinstance(executor, ThreadPoolExecutor):
        return ThreadPoolRunner(value_function, executor)
    if type(executor).__module__.partition(".")[0] == "distributed":
        return DaskRunner(value_function, executor)
    return ProcessPoolRunner(value_function, executor)
