"""The answers of one value function in a store: look-up by mask, claims, and new answers."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from spex_plugins.errors import InputError, StoreError
from spex_plugins.queries.store.answer_rows import as_bytes, decoded, encoded, shape_of
from spex_plugins.queries.store.database import Database, explained
from spex_plugins.queries.store.schema import has_table
from spex_plugins.queries.store.session_lock import SessionLock, dead_sessions, is_alive
from spex_plugins.types import FloatArray, IntArray

__all__ = ["Claim", "Found", "ReadOnlyAnswers", "StoredAnswers"]

_AT_ONCE = 900  # parameters of a query, which every build of SQLite allows

Found = tuple[IntArray, FloatArray]
"""Indices (k,) of the masks that have an answer, and their values (k,) or (k, K)."""

Claim = tuple[int, IntArray, Found]
"""Number of a claim (0 if empty), indices (k,) of its masks, and answers that others have added since."""


class ReadOnlyAnswers:
    """The answers of one value function in a store that cannot be written.

    Masks are packed, (m, ⌈n / 8⌉) bytes.

    Attributes
    ----------
    outputs : tuple or None
        () or (K,), the shape of a value; None before the first answer.
    """

    def __init__(self, db: Database, number: int, n: int) -> None:
        self._db, self._number = db, number
        self._bytes = -(-n // 8)

    @property
    def outputs(self) -> tuple[int, ...] | None:
        known = self._db.rows("SELECT outputs FROM runs WHERE id = ?", (self._number,))
        return shape_of(known[0][0]) if known else None

    def look_up(self, packed: Any) -> Found:
        """Return the masks that have an answer; to be called once before these masks are claimed."""
        return self._find(packed)

    def masks(self) -> Any:
        """Return all masks that have an answer, packed, (m, ⌈n / 8⌉)."""
        rows = self._db.rows("SELECT mask FROM answers WHERE run = ?", (self._number,))
        return np.frombuffer(b"".join(mask for (mask,) in rows), dtype=np.uint8).reshape(-1, self._bytes)

    def designs(self) -> dict[str, bytes]:
        """Return the designs that were kept, by key, in the order in which they were."""
        if not has_table(self._db, "designs"):
            return {}
        query = "SELECT key, design FROM designs WHERE run = ? ORDER BY id"
        return dict(self._db.rows(query, (self._number,)))

    def keep_design(self, key: str, design: bytes) -> bytes:
        """Do nothing; return the design."""
        return design

    def claim(self, packed: Any) -> Claim:
        """Raise InputError, as answers to further masks could not be stored."""
        raise InputError(
            f"store: {self._db.path} cannot be written, and it lacks answers that this run needs: they would "
            "be paid for and lost. Copy it to a folder that can be written, or leave store= out."
        )

    def keep(self, claim: int, packed: Any, values: FloatArray) -> None:
        """Do nothing; there are no answers without a claim."""

    def release(self, claim: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def _find(self, packed: Any) -> Found:
        some_answer = "SELECT 1 FROM answers WHERE run = ? LIMIT 1"
        keys = as_bytes(packed) if self._db.rows(some_answer, (self._number,)) else []
        answers: dict[bytes, bytes] = {}
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            query = f"SELECT mask, answer FROM answers WHERE run = ? AND mask IN (?{',?' * (len(some) - 1)})"
            answers.update(self._db.rows(query, (self._number, *some)))
        at = [i for i, key in enumerate(keys) if key in answers] if answers else []
        values, intact = decoded([(keys[i], answers[keys[i]]) for i in at], self.outputs)
        if not intact.all():
            raise StoreError.damaged(self._db.path, f"{int((~intact).sum())} answers have wrong checksums")
        return np.array(at, dtype=np.intp), values


class StoredAnswers(ReadOnlyAnswers):
    """The answers of one value function in a store that can be written.

    Sessions that use a store at the same time claim a batch before they evaluate it, so that no mask is
    evaluated twice; claims of a process that has ended are ignored.
    """

    def __init__(self, db: Database, number: int, n: int) -> None:
        super().__init__(db, number, n)
        for name in dead_sessions(db.path):
            db.rows("DELETE FROM claims WHERE owner = ?", (name,))
        with explained(db.path):
            self._lock = SessionLock(db.path)
        self._unchanged_since = -1

    def look_up(self, packed: Any) -> Found:
        """Return the masks that have an answer; to be called once before these masks are claimed."""
        version = self._version()
        self._unchanged_since = -1 if self._claims_of_others() else version
        return self._find(packed)

    def claim(self, packed: Any) -> Claim:
        """Claim the masks that no session has answered or is evaluating."""
        self._db.rows("PRAGMA synchronous = NORMAL")  # a claim need not outlive its process
        with self._db.writing():
            free = np.ones(len(packed), dtype=bool)
            found: Found = np.zeros(0, dtype=np.intp), np.zeros(0)
            if self._version() != self._unchanged_since:  # another session has written
                busy, found = self._busy(), self._find(packed)
                free = np.array([key not in busy for key in as_bytes(packed)])
                free[found[0]] = False
            number = self._note_claim(packed[free].tobytes()) if free.any() else 0
        return number, np.flatnonzero(free), found

    def keep(self, claim: int, packed: Any, values: FloatArray) -> None:
        """Write answers, (m,) or (m, K), to the disk, and release the claim."""
        self._db.rows("PRAGMA synchronous = FULL")
        with self._db.writing():
            self._agree(values.shape[1:])
            # An existing answer is kept: both are valid, and the first may have been used.
            statement = f"INSERT OR IGNORE INTO answers VALUES ({self._number}, ?, ?)"
            self._db.repeat(statement, encoded(packed, values))
            self.release(claim)

    def keep_design(self, key: str, design: bytes) -> bytes:
        """Keep a design; return it, or the one that was kept under this key before."""
        with self._db.writing():
            self._db.rows(
                "INSERT OR IGNORE INTO designs (run, key, design) VALUES (?, ?, ?)",
                (self._number, key, design),
            )
        return self.designs()[key]

    def release(self, claim: int) -> None:
        """Release a claim."""
        if claim:
            self._db.rows("DELETE FROM claims WHERE id = ?", (claim,))

    def close(self) -> None:
        """Release all claims; if that cannot be written, they end with the lock of the session."""
        with suppress(StoreError):
            self._db.rows("DELETE FROM claims WHERE owner = ?", (self._lock.name,))
        self._lock.close()

    def _version(self) -> int:
        """Return a number that changes when another connection writes."""
        return int(self._db.rows("PRAGMA data_version")[0][0])

    def _busy(self) -> set[bytes]:
        """Return the masks that other sessions are evaluating."""
        rows = self._claims_of_others()
        dead = {owner for owner in {owner for owner, _ in rows} if not is_alive(self._db.path, owner)}
        self._db.repeat("DELETE FROM claims WHERE owner = ?", [(owner,) for owner in dead])
        claimed = b"".join(masks for owner, masks in rows if owner not in dead)
        return set(as_bytes(np.frombuffer(claimed, dtype=np.uint8).reshape(-1, self._bytes)))

    def _note_claim(self, masks: bytes) -> int:
        note = "INSERT INTO claims (run, owner, masks) VALUES (?, ?, ?)"
        self._db.rows(note, (self._number, self._lock.name, masks))
        return int(self._db.rows("SELECT last_insert_rowid()")[0][0])

    def _claims_of_others(self) -> list[tuple[str, bytes]]:
        query = "SELECT owner, masks FROM claims WHERE run = ? AND owner != ?"
        return self._db.rows(query, (self._number, self._lock.name))

    def _agree(self, outputs: tuple[int, ...]) -> None:
        known = self.outputs
        if known is None:
            stored = outputs[0] if outputs else 0
            self._db.rows("UPDATE runs SET outputs = ? WHERE id = ?", (stored, self._number))
        elif known != outputs:
            raise InputError(f"store: it has values of shape {known} for this function, not {outputs}.")
