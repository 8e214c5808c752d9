"""The file that keeps answers: SQLite, one row per mask, never read as a whole unless it is exported."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from time import sleep

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.stored_answers import Run, writing
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Store", "StoredRun"]

_VERSION = 1
_APPLICATION = 0x53504558  # "SPEX": other SQLite files are left alone
_WAIT = 60.0  # seconds for another process to finish its transaction

# A mask is its bits, eight features a byte, the first one highest (numpy.packbits); an answer is K float64,
# little-endian. outputs is K, 0 for a function without that axis, NULL before the first answer.
_SCHEMA = (
    """CREATE TABLE runs (
        id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL UNIQUE, n INTEGER NOT NULL, outputs INTEGER,
        description TEXT, created TEXT NOT NULL)""",
    """CREATE TABLE answers (
        run INTEGER NOT NULL REFERENCES runs (id), mask BLOB NOT NULL, answer BLOB NOT NULL,
        PRIMARY KEY (run, mask)) WITHOUT ROWID""",
    """CREATE TABLE claims (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), owner TEXT NOT NULL,
        masks BLOB NOT NULL)""",
)


@dataclass(frozen=True)
class StoredRun:
    """What a store has of one value function.

    Attributes
    ----------
    fingerprint : str
        SHA-256 digest of its fingerprint.
    n : int
        Number of features.
    outputs : int or None
        K, 0 for values without that axis, None before the first answer.
    answers : int
        Number of masks.
    description : str or None
    created : str
        Date and time, UTC.
    """

    fingerprint: str
    n: int
    outputs: int | None
    answers: int
    description: str | None
    created: str


class Store:
    """A file of answers, created when it is missing. Several processes may use it at the same time.

    A batch of answers is one transaction. It survives the death of the process and, because every
    transaction waits for the disk (``synchronous = FULL``), the loss of power.

    Parameters
    ----------
    path : path
        On a local disk: SQLite's write-ahead log does not work over a network.

    Raises
    ------
    InputError
        If the file is something else, or was written by a newer version.
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        self.path = Path(path)
        try:
            self._db = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)
            try:
                self._set_up()
            except sqlite3.DatabaseError:
                self._db.close()
                raise
        except sqlite3.DatabaseError as error:
            raise InputError(f"store: {self.path} cannot be used as a store: {error}.") from error

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def run(self, fingerprint: str, n: int, description: str | None = None) -> Run:
        """Return the answers of a value function, to be looked up and added to; close them after use.

        Parameters
        ----------
        fingerprint : str
            Digest of what the answers depend on.
        n : int
            Number of features.
        description : str, optional
            A note, in clear.
        """
        with writing(self._db):
            self._db.execute(
                "INSERT INTO runs (fingerprint, n, description, created) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (fingerprint) "
                "DO UPDATE SET description = coalesce(excluded.description, description)",
                (fingerprint, n, description, datetime.now(UTC).isoformat(timespec="seconds")),
            )
            row = self._db.execute("SELECT id, n FROM runs WHERE fingerprint = ?", (fingerprint,)).fetchone()
            if row[1] != n:
                raise InputError(
                    f"fingerprint: the store has it for a function of {row[1]} features, not {n}; functions "
                    "that differ need different fingerprints."
                )
            return Run(self._db, self.path, row[0], n)

    def info(self) -> list[StoredRun]:
        """Return what the store has, oldest first."""
        rows = self._db.execute(
            "SELECT fingerprint, n, outputs, (SELECT count(*) FROM answers WHERE run = runs.id), "
            "description, created FROM runs ORDER BY id"
        )
        return [StoredRun(*row) for row in rows]

    def export(self, fingerprint: str | None = None) -> tuple[BoolArray, FloatArray]:
        """Return all answers of one value function, for `spex_plugins.fit`.

        Parameters
        ----------
        fingerprint : str, optional
            The beginning of the digest that `info` shows; needed if there are several functions.

        Returns
        -------
        masks : ndarray of bool, shape (m, n)
        values : ndarray of float64, shape (m,) or (m, K)
        """
        found = [run for run in self.info() if run.fingerprint.startswith(fingerprint or "")]
        if len(found) != 1:
            raise InputError(
                f"fingerprint: {len(found)} of the runs in {self.path} match {fingerprint or ''!r}; "
                f"choose one: {[run.fingerprint[:12] for run in self.info()]}."
            )
        (run,) = found
        rows = self._db.execute(
            "SELECT mask, answer FROM answers JOIN runs ON run = id WHERE fingerprint = ?", (run.fingerprint,)
        ).fetchall()
        bits = np.frombuffer(b"".join(mask for mask, _ in rows), dtype=np.uint8).reshape(
            len(rows), -(-run.n // 8)
        )
        values = np.frombuffer(b"".join(answer for _, answer in rows), dtype="<f8").astype(np.float64)
        masks = np.unpackbits(bits, axis=1, count=run.n).astype(bool)
        return masks, values.reshape(len(rows), run.outputs) if run.outputs else values

    def _set_up(self) -> None:
        application, version, tables = (
            self._db.execute(query).fetchone()[0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        if tables and application != _APPLICATION:
            raise sqlite3.DatabaseError("it is a database of another program")
        if version > _VERSION:
            raise sqlite3.DatabaseError("a newer version wrote it; upgrade spex-plugins")
        self._use_log()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -65536")  # KiB
        self._db.execute("PRAGMA wal_autocheckpoint = 8192")  # pages: masks fall all over the tree
        if version < _VERSION:
            self._create()

    def _use_log(self) -> None:
        """Switch to the write-ahead log; SQLite does not wait by itself when two processes do so at once."""
        for _ in range(int(_WAIT / 0.05)):
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    raise
                sleep(0.05)
        raise sqlite3.OperationalError("it is locked")

    def _create(self) -> None:
        with writing(self._db):
            if self._db.execute("PRAGMA user_version").fetchone()[0]:
                return  # another process was quicker
            for table in _SCHEMA:
                self._db.execute(table)
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
