"""Batches that run in a Dask cluster."""

from __future__ import annotations

import sys
from concurrent.futures import Future
from time import monotonic
from typing import Any
from uuid import uuid4
from warnings import catch_warnings, simplefilter

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.calls.function_call import CallOutcome, ValueFunction
from spex_plugins.queries.calls.runners.process_runner import ProcessPoolRunner

__all__ = ["DaskRunner"]

_NO_WORKERS = 60.0  # seconds that a cluster may be without workers, for example during a restart


class DaskRunner(ProcessPoolRunner):
    """Runs batches in a cluster, whose workers may be restarted without the function.

    The function is part of a task rather than scattered data: tasks never end if the data that they need was
    lost with a worker, while tasks without such data are run again.

    Parameters
    ----------
    value_function : callable
    executor : distributed.Client or what its ``get_executor`` returns
        Of the current client.

    Raises
    ------
    InputError
        If an executor is that of another client.
    """

    cancels_only_waiting = False  # a cancelled task may be running, and its answer would be lost

    def __init__(self, value_function: ValueFunction, executor: Any) -> None:
        self._client = executor if hasattr(executor, "get_executor") else _client_of(executor)
        super().__init__(value_function, executor.get_executor() if self._client is executor else executor)
        self.workers = max(1, sum(self._client.nthreads().values()))
        self._no_workers_since = np.inf
        self._tasks: dict[Future[CallOutcome], str] = {}
        self._lost: set[str] = set()

    def check(self) -> str:
        if self._client.status not in ("running", "connecting"):
            return f"cannot be called any more: the Dask client is {self._client.status}."
        tasks = list(self._tasks.items())
        lost = {key for _, key in tasks if self._is_lost(key)}
        for future, key in tasks:
            if key in lost & self._lost:  # at the previous check too, so this is not a delayed message
                future.cancel()
        self._lost = lost
        no_workers = not self._client.scheduler_info().get("workers")
        self._no_workers_since = min(self._no_workers_since, monotonic()) if no_workers else np.inf
        if monotonic() - self._no_workers_since < _NO_WORKERS:
            return ""
        return f"cannot be called any more: the Dask cluster has had no workers for {_NO_WORKERS:g} seconds."

    def _is_lost(self, key: str) -> bool:
        """Return whether the client no longer waits for a task, as after a restart of the cluster."""
        state = self._client.futures.get(key)
        return state is None or state.status in ("cancelled", "lost")

    def _submit(self, *task: Any) -> Future[CallOutcome]:
        key = f"spex-{uuid4().hex}"  # a retry of the same masks is another task
        with catch_warnings():
            simplefilter("ignore", UserWarning)  # about large tasks: there is one for each worker
            submit: Any = self._executor.submit  # accepts keywords of Dask
            future = submit(*task, key=key, pure=False)
        self._tasks[future] = key
        future.add_done_callback(self._tasks.pop)
        self._no_workers_since = np.inf
        return future


def _client_of(executor: Any) -> Any:
    """Return the current Dask client, to which the executor must belong: it does not tell its client."""
    distributed: Any = sys.modules["distributed"]  # imported by whoever made the executor
    try:
        client = distributed.Client.current()
    except ValueError:  # there is none
        client = None
    key = f"spex-{uuid4().hex}"
    probe = None if client is None else executor.submit(int, key=key, pure=False)  # forgotten with its future
    if client is None or key not in client.futures:
        raise InputError("executor: is not of the current Dask client; pass the client itself.")
    del probe
    return client
