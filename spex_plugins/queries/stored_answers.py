"""The answers of one value function in a store: looked up by mask, claimed, asked for, kept at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.owner import Owner, dead_owners, is_alive
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Claim", "Found", "Run", "writing"]

_AT_ONCE = 900  # parameters of a query that every SQLite takes

Found = tuple[IntArray, FloatArray]
"""Which of the masks are there, (k,), and their values, (k,) or (k, K)."""

Claim = tuple[int, IntArray, Found]
"""Number of a claim (0: of nothing), the masks that it holds, (k,), and what others have answered since."""


class Run:
    """What is known of one value function.

    Masks are packed, (m, ⌈n / 8⌉) bytes. Sessions that use a store at the same time claim a batch before they
    ask for it, so that no mask is asked for twice; the claims of a process that died count no more.

    Attributes
    ----------
    outputs : tuple or None
        () or (K,), the shape of a value; None before the first answer.
    """

    def __init__(self, db: sqlite3.Connection, path: Path, number: int, n: int) -> None:
        self._db, self._path, self._number = db, path, number
        self._bytes = -(-n // 8)
        for name in dead_owners(path):
            db.execute("DELETE FROM claims WHERE owner = ?", (name,))
        self._owner = Owner(path)
        self._unchanged_since = -1

    @property
    def outputs(self) -> tuple[int, ...] | None:
        known = self._db.execute("SELECT outputs FROM runs WHERE id = ?", (self._number,)).fetchone()[0]
        return None if known is None else (known,) if known else ()

    def look_up(self, packed: Any) -> Found:
        """Return the masks that have been answered; to be done once before these masks are claimed."""
        version = self._version()
        self._unchanged_since = -1 if self._claims_of_others() else version
        return self._find(packed)

    def claim(self, packed: Any) -> Claim:
        """Claim the masks that nobody has answered or is asking for."""
        self._db.execute("PRAGMA synchronous = NORMAL")  # a claim need not outlive its process
        with writing(self._db):
            free = np.ones(len(packed), dtype=bool)
            found: Found = np.zeros(0, dtype=np.intp), np.zeros(0)
            if self._version() != self._unchanged_since:  # somebody else is, or was, at work
                busy, found = self._busy(), self._find(packed)
                free = np.array([key not in busy for key in _as_bytes(packed)])
                free[found[0]] = False
            number = self._note_claim(packed[free].tobytes()) if free.any() else 0
        return number, np.flatnonzero(free), found

    def keep(self, claim: int, packed: Any, values: FloatArray) -> None:
        """Write answers, (m,) or (m, K), and give up the claim. They are on the disk when this returns."""
        answers = np.ascontiguousarray(values, dtype="<f8").reshape(len(values), -1)
        rows = zip(_as_bytes(packed), _as_bytes(answers.view(np.uint8)), strict=True)
        self._db.execute("PRAGMA synchronous = FULL")
        with writing(self._db):
            self._agree(values.shape[1:])
            # An answer that is there already stays: both are true, and the first may have been used.
            self._db.executemany(f"INSERT OR IGNORE INTO answers VALUES ({self._number}, ?, ?)", rows)
            self._db.execute("DELETE FROM claims WHERE id = ?", (claim,))

    def release(self, claim: int) -> None:
        """Give up a claim without an answer."""
        if claim:
            self._db.execute("DELETE FROM claims WHERE id = ?", (claim,))

    def close(self) -> None:
        """Give up all claims; where that cannot be written any more, they end with their owner."""
        with suppress(sqlite3.Error):
            self._db.execute("DELETE FROM claims WHERE owner = ?", (self._owner.name,))
        self._owner.close()

    def _version(self) -> int:
        """Return a number that changes when another connection writes."""
        return int(self._db.execute("PRAGMA data_version").fetchone()[0])

    def _find(self, packed: Any) -> Found:
        some_answer = "SELECT 1 FROM answers WHERE run = ? LIMIT 1"
        known = self._db.execute(some_answer, (self._number,)).fetchone() is not None
        keys = _as_bytes(packed) if known else []
        answers: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            query = f"SELECT mask, answer FROM answers WHERE run = ? AND mask IN (?{',?' * (len(some) - 1)})"
            answers.update(self._db.execute(query, (self._number, *some)))
        at = [i for i, key in enumerate(keys) if key in answers] if answers else []
        values = np.frombuffer(b"".join(answers[keys[i]] for i in at), dtype="<f8").astype(np.float64)
        return np.array(at, dtype=np.intp), values.reshape(len(at), *(self.outputs or ()))

    def _busy(self) -> set[bytes]:
        """Return the masks that other sessions are asking for."""
        rows = self._claims_of_others()
        dead = {owner for owner in {owner for owner, _ in rows} if not is_alive(self._path, owner)}
        self._db.executemany("DELETE FROM claims WHERE owner = ?", [(owner,) for owner in dead])
        claimed = b"".join(masks for owner, masks in rows if owner not in dead)
        return set(_as_bytes(np.frombuffer(claimed, dtype=np.uint8).reshape(-1, self._bytes)))

    def _note_claim(self, masks: bytes) -> int:
        note = "INSERT INTO claims (run, owner, masks) VALUES (?, ?, ?)"
        return int(self._db.execute(note, (self._number, self._owner.name, masks)).lastrowid or 0)

    def _claims_of_others(self) -> list[tuple[str, bytes]]:
        query = "SELECT owner, masks FROM claims WHERE run = ? AND owner != ?"
        return self._db.execute(query, (self._number, self._owner.name)).fetchall()

    def _agree(self, outputs: tuple[int, ...]) -> None:
        known = self.outputs
        if known is None:
            stored = outputs[0] if outputs else 0
            self._db.execute("UPDATE runs SET outputs = ? WHERE id = ?", (stored, self._number))
        elif known != outputs:
            raise InputError(f"store: it has values of shape {known} for this function, not {outputs}.")


def _as_bytes(rows: Any) -> list[bytes]:
    """Return every row of an array (m, b) of uint8 as bytes."""
    rows = np.ascontiguousarray(rows)
    return rows.view(f"V{rows.shape[1]}").ravel().tolist() if rows.size else []


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[None]:
    """Run a transaction that may write, alone among all processes; nothing of it stays if it fails."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
