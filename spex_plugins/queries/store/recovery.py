"""Copy of the readable answers of a damaged store to a new one."""

from __future__ import annotations

from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.store.answer_rows import decoded, shape_of
from spex_plugins.queries.store.database import Database
from spex_plugins.queries.store.store import Store

__all__ = ["Recovered", "recovered"]

_PARTS = 256  # of a table, by the first byte of the mask; each is read from both ends up to a damaged page


@dataclass(frozen=True)
class Recovered:
    """Summary of a recovery.

    Attributes
    ----------
    functions, answers : int
        Numbers of value functions and of masks in the new store.
    unreadable : bool
        Whether the damaged store had answers that could not be read.
    """

    functions: int
    answers: int
    unreadable: bool


def recovered(damaged: str | PathLike[str], new: str | PathLike[str]) -> Recovered:
    """Copy the answers that are intact to a new store.

    Parameters
    ----------
    damaged : path
    new : path
        A file that does not exist yet.

    Returns
    -------
    Recovered

    Raises
    ------
    InputError
        If the new file exists.
    StoreError
        If the list of value functions cannot be read.
    """
    if Path(new).exists():
        raise InputError(f"out: {new} exists already; choose the name of a new file.")
    old, answers, unreadable = Database(damaged), 0, False
    try:
        runs = old.rows(
            "SELECT id, fingerprint, n, outputs, description FROM runs "
            "WHERE typeof(fingerprint) = 'text' AND typeof(n) = 'integer' ORDER BY id"
        )
        with Store(new) as store:
            for number, fingerprint, n, outputs, description in runs:
                rows, all_read = _readable(old, number, -(-n // 8))
                values, intact = decoded(rows, shape_of(outputs))
                packed = np.frombuffer(
                    b"".join(mask for (mask, _), whole in zip(rows, intact, strict=True) if whole), np.uint8
                )
                run = store.run(fingerprint, n, description)
                if len(values):
                    run.keep(0, packed.reshape(len(values), -1), values)
                for key, design in _designs(old, number):
                    run.keep_design(key, design)
                run.close()
                answers += len(values)
                unreadable |= not (all_read and intact.all())
    finally:
        old.close()
    return Recovered(len(runs), answers, unreadable)


def _designs(db: Database, number: int) -> list[tuple[Any, Any]]:
    """Return the designs of a value function that can be read; their checksums are tested on use."""
    query = (
        "SELECT key, design FROM designs WHERE run = ? AND typeof(key) = 'text' AND typeof(design) = 'blob' "
        "ORDER BY id"
    )
    return db.rows_until_damage(query, (number,))[0]


def _readable(db: Database, number: int, size: int) -> tuple[list[tuple[Any, Any]], bool]:
    """Return the readable rows (mask, answer) of a value function, and whether these are all."""
    found: dict[Any, Any] = {}
    complete = True
    for part in range(_PARTS):
        bounds = bytes([part]), bytes([part + 1]) if part + 1 < _PARTS else b"\xff" * (size + 1)
        for direction in ("ASC", "DESC"):
            query = (
                "SELECT mask, answer FROM answers WHERE run = ? AND mask >= ? AND mask < ? "
                f"ORDER BY mask {direction}"
            )
            rows, problem = db.rows_until_damage(query, (number, *bounds))
            found.update(rows)
            if problem is None:
                break
            complete = False
    return [(mask, answer) for mask, answer in found.items() if len(mask) == size], complete
