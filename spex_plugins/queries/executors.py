"""Where batches run: here, in a thread, or in the workers of an executor, sent once to each of them."""

from __future__ import annotations

import os
import pickle
from collections import OrderedDict
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from hashlib import sha256
from threading import Lock, Thread
from typing import Any, Protocol

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.replies import Reply, ValueFunction, call
from spex_plugins.types import BoolArray

__all__ = ["Runner", "runner_of"]

_FUNCTIONS_PER_WORKER = 2  # they may hold models


class Runner(Protocol):
    """A way to run batches; ``workers`` of them run at the same time."""

    workers: int

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Reply | None]:
        """Begin a batch. A worker that answers None needs the batch again, with the function (carry)."""
        ...


def runner_of(value_function: ValueFunction, executor: Executor | None, *, may_hang: bool) -> Runner:
    """Return the runner for an executor, or for this process (in threads of its own if a call may hang)."""
    if executor is None:
        return _Aside(value_function) if may_hang else _Here(value_function)
    if isinstance(executor, ThreadPoolExecutor):
        return _Threads(value_function, executor)
    if type(executor).__module__.partition(".")[0] == "distributed":
        return _Dask(value_function, executor)
    return _Processes(value_function, executor)


class _Here:
    """Calls the function at once."""

    workers = 1

    def __init__(self, value_function: ValueFunction) -> None:
        self._function = value_function

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Reply | None]:
        future: Future[Reply | None] = Future()
        try:
            future.set_result(call(self._function, masks))
        except Exception as error:
            future.set_exception(error)
        return future


class _Aside:
    """Calls the function in a thread that can be left alone when it hangs."""

    workers = 1

    def __init__(self, value_function: ValueFunction) -> None:
        self._here = _Here(value_function)

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Reply | None]:
        future: Future[Reply | None] = Future()
        future.set_running_or_notify_cancel()  # it cannot be called off any more, only left alone

        def run() -> None:
            done = self._here.submit(masks)
            error = done.exception()
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(done.result())

        Thread(target=run, daemon=True).start()
        return future


class _Threads:
    """Shares the function with the threads of a pool."""

    def __init__(self, value_function: ValueFunction, executor: Executor) -> None:
        self._function, self._executor = value_function, executor
        self.workers = _workers(executor)

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Reply | None]:
        return self._executor.submit(call, self._function, masks)


class _Processes:
    """Sends the function along only where a worker says that it does not have it yet."""

    def __init__(self, value_function: ValueFunction, executor: Executor) -> None:
        self._executor = executor
        self._pickled = _pickled(value_function)
        self._key = sha256(self._pickled).hexdigest()
        self.workers = _workers(executor)

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Reply | None]:
        function = self._pickled if carry else None
        return self._executor.submit(_call_kept, self._key, function, np.packbits(masks, axis=1), masks.shape)


class _Dask:
    """Scatters the function to all workers of a cluster, beforehand."""

    def __init__(self, value_function: ValueFunction, executor: Any) -> None:
        client = executor._client  # the executor of a client has no public way back to it
        self._executor = executor
        pickled = _pickled(value_function)
        self._key = sha256(pickled).hexdigest()
        self._pickled = client.scatter([pickled], broadcast=True, hash=False)[0]
        self.workers = max(1, sum(client.nthreads().values()))

    def submit(self, masks: BoolArray, *, carry: bool = False) -> Future[Reply | None]:
        packed = np.packbits(masks, axis=1)
        # Not pure: the same masks asked again after a failure are another task.
        return self._executor.submit(_call_kept, self._key, self._pickled, packed, masks.shape, pure=False)


_kept: OrderedDict[str, ValueFunction] = OrderedDict()
_lock = Lock()


def _call_kept(key: str, pickled: bytes | None, packed: Any, shape: tuple[int, int]) -> Reply | None:
    """Run in a worker: keep the function under its key, or say that it is missing."""
    with _lock:
        if key not in _kept and pickled is not None:
            _kept[key] = pickle.loads(pickled)
        function = _kept.get(key)
        if function is None:
            return None
        _kept.move_to_end(key)
        while len(_kept) > _FUNCTIONS_PER_WORKER:
            _kept.popitem(last=False)
    return call(function, np.unpackbits(packed, axis=1, count=shape[1]).astype(bool))


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
