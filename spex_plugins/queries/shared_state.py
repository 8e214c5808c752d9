"""What the rounds of a session share."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from spex_plugins.queries.batch_size import BatchSize
from spex_plugins.queries.calls.executors import Runner
from spex_plugins.queries.calls.retry_policy import Waits
from spex_plugins.queries.limits import Limits
from spex_plugins.queries.options import Queries
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Failure", "Tools"]


@dataclass(frozen=True)
class Tools:
    """Runner, limits, batch sizes and bar of a session."""

    queries: Queries
    runner: Runner
    sizes: BatchSize
    limits: Limits
    bar: Any
    waits: Waits = field(default_factory=Waits)

    @property
    def in_flight(self) -> int:
        """Batches that are handed over at a time: one waits for every worker, so that none is idle."""
        workers = self.runner.workers
        return self.queries.in_flight or (1 if self.queries.executor is None else 2 * workers)


@dataclass(frozen=True, eq=False)
class Failure:
    """Masks that could not be answered, what was returned for them, if anything, and what is wrong."""

    rows: IntArray
    problem: str
    cause: BaseException | None
    values: FloatArray | None = None
