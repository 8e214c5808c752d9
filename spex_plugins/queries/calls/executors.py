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

__all__ = ["make_runner"]


def make_runner(value_function: ValueFunction, executor: Executor | None, *, may_hang: bool) -> Runner:
    """Return the runner for an executor.

    Parameters
    ----------
    value_function : callable
    executor : concurrent.futures.Executor, distributed.Client or None
        None for calls in this process.
    may_hang : bool
        Whether a call in this process needs a thread of its own, which can be abandoned.

    Raises
    ------
    InputError
        If the executor is not of the current Dask client, or the function cannot be sent to other processes.
    """
    if executor is None:
        return ThreadPerCallRunner(value_function) if may_hang else DirectRunner(value_function)
    if isinstance(executor, ThreadPoolExecutor):
        return ThreadPoolRunner(value_function, executor)
    if type(executor).__module__.partition(".")[0] == "distributed":
        return DaskRunner(value_function, executor)
    return ProcessPoolRunner(value_function, executor)
