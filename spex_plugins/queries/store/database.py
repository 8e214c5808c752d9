"""An SQLite file whose errors say which file it is, what is wrong with it, and what helps."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from spex_plugins import files
from spex_plugins.errors import StoreError

__all__ = ["Database", "explained"]

_WAIT = 60.0  # seconds for another process to finish its transaction
_REMEDIES = {
    sqlite3.SQLITE_FULL: "; make room on its disk and run again",
    sqlite3.SQLITE_NOTADB: "; if it was one, it is damaged: put back a copy of it",
}


class Database:
    """A connection to a file. Two processes may use it at the same time, under one name.

    Parameters
    ----------
    path : path
        A symbolic link stands for the file that it leads to.

    Attributes
    ----------
    path : Path
        Absolute, without links: it stays the same file when the working directory changes.
    read_only : bool
        Whether the file, its folder or its file system cannot be written.
    connection : sqlite3.Connection

    Raises
    ------
    StoreError
        If the file cannot be opened safely.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.realpath(path))
        exists = self.path.exists()
        writable = os.access(self.path.parent, os.W_OK) and (not exists or os.access(self.path, os.W_OK))
        self.read_only = exists and not writable
        with explained(self.path):
            if self.read_only:
                self.connection = _open_to_read(self.path)
            else:
                _check_names(self.path)
                self.connection = sqlite3.connect(self.path, timeout=_WAIT, isolation_level=None)

    def close(self) -> None:
        """Close the file."""
        self.connection.close()

    def rows(self, query: str, values: Iterable[Any] = ()) -> list[Any]:
        """Execute a statement and return its rows."""
        with explained(self.path):
            return self.connection.execute(query, tuple(values)).fetchall()

    def rows_until_damage(self, query: str, values: Iterable[Any]) -> tuple[list[Any], Exception | None]:
        """Return the rows that can be read, and what ended them."""
        rows: list[Any] = []
        try:
            rows.extend(self.connection.execute(query, tuple(values)))
        except sqlite3.DatabaseError as error:
            return rows, error
        return rows, None

    def repeat(self, statement: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for every tuple of values."""
        with explained(self.path):
            self.connection.executemany(statement, values)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Run a transaction that may write, alone among all processes; nothing of it stays if it fails."""
        try:
            self.rows("BEGIN IMMEDIATE")
            yield
            self.rows("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.rows("ROLLBACK")
            raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn the errors of SQLite into a `StoreError` that names the file and the remedy."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_CORRUPT:
            raise StoreError.damaged(path, str(error)) from error
        remedy = _REMEDIES.get(code, "")
        raise StoreError(f"store: {path} cannot be used as a store: {error}{remedy}.") from error


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open a file that cannot be written; without a log beside it, no process is writing it."""
    log = Path(f"{path}-wal")
    if log.exists():
        connection = _connect_to_read(path, "mode=ro")
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            return connection
        except sqlite3.OperationalError as error:
            connection.close()
            if log.stat().st_size:
                raise StoreError(
                    f"store: {path} cannot be read where it is ({error}), as its newest answers are still "
                    f"in {log.name}; copy both files to a folder that can be written."
                ) from error
    return _connect_to_read(path, "immutable=1")


def _connect_to_read(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=_WAIT, isolation_level=None)


def _check_names(path: Path) -> None:
    """Refuse a file with several names: SQLite keeps a log for each, and does not see that of the others."""
    if path.exists() and (path.stat().st_nlink > 1 or files.is_mount_point(path)):
        raise StoreError(
            f"store: {path} has a second name (a hard link, or a mount of the file alone), and SQLite does "
            "not see what is written under the other one: answers would be paid twice, or lost. Copy the "
            "file, or use a symbolic link, or a mount of its folder, instead."
        )
