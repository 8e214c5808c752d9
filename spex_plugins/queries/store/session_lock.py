"""A lock for each session, which the operating system releases when the process ends in any way."""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from glob import escape
from pathlib import Path
from stat import S_IMODE
from uuid import uuid4

__all__ = ["SessionLock", "dead_sessions", "is_alive"]


class SessionLock:
    """The name of a session, and a file beside the store that is locked while its process runs.

    The lock is one of SQLite on an empty file. It works on every operating system and across containers that
    share a disk, and needs neither clocks nor process ids. Locks are created and tested inside write
    transactions of the store, one at a time.

    Parameters
    ----------
    store : Path
        Absolute and without links, so that all processes use the same folder for locks.
    """

    def __init__(self, store: Path) -> None:
        self.name = uuid4().hex
        self._path = _path(store, self.name)
        self._lock = sqlite3.connect(self._path, isolation_level=None, timeout=0)
        try:
            self._lock.execute("PRAGMA journal_mode = MEMORY")  # no journal file: nothing is written
            self._lock.execute("BEGIN EXCLUSIVE")
            with suppress(OSError):  # users of the store may test its locks
                os.chmod(self._path, S_IMODE(store.stat().st_mode))
        except sqlite3.Error:
            self.close()
            raise

    def close(self) -> None:
        """Release the lock."""
        self._lock.close()
        with suppress(OSError):  # otherwise the next session removes it
            self._path.unlink()


def is_alive(store: Path, name: str) -> bool:
    """Return whether the process of a session is running."""
    path = _path(store, name)
    if not path.exists():
        return False
    try:
        connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=0)
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        finally:
            connection.close()
    except sqlite3.OperationalError:
        return path.exists()  # locked, or not readable
    with suppress(OSError):
        path.unlink()
    return False


def dead_sessions(store: Path) -> list[str]:
    """Return the sessions that ended without closing their lock, and remove their files."""
    start = len(_path(store, "").name)
    names = [path.name[start:] for path in store.parent.glob(escape(_path(store, "").name) + "*")]
    return [name for name in names if not is_alive(store, name)]


def _path(store: Path, name: str) -> Path:
    return store.with_name(f"{store.name}-asked-by-{name}")
