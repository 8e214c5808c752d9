"""An SQLite file whose errors name the file, the problem and the remedy."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from spex_plugins import files
from spex_plugins.errors import StoreError

__all__ = ["DAMAGE", "Database", "explained"]

_WAIT = 60.0  # seconds for another process to finish its transaction
_REMEDIES = {
    sqlite3.SQLITE_FULL: "; free space on its disk and run again",
    sqlite3.SQLITE_NOTADB: "; if it was one, it is damaged: restore a copy of it",
}

DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)
"""Errors at reading a damaged file; the second one where SQLite quotes a damaged text in its message."""


class Database:
    """A connection to a file, which several processes may use at the same time under the same name.

    Parameters
    ----------
    path : path
        A symbolic link is resolved.

    Attributes
    ----------
    path : Path
        Absolute and without links, so that it does not depend on the working directory.
    read_only : bool
        Whether the file, its folder or its file system is not writable.
    connection : sqlite3.Connection

    Raises
    ------
    StoreError
        If the file cannot be opened safely.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(os.path.realpath(files.checked_path("store", path)))
        try:
            exists = self.path.exists()
        except OSError as error:  # a name that is too long
            raise StoreError(f"store: {self.path!s:.80} cannot be opened: {error.strerror}.") from error
        self._identity: tuple[int, int] | None = None
        if exists and not self.path.is_file():
            what = "a directory" if self.path.is_dir() else "no regular file"
            raise StoreError(f"store: {self.path} is {what}; give the path of a file, or of a new one.")
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
        """Return the rows that can be read, and the error that ended reading, if any."""
        rows: list[Any] = []
        try:
            rows.extend(self.connection.execute(query, tuple(values)))
        except DAMAGE as error:
            return rows, error
        return rows, None

    def repeat(self, statement: str, values: Iterable[tuple[Any, ...]]) -> None:
        """Execute a statement for every tuple of values."""
        with explained(self.path):
            self.connection.executemany(statement, values)

    def writing(self) -> AbstractContextManager[None]:
        """Run a transaction with exclusive write access; it is rolled back if it fails."""
        return self._transaction("BEGIN IMMEDIATE", self._check_presence)

    def reading(self) -> AbstractContextManager[None]:
        """Run a transaction that sees the file as it is at one moment."""
        return self._transaction("BEGIN")

    def _check_presence(self) -> None:
        """Refuse to write to a file that has lost its name: it ends with this process."""
        try:
            found = self.path.stat()
        except OSError:
            found = None
        identity = None if found is None else (found.st_dev, found.st_ino)
        self._identity = self._identity or identity
        if identity is None or identity != self._identity:
            raise StoreError(
                f"store: {self.path} was removed, or replaced by another file, while it was in use: answers "
                "written to it would be lost."
            )

    @contextmanager
    def _transaction(self, begin: str, check: Callable[[], None] = lambda: None) -> Iterator[None]:
        try:
            self.rows(begin)
            check()
            yield
            self.rows("COMMIT")
        except BaseException:
            if self.connection.in_transaction:
                self.rows("ROLLBACK")
            raise


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Convert errors of SQLite to a `StoreError` that names the file and the remedy."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise StoreError.damaged(path, "a text in it is not UTF-8") from error
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_CORRUPT:
            raise StoreError.damaged(path, str(error)) from error
        remedy = _REMEDIES.get(code, "")
        raise StoreError(f"store: {path} cannot be used as a store: {error}{remedy}.") from error


def _open_to_read(path: Path) -> sqlite3.Connection:
    """Open a read-only file; if it has no write-ahead log, no process is writing it."""
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
                    f"store: {path} cannot be read in its folder ({error}), as its newest answers are still "
                    f"in {log.name}; copy both files to a writable folder."
                ) from error
    return _connect_to_read(path, "immutable=1")


def _connect_to_read(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?{how}", uri=True, timeout=_WAIT, isolation_level=None)


def _check_names(path: Path) -> None:
    """Refuse a file with several names: SQLite keeps a separate log for each of them."""
    if path.exists() and (path.stat().st_nlink > 1 or files.is_mount_point(path)):
        raise StoreError(
            f"store: {path} has a second name (a hard link, or a mount of the file alone), and SQLite does "
            "not see what is written under the other one: answers would be paid twice, or lost. Copy the "
            "file, or use a symbolic link, or a mount of its folder, instead."
        )
