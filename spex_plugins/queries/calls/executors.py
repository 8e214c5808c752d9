"""Where batches run: here, in a thread, or in the workers of an executor, sent once to each of them."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from hashlib import sha256
from threading import Thread
from time import monotonic
from typing import Any, Protocol
from uuid import uuid4
from warnings import catch_warnings, simplefilter

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.calls.function_call import Outcome, ValueFunction, call
from spex_plugins.queries.calls.worker import call_kept
from spex_plugins.types import BoolArray

__all__ = ["Runner", "runner_of"]

_NO_WORKERS = 60.0  # seconds that a cluster may be without workers, as while they are started anew


class Runner(Protocol):
    """A way to run batches.

    Attributes
    ----------
    workers : int
        So many batches run at the same time.
    calls_here : bool
        Whether `submit` makes the call itself, and returns when it has ended.
    knows_what_runs : bool
        Whether its futures can be cancelled only as long as they do not run.
    """

    workers: int
    calls_here: bool
    knows_what_runs: bool

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Outcome]:
        """Begin a batch. A worker that answers None needs the batch again, with the function (carry)."""
        ...

    def check(self) -> str:
        """Cancel futures that nobody will end, and tell why no others can; "" if nothing is wrong.

        Called when none has ended for a while.
        """
        ...


def runner_of(value_function: ValueFunction, executor: Executor | None, *, may_hang: bool) -> Runner:
    """Return the runner for an executor, or for this process (in threads of its own if a call may hang)."""
    if executor is None:
        return _Aside(value_function) if may_hang else _Here(value_function)
    if isinstance(executor, ThreadPoolExecutor):
        return _Threads(value_function, executor)
    if type(executor).__module__.partition(".")[0] == "distributed":
        if not hasattr(executor, "_client"):
            raise InputError("executor: is a Dask client; pass client.get_executor().")
        return _Dask(value_function, executor)
    return _Processes(value_function, executor)


class _Here:
    """Calls the function at once."""

    workers = 1
    calls_here = True
    knows_what_runs = True

    def __init__(self, value_function: ValueFunction) -> None:
        self._function = value_function

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Outcome]:
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # it cannot be called off any more
        self._call(future, masks)
        return future

    def check(self) -> str:
        return ""

    def _call(self, future: Future[Outcome], masks: BoolArray) -> None:
        try:
            reply = call(self._function, masks)
        except BaseException as error:  # an interrupt may come with answers too
            future.set_exception(error)
        else:
            future.set_result(reply)


class _Aside(_Here):
    """Calls the function in a thread that can be left alone when it hangs."""

    calls_here = False

    def _call(self, future: Future[Outcome], masks: BoolArray) -> None:
        Thread(target=super()._call, args=(future, masks), daemon=True).start()


class _Threads:
    """Shares the function with the threads of a pool."""

    calls_here = False
    knows_what_runs = True

    def __init__(self, value_function: ValueFunction, executor: Executor) -> None:
        self._function, self._executor = value_function, executor
        self.workers = _workers(executor)

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Outcome]:
        return self._executor.submit(call, self._function, masks)

    def check(self) -> str:
        return ""


class _Processes:
    """Sends the function along only where a worker says that it does not have it yet."""

    calls_here = False
    knows_what_runs = True

    def __init__(self, value_function: ValueFunction, executor: Executor) -> None:
        self._executor = executor
        self._pickled = _pickled(value_function)
        self._key = sha256(self._pickled).hexdigest()
        self.workers = _workers(executor)

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Outcome]:
        function = self._pickled if carry else None
        return self._submit(call_kept, self._key, function, np.packbits(masks, axis=1), masks.shape)

    def check(self) -> str:
        return ""

    def _submit(self, *task: Any) -> Future[Outcome]:
        return self._executor.submit(*task)


class _Dask(_Processes):
    """Does so in a cluster, whose workers may die and come back without the function.

    The function is part of a task rather than scattered: tasks that need data that died with a worker never
    end, all others are run again.
    """

    knows_what_runs = False  # a task that is cancelled may have begun, and its answer is lost

    def __init__(self, value_function: ValueFunction, executor: Any) -> None:
        super().__init__(value_function, executor)
        self._client = executor._client  # the executor of a client has no public way back to it
        self.workers = max(1, sum(self._client.nthreads().values()))
        self._deserted_since = np.inf
        self._tasks: dict[Future[Outcome], str] = {}
        self._lost: set[str] = set()

    def check(self) -> str:
        if self._client.status not in ("running", "connecting"):
            return f"cannot be called any more: the Dask client is {self._client.status}."
        tasks = list(self._tasks.items())
        lost = {key for _, key in tasks if self._is_lost(key)}
        for future, key in tasks:
            if key in lost & self._lost:  # at the last look too: no news of it is under way
                future.cancel()
        self._lost = lost
        deserted = not self._client.scheduler_info().get("workers")
        self._deserted_since = min(self._deserted_since, monotonic()) if deserted else np.inf
        if monotonic() - self._deserted_since < _NO_WORKERS:
            return ""
        return f"cannot be called any more: the Dask cluster has had no workers for {_NO_WORKERS:g} seconds."

    def _is_lost(self, key: str) -> bool:
        """Tell whether the client does not wait for a task any more, as after a restart of the cluster."""
        state = self._client.futures.get(key)
        return state is None or state.status in ("cancelled", "lost")

    def _submit(self, *task: Any) -> Future[Outcome]:
        key = f"spex-{uuid4().hex}"  # the same masks asked again after a failure are another task
        with catch_warnings():
            simplefilter("ignore", UserWarning)  # of large tasks: there is one for every worker
            submit: Any = self._executor.submit  # takes keywords of Dask's
            future = submit(*task, key=key, pure=False)
        self._tasks[future] = key
        future.add_done_callback(self._tasks.pop)
        self._deserted_since = np.inf
        return future


def _pickled(value_function: ValueFunction) -> bytes:
    """Pickle a function, by cloudpickle if it is there: that also takes lambdas and notebooks."""
    try:
        from cloudpickle import dumps
    except ImportError:
        dumps = pickle.dumps
    try:
        return bytes(dumps(value_function))
    except Exception as error:
        raise InputError(
            f"executor: the value function cannot be sent to other processes ({error}). Define it in a "
            "module, install cloudpickle, load its model on first use, or use a ThreadPoolExecutor."
        ) from error


def _workers(executor: Executor) -> int:
    workers = getattr(executor, "_max_workers", None)  # pools and loky agree on this name, none is public
    return workers if isinstance(workers, int) and workers > 0 else os.cpu_count() or 1
