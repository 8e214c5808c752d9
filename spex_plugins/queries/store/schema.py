"""Tables of a store, their versions, and the preparation of a file."""

from __future__ import annotations

import sqlite3
from time import sleep

from spex_plugins.errors import StoreError
from spex_plugins.queries.store.database import Database, explained

__all__ = ["OWN_TABLES", "has_table", "prepare"]

_VERSION = 2
_APPLICATION = 0x53504558  # "SPEX"; other SQLite files are refused
_WAIT = 60.0  # seconds to wait for another process that enables the log at the same time

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
# Tables that the first programs did not create, and are not disturbed by. designs: which masks a run chose,
# by a digest of those that it would have chosen without answers. repeats: the runs whose masks are asked
# several times; the last columns of their masks, so many bits, are the number of the repeat.
_ADDED = {
    "designs": """CREATE TABLE IF NOT EXISTS designs (
        id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), key TEXT NOT NULL,
        design BLOB NOT NULL, UNIQUE (run, key))""",
    "repeats": """CREATE TABLE IF NOT EXISTS repeats (
        run INTEGER PRIMARY KEY REFERENCES runs (id), features INTEGER NOT NULL, bits INTEGER NOT NULL)""",
}

OWN_TABLES = ("runs", "answers", "claims", *_ADDED)
"""Names of the tables of a store; other parts of the package may keep further ones in its file."""


def prepare(db: Database) -> None:
    """Check that a file is a store, or initialise it, and configure the connection.

    Raises
    ------
    StoreError
        If the file is not a store, was written by a newer version, or remains locked.
    """
    with db.reading():  # of one moment: another process may be creating the tables
        application, version, tables = (
            db.rows(query)[0][0]
            for query in (
                "PRAGMA application_id",
                "PRAGMA user_version",
                "SELECT count(*) FROM sqlite_master",
            )
        )
    db.rows("PRAGMA cell_size_check = ON")
    if application != _APPLICATION and (tables or db.read_only):
        raise _refused(db, "it is a database of another program")
    if version > _VERSION:
        raise _refused(db, "a newer version wrote it; upgrade spex-plugins")
    if not db.read_only:
        _prepare_to_write(db, version)


def _prepare_to_write(db: Database, version: int) -> None:
    _use_log(db)
    db.rows("PRAGMA synchronous = FULL")
    db.rows("PRAGMA cache_size = -65536")  # KiB
    db.rows("PRAGMA wal_autocheckpoint = 8192")  # pages; masks are written all over the tree
    if version < _VERSION:
        _create(db)
    for name, statement in _ADDED.items():
        if not has_table(db, name):
            db.rows(statement)


def has_table(db: Database, name: str) -> bool:
    """Tell whether a file has a table, such as one that older programs do not create."""
    return bool(db.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (name,)))


def _use_log(db: Database) -> None:
    """Enable the write-ahead log; SQLite does not wait when two processes do so at once."""
    for _ in range(int(_WAIT / 0.05)):
        try:
            db.connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                with explained(db.path):
                    raise
            sleep(0.05)
    raise _refused(db, "it is locked")


def _create(db: Database) -> None:
    """Create the tables; those of version 1 are the same."""
    with db.writing():
        if db.rows("PRAGMA user_version")[0][0] == 0:  # otherwise another process has created them
            for table in _SCHEMA:
                db.rows(table)
            db.rows(f"PRAGMA application_id = {_APPLICATION}")
        db.rows(f"PRAGMA user_version = {_VERSION}")


def _refused(db: Database, problem: str) -> StoreError:
    return StoreError(f"store: {db.path} cannot be used as a store: {problem}.")
