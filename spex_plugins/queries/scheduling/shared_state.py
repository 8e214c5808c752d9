"""State that the calls of a session share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.calls.retries import Retries
from spex_plugins.queries.calls.retry_policy import retries_of_calls
from spex_plugins.queries.calls.runners.runner import Runner
from spex_plugins.queries.options import Queries
from spex_plugins.queries.scheduling.batch_size import BatchSize
from spex_plugins.queries.scheduling.limits import Limits

__all__ = ["SharedState"]


@dataclass(frozen=True)
class SharedState:
    """Options, runner, batch sizes, limits, progress bar and retries of a session."""

    queries: Queries
    runner: Runner
    sizes: BatchSize
    limits: Limits
    bar: Any
    retries: Retries

    @classmethod
    def of(
        cls,
        function: ValueFunction,
        queries: Queries,
        runner: Runner,
        total: int | None,
        most: int | None,
    ) -> SharedState:
        """Return the state at the beginning of a session; its time limit starts now."""
        usual = getattr(function, "batch_size", None)
        usual = usual if type(usual) is int and usual > 0 else None  # other types have another meaning
        sizes = BatchSize(queries.batch_size, usual, queries.timeout, queries.max_seconds)
        limits = Limits(queries.max_seconds, queries.max_cost, most)
        bar = _progress_bar(function, total, shown=queries.progress)
        return cls(queries, runner, sizes, limits, bar, retries_of_calls(queries.retries))

    @property
    def in_flight(self) -> int:
        """Number of batches submitted at a time: one more per worker than run, so that none is idle."""
        workers = self.runner.workers
        return self.queries.in_flight or (workers if self.queries.executor is None else 2 * workers)

    @property
    def awaits_calls(self) -> bool:
        """Whether calls under way are waited for at an interrupt however long they take, up to another one.

        These are the concurrent calls of a value function, in this process: each is paid for.
        """
        queries = self.queries
        return queries.executor is None and queries.timeout is None and self.runner.workers > 1


def _progress_bar(function: ValueFunction, total: int | None, *, shown: bool) -> Any:
    """Return a progress bar that appears after a second, or at once with the title that a host sets."""
    from tqdm.auto import tqdm

    title = getattr(function, "progress_title", None)
    style = {"desc": title, "delay": 0.0} if title else {"desc": "model calls", "delay": 1.0}
    return tqdm(total=total or 0, unit="call", disable=not shown, **style)
