"""What a runner of batches offers, whatever it runs them in."""

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
        Whether its futures can be cancelled only as long as they do not run. Where a running one can be
        cancelled too, its answer would be lost.
    """

    workers: int
    calls_here: bool
    cancels_only_waiting: bool

    def submit(self, masks: BoolArray, *, with_function: bool = False) -> Future[CallOutcome]:
        """Submit a batch. A worker that returns None needs the batch again, together with the function."""
        ...

    def check(self) -> str:
        """Cancel futures that will never end, and return why no others can; "" if nothing is wrong.

        Called when no batch has ended for some seconds.
        """
        ...


def worker_count(executor: Executor) -> int:
    """Return the number of workers of an executor, or of processors where it does not tell."""
    workers = getattr(executor, "workers", None) or getattr(executor, "_max_workers", None)
    # The standard pools and loky agree on the second name, which is not public.
    return workers if isinstance(workers, int) and workers > 0 else os.cpu_count() or 1
