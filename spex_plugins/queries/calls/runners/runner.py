"""Protocol of the runners of batches."""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future
from typing import Protocol

from spex_plugins.queries.calls.function_call import CallOutcome
from spex_plugins.types import BoolArray

__all__ = ["Runner", "worker_count"]


class Runner(Protocol):
    """A way to run batches.

    Attributes
    ----------
    workers : int
        Number of batches that run at the same time.
    calls_here : bool
        Whether `submit` makes the call itself, and returns when it has ended.
    cancels_only_waiting : bool
        Whether its futures can be cancelled only while they wait. If running ones can be cancelled too, their
        answers would be lost.
    """

    workers: int
    calls_here: bool
    cancels_only_waiting: bool

    def submit(self, masks: BoolArray, *, with_function: bool = False) -> Future[CallOutcome]:
        """Submit a batch. If the result is None, the batch must be submitted again with the function."""
        ...

    def check(self) -> str:
        """Cancel futures that will never end, and return why no others can be run, or an empty string.

        Called when no batch has ended for some seconds.
        """
        ...


def worker_count(executor: Executor) -> int:
    """Return the number of workers of an executor, or of processors if it is not known."""
    workers = getattr(executor, "workers", None) or getattr(executor, "_max_workers", None)
    # The pools of the standard library and of loky have the second attribute, which is private.
    return workers if isinstance(workers, int) and workers > 0 else os.cpu_count() or 1
