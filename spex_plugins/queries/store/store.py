"""The file of stored values: an SQLite database with one row for each mask."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from os import PathLike
from pathlib import Path

import numpy as np

from spex_plugins.errors import InputError, StoreError
from spex_plugins.queries.store.answer_rows import decoded, shape_of
from spex_plugins.queries.store.database import Database
from spex_plugins.queries.store.schema import has_table, prepare
from spex_plugins.queries.store.stored_answers import ReadOnlyAnswers, StoredAnswers
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Store", "StoredRun"]


@dataclass(frozen=True)
class StoredRun:
    """Summary of the stored values of one value function.

    Attributes
    ----------
    fingerprint : str
        SHA-256 digest of its fingerprint.
    n : int
        Number of features.
    outputs : int or None
        Number of outputs K, 0 for a scalar function, None before the first value.
    answers : int
        Number of values: of masks, or, with ``repeat_bits``, of masks and their repeats.
    description : str or None
        The latest note.
    created : str
        Date and time of the first run, ISO 8601 in UTC.
    repeat_bits : int
        Number of bits that follow a mask in the file and number its repeats, as of `explain_noisy`; 0 where
        every mask has one value.
    """

    fingerprint: str
    n: int
    outputs: int | None
    answers: int
    description: str | None
    created: str
    repeat_bits: int = 0


class Store:
    """A file of values, created if it does not exist. Several processes can use it at the same time.

    Each batch of values is one transaction. It survives the end of the process and, because every
    transaction waits for the disk (``synchronous = FULL``), a power failure.

    Parameters
    ----------
    path : path-like
        A file on a local disk: SQLite's write-ahead log does not work over a network. Read-only files can be
        read.

    Raises
    ------
    InputError
        If the path is that of a directory, or if the file is not a store, was written by a newer version, or
        has several names (hard links).
    """

    def __init__(self, path: str | PathLike[str]) -> None:
        try:
            self._db = Database(path)
            try:
                prepare(self._db)
            except BaseException:
                self._db.close()
                raise
        except StoreError as error:
            raise InputError(str(error)) from error

    @property
    def path(self) -> Path:
        """The absolute path of the file, without links."""
        return self._db.path

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def run(
        self, fingerprint: str, n: int, description: str | None = None, *, repeat_bits: int = 0
    ) -> ReadOnlyAnswers:
        """Return the stored values of a value function, to look up and to extend; close it after use.

        Parameters
        ----------
        fingerprint : str
            SHA-256 digest of everything that the values depend on.
        n : int
            Number of columns of a mask: features and ``repeat_bits``.
        description : str, optional
            A note, stored as plain text.
        repeat_bits : int
            How many of the columns, the last ones, are the number of a repeat; `export` leaves them out.

        Returns
        -------
        ReadOnlyAnswers
            A `StoredAnswers` if the file is writable.

        Raises
        ------
        InputError
            If the store has this fingerprint for a function of another number of features.
        StoreError
            If the file cannot be read or written.
        """
        if self._db.read_only:
            found = self._db.rows("SELECT id, n FROM runs WHERE fingerprint = ?", (fingerprint,))
            return ReadOnlyAnswers(self._db, _number(found, n, repeat_bits), n)
        with self._db.writing():
            self._db.rows(
                "INSERT INTO runs (fingerprint, n, description, created) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (fingerprint) "
                "DO UPDATE SET description = coalesce(excluded.description, description)",
                (fingerprint, n, description, datetime.now(UTC).isoformat(timespec="seconds")),
            )
            found = self._db.rows("SELECT id, n FROM runs WHERE fingerprint = ?", (fingerprint,))
            number = _number(found, n, repeat_bits)
            if repeat_bits:
                self._db.rows(
                    "INSERT OR IGNORE INTO repeats VALUES (?, ?, ?)", (number, n - repeat_bits, repeat_bits)
                )
            return StoredAnswers(self._db, number, n)

    def info(self) -> list[StoredRun]:
        """Return a summary of the content of the store, oldest run first.

        Returns
        -------
        list of StoredRun
            One for each value function.

        Raises
        ------
        StoreError
            If the file is damaged or cannot be read.
        """
        (sound,) = self._db.rows("PRAGMA integrity_check(1)")[0]
        if sound != "ok":
            raise StoreError.damaged(self.path, " ".join(sound.split()))
        numbered = "(SELECT bits FROM repeats WHERE run = runs.id)" if has_table(self._db, "repeats") else "0"
        rows = self._db.rows(
            "SELECT fingerprint, n - bits, outputs, answers, description, created, bits FROM (SELECT *, "
            "(SELECT count(*) FROM answers WHERE run = runs.id) AS answers, "
            f"coalesce({numbered}, 0) AS bits FROM runs) ORDER BY id"
        )
        return [StoredRun(*row) for row in rows]

    def export(self, fingerprint: str | None = None) -> tuple[BoolArray, FloatArray]:
        """Return all values of one value function, for example for `spex_plugins.fit`.

        Parameters
        ----------
        fingerprint : str, optional
            The beginning of the digest that `info` returns; required if there are several functions.

        Returns
        -------
        masks : ndarray of bool, shape (m, n)
            True for a feature that is kept. A mask that was asked several times, as by `explain_noisy`, has a
            row for every value; `spex_plugins.fit` averages them.
        values : ndarray of float64, shape (m,) or (m, K)
            Their values.

        Raises
        ------
        InputError
            If no function in the store matches, or several do.
        StoreError
            If the file is damaged or cannot be read.
        """
        known = self.info()
        found = [run for run in known if run.fingerprint.startswith(fingerprint or "")]
        if not known:
            raise InputError(f"store: {self.path} has no answers.")
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
        size = -(-(run.n + run.repeat_bits) // 8)
        bits = np.unpackbits(packed.reshape(len(rows), size), axis=1, count=run.n)
        return bits.astype(bool), values


def _number(found: list[tuple[int, int]], n: int, repeat_bits: int) -> int:
    """Return the row id of a value function whose masks have n columns, 0 if there is none."""
    if found and found[0][1] != n:
        raise InputError(
            "fingerprint: in the store, it belongs to a function of "
            f"{found[0][1] - repeat_bits} features, not {n - repeat_bits}; "
            "different functions need different fingerprints."
        )
    return found[0][0] if found else 0
