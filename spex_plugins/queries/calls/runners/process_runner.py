"""Batches that run in other processes, each of which receives the value function once."""

from __future__ import annotations

import pickle
from concurrent.futures import Executor, Future
from hashlib import sha256
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.calls.function_call import CallOutcome, ValueFunction
from spex_plugins.queries.calls.runners.runner import worker_count
from spex_plugins.queries.calls.runners.worker import call_kept
from spex_plugins.types import BoolArray

__all__ = ["ProcessPoolRunner"]


class ProcessPoolRunner:
    """Runs batches in other processes; the function is sent only to workers that report that they lack it."""

    calls_here = False
    cancels_only_waiting = True

    def __init__(self, value_function: ValueFunction, executor: Executor) -> None:
        self._executor = executor
        self._pickled = _pickled(value_function)
        self._key = sha256(self._pickled).hexdigest()
        self.workers = worker_count(executor)

    def submit(self, masks: BoolArray, *, with_function: bool = False) -> Future[CallOutcome]:
        function = self._pickled if with_function else None
        return self._submit(call_kept, self._key, function, np.packbits(masks, axis=1), masks.shape)

    def check(self) -> str:
        return ""

    def _submit(self, *task: Any) -> Future[CallOutcome]:
        return self._executor.submit(*task)


def _pickled(value_function: ValueFunction) -> bytes:
    """Pickle a function, with cloudpickle if it is installed, which supports lambdas and notebooks."""
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
