"""Who is asking: a lock that the system lets go of when its process dies, however it dies."""

from __future__ import annotations

import sqlite3
from glob import escape
from pathlib import Path
from uuid import uuid4

__all__ = ["Owner", "dead_owners", "is_alive"]


class Owner:
    """A session at a store: a name, and a locked file beside the store for as long as it lives.

    The lock is SQLite's own, on an empty file, so that it works on every system, across containers that
    share a disk, and needs neither clocks nor process numbers. Owners are made and examined inside write
    transactions of the store, one at a time.
    """

    def __init__(self, store: Path) -> None:
        self.name = uuid4().hex
        self._path = _path(store, self.name)
        self._lock = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        _lock(self._lock)

    def close(self) -> None:
        """Let go."""
        self._lock.close()
        self._path.unlink(missing_ok=True)


def is_alive(store: Path, name: str) -> bool:
    """Tell whether the process of an owner lives."""
    path = _path(store, name)
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=0)
        try:
            connection.isolation_level = None
            _lock(connection)
        finally:
            connection.close()
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    path.unlink(missing_ok=True)
    return False


def dead_owners(store: Path) -> list[str]:
    """Return the owners that died without a word, and remove their files."""
    start = len(_path(store, "").name)
    names = [path.name[start:] for path in store.parent.glob(escape(_path(store, "").name) + "*")]
    return [name for name in names if not is_alive(store, name)]


def _lock(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA journal_mode = MEMORY")  # no second file: nothing is ever written
    connection.execute("BEGIN EXCLUSIVE")


def _path(store: Path, name: str) -> Path:
    return store.with_name(f"{store.name}-asked-by-{name}")
