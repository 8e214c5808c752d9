"""Options of model calls, the keywords of `explain` for them; validated before the first call."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from os import PathLike
from os.path import realpath
from typing import Any, Literal, TypedDict

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.files import checked_path

__all__ = ["Queries", "QueryOptions", "queries_of"]


class QueryOptions(TypedDict, total=False):
    """The keywords of `Queries`, for functions that pass them on.

    See Also
    --------
    Queries : Documents the keywords.
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
    store : path-like, optional
        An SQLite file that keeps every value, created if it does not exist. One file can be used by many runs
        and by several processes at the same time; only masks without a value in it are evaluated. It must be
        on a local disk. If it is read-only, its values are used, and a run that needs others raises an
        error. Relative paths and links are resolved when this object is created.
    fingerprint : str, optional
        Identifies everything that the values depend on: model and revision, input, masking. Equal
        fingerprints mean equal values. By default the ``fingerprint`` of the value function; if it has none,
        a store needs this argument. The store contains its SHA-256 digest only.
    description : str, optional
        A note, kept in the store as plain text. Nothing else about the function is written there.
    executor : concurrent.futures.Executor or distributed.Client, optional
        Runs the batches: a thread or process pool, loky, a Dask client or what its ``get_executor`` returns.
        The value function is sent once to every worker. By default, the calls are made in this process, one
        after another. After Ctrl-C, running calls of an executor are waited for as long as the slowest call
        took so far, 2 to 60 seconds, or until Ctrl-C is pressed again.
    in_flight : int, optional
        Number of batches submitted to the executor at a time, by default two per worker.
    batch_size : int, optional
        Masks per call, halved when memory runs out. By default 16, 16, 32, 64, and then the larger of 64 and
        an eighth of all masks so far, up to 1,024; or, after the first 16, the ``batch_size`` of the value
        function. The sizes depend on the number of masks alone, so that models in single precision, whose
        values depend on the rest of the batch, are reproducible. Only ``timeout``, ``max_seconds``, failures
        and values that exist already change the sizes.
    retries : int, optional
        How often a mask is evaluated again after an exception, NaN, inf or a wrong number of values, with
        increasing delays of 0.5 to 60 seconds. By default 5 for temporary failures (connections, timeouts,
        PartialAnswerError), else 0. Programming errors such as TypeError are never retried.
    on_failure : "raise" or "drop", optional
        Treatment of masks that still fail: "raise", the default, ends the run with a ValueFunctionError;
        "drop" continues without them, and the result states their number. Where the function raises for a
        whole batch, its masks are evaluated again one by one, within the budget.
    timeout : float, optional
        Seconds after which a batch counts as failed. The call itself cannot be stopped; it continues, and its
        values are used if they arrive before those of the next attempt.
    max_seconds : float, optional
        Time limit of a session in seconds. A batch is started only if it is expected to end in time, based on
        the previous one; the result then explains the masks evaluated so far.
    max_cost : float, optional
        Cost limit of a session, in the unit of ``price``. Calls that would exceed it are not made.
    price : float, optional
        Price of a mask, by default 1, or, if the value function has a method ``work(masks) -> (m,)``, of one
        unit of its work, such as a token. Repeated evaluations of a mask count each time; values from the
        store cost nothing.
    progress : bool, optional
        Whether to show a progress bar with completed and remaining calls, rate and remaining time, in runs of
        more than a second; by default True.

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
                "executor: must be a concurrent.futures.Executor or a Dask client, "
                f"got {type(self.executor).__name__}."
            )
        for name, least in (("in_flight", 1), ("batch_size", 1), ("retries", 0)):
            if getattr(self, name) is not None:
                check.count(name, getattr(self, name), least)
        if self.on_failure not in ("raise", "drop"):
            raise InputError(f'on_failure: must be "raise" or "drop", got {self.on_failure!r:.80}.')
        for name in ("timeout", "max_seconds", "max_cost"):
            check.positive(name, getattr(self, name))
        if self.price is None:
            raise InputError("price: must be a number > 0, got None.")
        check.positive("price", self.price)


def queries_of(queries: Queries | None, options: Mapping[str, Any]) -> Queries:
    """Return the options of model calls, given as an object or as single keywords.

    Parameters
    ----------
    queries : Queries, optional
        The options as one object.
    options : mapping of str to object
        Keywords of `Queries`.

    Returns
    -------
    Queries
        ``queries``, or one made of the keywords.

    Raises
    ------
    InputError
        If both are given, or if ``queries`` has another type.
    """
    if queries is None:
        return Queries(**options)
    if not isinstance(queries, Queries):
        raise InputError(f"queries: must be spex_plugins.Queries(…), got {type(queries).__name__}.")
    if options:
        raise InputError(f"{next(iter(options))}: cannot be combined with queries=; pass it to Queries(…).")
    return queries


def _path(name: str, value: Any) -> str | None:
    """Return the resolved path: the working directory and links may change during a run."""
    if value is None:
        return None
    return realpath(checked_path(name, value))


def _text(name: str, value: Any) -> None:
    given = check.text(name, value)
    if given is not None and any("\ud800" <= character <= "\udfff" for character in given):
        raise InputError(f"{name}: must be a string that can be encoded as UTF-8, got {value!r:.80}.")
