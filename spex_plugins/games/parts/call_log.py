"""Costs and traces of calls, in a table of their own in the file of a store."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.store.database import Database
from spex_plugins.queries.store.store import Store
from spex_plugins.types import BoolArray

__all__ = ["CallLog", "CallRecord"]

_TABLE = """CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, mask BLOB NOT NULL, value TEXT NOT NULL,
    cost REAL NOT NULL, seconds REAL NOT NULL, trace TEXT, ended TEXT NOT NULL)"""
_INSERT = (
    "INSERT INTO calls (fingerprint, mask, value, cost, seconds, trace, ended) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_SELECT = "SELECT mask, value, cost, seconds, trace, ended FROM calls WHERE fingerprint = ? ORDER BY id"


@dataclass(frozen=True)
class CallRecord:
    """One call of a `PartsGame`.

    Attributes
    ----------
    kept : tuple of str
        Names of the parts that were kept.
    value : float or list of float
        As it was returned, also where it is of no use, such as a text.
    cost : float
        As it was returned, 0 where none was.
    seconds : float
        Duration of the call.
    trace : Any
        As it was returned, after JSON.
    ended : str
        Date and time, ISO 8601 in UTC.
    """

    kept: tuple[str, ...]
    value: Any
    cost: float
    seconds: float
    trace: Any
    ended: str


class CallLog:
    """The calls of one game.

    Parameters
    ----------
    path : path-like
        The file of a store, made if it does not exist.
    fingerprint : str
        Of the game.
    names : sequence of str
        Of its n features.

    Raises
    ------
    InputError
        If the file is not a store, or cannot be written.
    """

    def __init__(self, path: str | PathLike[str], fingerprint: str, names: Sequence[str]) -> None:
        self._path, self._fingerprint, self._names = path, fingerprint, tuple(names)
        with Store(path):  # makes the file a store
            pass
        database = self._open()
        try:
            if database.read_only:
                raise InputError(f"traces: {path} cannot be written.")
            with database.writing():
                database.rows(_TABLE)
        finally:
            database.close()

    def add(self, calls: Sequence[tuple[BoolArray, Any, float]]) -> None:
        """Write calls: mask (n,), outcome and seconds of each, in one transaction."""
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        rows = [
            (
                self._fingerprint,
                np.packbits(mask).tobytes(),
                _written(outcome.value),
                outcome.cost,
                seconds,
                None if outcome.trace is None else _written(outcome.trace),
                now,
            )
            for mask, outcome, seconds in calls
        ]
        database = self._open()
        try:
            with database.writing():
                database.repeat(_INSERT, rows)
        finally:
            database.close()

    def read(self) -> list[CallRecord]:
        """Return all calls, oldest first."""
        database = self._open()
        try:
            rows = database.rows(_SELECT, (self._fingerprint,))
        finally:
            database.close()
        return [CallRecord(self._kept(mask), *_loaded(*rest)) for mask, *rest in rows]

    def _kept(self, mask: bytes) -> tuple[str, ...]:
        bits = np.unpackbits(np.frombuffer(mask, dtype=np.uint8), count=len(self._names))
        return tuple(name for name, bit in zip(self._names, bits, strict=True) if bit)

    def _open(self) -> Database:
        return Database(self._path)


def _written(trace: Any) -> str:
    """Return a trace as JSON, with the text of objects, and of the whole where JSON has no place for one."""
    try:
        return json.dumps(trace, default=str)
    except (TypeError, ValueError, RecursionError):  # keys that are no texts; an object within itself
        return json.dumps(str(trace))


def _loaded(value: str, cost: float, seconds: float, trace: str | None, ended: str) -> tuple[Any, ...]:
    return json.loads(value), cost, seconds, None if trace is None else json.loads(trace), ended
