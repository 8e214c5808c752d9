"""Options of model calls: the keywords of `explain` that concern them, checked before the first call."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike, fspath
from os.path import realpath
from typing import Any, Literal, TypedDict

import numpy as np

from spex_plugins.errors import InputError

__all__ = ["Queries", "QueryOptions", "queries_of"]


class QueryOptions(TypedDict, total=False):
    """The keywords of `Queries`, for functions that pass them on.

    See Also
    --------
    Queries : Explains them.
    """

    store: str | PathLike[str] | None
    fingerprint: str | None
    description: str | None
    executor: Executor | None
    in_flight: int | None
    batch_size: int | None
    retries: int | None
    on_failure: Literal["raise", "drop"]
    timeout: float | None
    max_seconds: float | None
    max_cost: float | None
    price: float
    progress: bool


@dataclass(frozen=True)
class Queries:
    """Options for calls of a value function.

    Parameters
    ----------
    store : path, optional
        An SQLite file that keeps every answer, created if it does not exist; one file may serve many runs and
        several processes at once. Only masks that it lacks are asked for. It must lie on a local disk; where
        it cannot be written, its answers are used, and a run that needs others is refused. A relative path or
        a link is resolved here, once.
    fingerprint : str, optional
        What the answers depend on: model and revision, input, masking. Equal fingerprints mean equal answers.
        By default the ``fingerprint`` of the value function; without one, a store needs this argument.
        The store holds its SHA-256 digest only.
    description : str, optional
        A note for the store, kept as plain text. Nothing else about the function is written there.
    executor : concurrent.futures.Executor, optional
        Where batches run: a thread or process pool, loky, ``dask.distributed.Client.get_executor()``. The
        value function is sent once to every worker. By default, the calls are made in this process, one after
        another. After Ctrl-C, calls that an executor has begun are waited for: as long as the slowest call
        took so far, 2 to 60 seconds, or until Ctrl-C is pressed again.
    in_flight : int, optional
        Number of batches submitted to the executor at a time, by default two for every worker.
    batch_size : int, optional
        Masks per call, halved when memory runs out. By default 16, 16, 32, 64, and then 64 or an eighth of
        all masks before, up to 1,024; or, after the first 16, the ``batch_size`` of the value function. Sizes
        depend on the number of masks alone, so that models in single precision, whose answers depend on what
        else is in a batch, answer the same each time. Only ``timeout``, ``max_seconds``, failures and answers
        that are there already change that.
    retries : int, optional
        How often a mask is asked for again after an exception, NaN, inf or a wrong number of values, with
        growing delays of 0.5 to 60 seconds. By default 5 where this is likely to help (connections, timeouts,
        PartialAnswerError), else 0. Programming errors such as TypeError are never retried.
    on_failure : "raise" or "drop"
        What happens with masks that still fail: the run ends with a ValueFunctionError, or goes on without
        them, and the result says so.
    timeout : float, optional
        Seconds after which a batch counts as failed. The call itself cannot be stopped: it is left alone, and
        its answer is used if it comes before that of the next try.
    max_seconds : float, optional
        Time limit of a session in seconds. No batch is begun that is not expected to end in time, judging by
        the one before; the result then explains the masks answered so far.
    max_cost : float, optional
        Cost limit of a session, in the unit of ``price``. No call is made that would exceed it.
    price : float
        Price of a mask or, if the value function has a method ``work(masks) -> (m,)``, of one unit of its
        work, such as a token. A mask that is asked for again is paid for again, one from the store costs
        nothing.
    progress : bool
        Show a progress bar with calls done and left, rate and remaining time in runs of more than a second.

    Raises
    ------
    InputError
        If an argument has the wrong type or is out of range.
    """

    store: str | PathLike[str] | None = None
    fingerprint: str | None = None
    description: str | None = None
    executor: Executor | None = None
    in_flight: int | None = None
    batch_size: int | None = None
    retries: int | None = None
    on_failure: Literal["raise", "drop"] = "raise"
    timeout: float | None = None
    max_seconds: float | None = None
    max_cost: float | None = None
    price: float = 1.0
    progress: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "store", _path("store", self.store))
        _text("fingerprint", self.fingerprint)
        _text("description", self.description)
        if self.executor is not None and not callable(getattr(self.executor, "submit", None)):
            raise InputError(
                "executor: must be a concurrent.futures.Executor (with Dask: client.get_executor()), "
                f"got {type(self.executor).__name__}."
            )
        _integer("in_flight", self.in_flight, 1)
        _integer("batch_size", self.batch_size, 1)
        _integer("retries", self.retries, 0)
        if self.on_failure not in ("raise", "drop"):
            raise InputError(f'on_failure: must be "raise" or "drop", got {self.on_failure!r:.80}.')
        for name in ("timeout", "max_seconds", "max_cost"):
            _positive(name, getattr(self, name))
        if self.price is None:
            raise InputError("price: must be a number > 0, got None.")
        _positive("price", self.price)


def queries_of(queries: Queries | None, options: Mapping[str, Any]) -> Queries:
    """Return the queries of a user, given as an object or by single keywords.

    Parameters
    ----------
    queries : Queries, optional
    options : mapping of str to object
        Keywords of `Queries`.

    Raises
    ------
    InputError
        If both are given, or if ``queries`` is something else.
    """
    if queries is None:
        return Queries(**options)
    if not isinstance(queries, Queries):
        raise InputError(f"queries: must be spex_plugins.Queries(…), got {type(queries).__name__}.")
    if options:
        raise InputError(f"{next(iter(options))}: given beside queries=; pass it to Queries(…).")
    return queries


def _path(name: str, value: Any) -> str | None:
    """Return the path of the file itself: the working directory and links may change during a run."""
    if value is None:
        return None
    path = fspath(value) if isinstance(value, str | PathLike) else None
    if not isinstance(path, str) or not path or "\0" in path:
        raise InputError(f"{name}: must be the path of a file, got {value!r:.80}.")
    return realpath(path)


def _text(name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str) or not value:
        raise InputError(f"{name}: must be a text that is not empty, got {value!r:.80}.")
    if any("\ud800" <= character <= "\udfff" for character in value):
        raise InputError(f"{name}: must be a text that UTF-8 can write, got {value!r:.80}.")


def _integer(name: str, value: Any, least: int) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise InputError(f"{name}: must be an integer ≥ {least}, got {value!r:.80}.")


def _positive(name: str, value: Any) -> None:
    if value is None:
        return
    number = isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
    if not number or not 0 < value < np.inf:
        raise InputError(f"{name}: must be a number > 0, got {value!r:.80}.")
