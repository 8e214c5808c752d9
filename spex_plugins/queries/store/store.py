"""The file that keeps answers: SQLite, one row per mask, never read as a whole unless it is exported."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path
from time import sleep

import numpy as np

from spex_plugins.errors import InputError, StoreError
from spex_plugins.queries.store.answer_rows import decoded, shape_of
from spex_plugins.queries.store.database import Database, explained
from spex_plugins.queries.store.stored_answers import KnownAnswers, Run
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Store", "StoredRun"]

_VERSION = 2
_APPLICATION = 0x53504558  # "SPEX": other SQLite files are left alone
_WAIT = 60.0  # seconds for another process that switches to the log at the same time

# A mask is its bits, eight features a byte, the first one highest (numpy.packbits); an answer is K float64,
# little-endian, and a checksum, which the first version did not write. outputs is K, 0 for a function without
# that axis, NULL before the first answer.
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
        On a local disk: SQLite's write-ahead log does not work over a network. Where the file cannot be
        written, its answers can be read.

    Raises
    ------
    InputError
        If the file is something else, was written by a newer version, or has several names (hard links).
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        try:
            self._db = Database(path)
            try:
                self._set_up()
            except BaseException:
                self._db.close()
                raise
        except StoreError as error:
            raise InputError(str(error)) from error

    @property
    def path(self) -> Path:
        """Where the file is: absolute, without links."""
        return self._db.path

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def run(self, fingerprint: str, n: int, description: str | None = None) -> KnownAnswers:
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
        if self._db.read_only:
            found = self._db.rows("SELECT id, n FROM runs WHERE fingerprint = ?", (fingerprint,))
            return KnownAnswers(self._db, self._number(found, n), n)
        with self._db.writing():
            self._db.rows(
                "INSERT INTO runs (fingerprint, n, description, created) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (fingerprint) "
                "DO UPDATE SET description = coalesce(excluded.description, description)",
                (fingerprint, n, description, datetime.now(UTC).isoformat(timespec="seconds")),
            )
            found = self._db.rows("SELECT id, n FROM runs WHERE fingerprint = ?", (fingerprint,))
            return Run(self._db, self._number(found, n), n)

    def info(self) -> list[StoredRun]:
        """Return what the store has, oldest first."""
        (sound,) = self._db.rows("PRAGMA integrity_check(1)")[0]
        if sound != "ok":
            raise StoreError.damaged(self.path, " ".join(sound.split()))
        rows = self._db.rows(
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
        known = self.info()
        found = [run for run in known if run.fingerprint.startswith(fingerprint or "")]
        if len(found) != 1:
            raise InputError(
                f"fingerprint: {len(found)} of the runs in {self.path} match {fingerprint or ''!r}; "
                f"choose one: {[run.fingerprint[:12] for run in known]}."
            )
        (run,) = found
        rows = self._db.rows(
            "SELECT mask, answer FROM answers JOIN runs ON run = id WHERE fingerprint = ?", (run.fingerprint,)
        )
        values, intact = decoded(rows, shape_of(run.outputs))
        if not intact.all():
            raise StoreError.damaged(self.path, f"{int((~intact).sum())} answers have wrong checksums")
        packed = np.frombuffer(b"".join(mask for mask, _ in rows), dtype=np.uint8)
        bits = np.unpackbits(packed.reshape(len(rows), -(-run.n // 8)), axis=1, count=run.n)
        return bits.astype(bool), values

    def _number(self, found: list[tuple[int, int]], n: int) -> int:
        """Return the number of a value function of n features, 0 where there is none."""
        if found and found[0][1] != n:
            raise InputError(
                f"fingerprint: the store has it for a function of {found[0][1]} features, not {n}; functions "
                "that differ need different fingerprints."
            )
        return found[0][0] if found else 0

    def _set_up(self) -> None:
        application, version, tables = (
            self._db.rows(query)[0][0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
        self._db.rows("PRAGMA cell_size_check = ON")
        if application != _APPLICATION and (tables or self._db.read_only):
            raise self._refused("it is a database of another program")
        if version > _VERSION:
            raise self._refused("a newer version wrote it; upgrade spex-plugins")
        if not self._db.read_only:
            self._set_up_to_write(version)

    def _set_up_to_write(self, version: int) -> None:
        self._use_log()
        self._db.rows("PRAGMA synchronous = FULL")
        self._db.rows("PRAGMA cache_size = -65536")  # KiB
        self._db.rows("PRAGMA wal_autocheckpoint = 8192")  # pages: masks fall all over the tree
        if version < _VERSION:
            self._create()

    def _use_log(self) -> None:
        """Switch to the write-ahead log; SQLite does not wait by itself when two processes do so at once."""
        for _ in range(int(_WAIT / 0.05)):
            try:
                self._db.connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                    with explained(self.path):
                        raise
                sleep(0.05)
        raise self._refused("it is locked")

    def _create(self) -> None:
        """Create the tables; those of the first version are the same."""
        with self._db.writing():
            if self._db.rows("PRAGMA user_version")[0][0] == 0:  # else another process was quicker
                for table in _SCHEMA:
                    self._db.rows(table)
                self._db.rows(f"PRAGMA application_id = {_APPLICATION}")
            self._db.rows(f"PRAGMA user_version = {_VERSION}")

    def _refused(self, problem: str) -> StoreError:
        return StoreError(f"store: {self.path} cannot be used as a store: {problem}.")
