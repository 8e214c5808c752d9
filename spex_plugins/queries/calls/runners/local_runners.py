"""Batches that run in this process: in the calling thread, a thread per call, or the threads of a pool."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from threading import Thread

from spex_plugins.queries.calls.function_call import CallOutcome, ValueFunction, call_function
from spex_plugins.queries.calls.runners.runner import worker_count
from spex_plugins.types import BoolArray

__all__ = ["DirectRunner", "ThreadPerCallRunner", "ThreadPoolRunner"]


class DirectRunner:
    """Calls the function at once, in the calling thread."""

    workers = 1
    calls_here = True
    cancels_only_waiting = True

    def __init__(self, value_function: ValueFunction) -> None:
        self._function = value_function

    def submit(self, masks: BoolArray, *, with_function: bool = False) -> Future[CallOutcome]:
        future: Future[CallOutcome] = Future()
        future.set_running_or_notify_cancel()  # it can no longer be cancelled
        self._call(future, masks)
        return future

    def check(self) -> str:
        return ""

    def _call(self, future: Future[CallOutcome], masks: BoolArray) -> None:
        try:
            values = call_function(self._function, masks)
        except BaseException as error:  # an interrupt may carry answers too
            future.set_exception(error)
        else:
            future.set_result(values)


class ThreadPerCallRunner(DirectRunner):
    """Makes several calls at a time, each in a thread that can be abandoned if it does not end."""

    calls_here = False

    def __init__(self, value_function: ValueFunction, workers: int = 1) -> None:
        super().__init__(value_function)
        self.workers = workers

    def _call(self, future: Future[CallOutcome], masks: BoolArray) -> None:
        Thread(target=super()._call, args=(future, masks), daemon=True).start()


class ThreadPoolRunner:
    """Shares the function with the threads of a pool."""

    calls_here = False
    cancels_only_waiting = True

    def __init__(self, value_function: ValueFunction, executor: Executor) -> None:
        self._function, self._executor = value_function, executor
        self.workers = worker_count(executor)

    def submit(self, masks: BoolArray, *, with_function: bool = False) -> Future[CallOutcome]:
        return self._executor.submit(call_function, self._function, masks)

    def check(self) -> str:
        return ""
