"""What can still be read of a damaged store: value functions with their answers, and other tables."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from spex_plugins.errors import StoreError
from spex_plugins.queries.store.answer_rows import decoded, shape_of
from spex_plugins.queries.store.database import Database
from spex_plugins.queries.store.schema import OWN_TABLES
from spex_plugins.types import FloatArray

__all__ = [
    "DamagedRun",
    "OtherTable",
    "other_tables",
    "quoted",
    "readable_runs",
    "repeats_are_lost",
    "unreadable",
]

_PARTS = 256  # of a table, by the first byte of the mask; each is read from both ends up to a damaged page
_DIGITS = frozenset("0123456789abcdef")

_ENTRIES = (
    "SELECT id, fingerprint, n, outputs, description FROM runs WHERE typeof(fingerprint) = 'text' "
    "AND typeof(n) = 'integer' AND n > 0 ORDER BY id {direction}"
)
_INDEX = (
    "SELECT id, fingerprint FROM runs INDEXED BY sqlite_autoindex_runs_1 ORDER BY fingerprint {direction}"
)
_REPEATS = (
    "SELECT run, features, bits FROM repeats WHERE typeof(features) = 'integer' AND typeof(bits) = 'integer' "
    "ORDER BY run {direction}"
)
_DESIGNS = (
    "SELECT key, design FROM designs WHERE run = ? AND typeof(key) = 'text' AND typeof(design) = 'blob' "
    "ORDER BY id"
)

Row = tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class DamagedRun:
    """What is known of one value function.

    Attributes
    ----------
    number : int
        Its row id.
    fingerprint : str or None
        None if it is lost.
    n : int
        Number of columns of a mask, ``repeat_bits`` included.
    repeat_bits : int
        See `Store.run`.
    description : str or None
        The note.
    inferred : bool
        Whether the entry in the list of value functions is lost. Then the shape of a value is that of the
        answers, and so is ``n``, unless the table of repeats has it.
    packed : ndarray of uint8, shape (m, ⌈n / 8⌉)
        The intact masks.
    values : ndarray of float64, shape (m,) or (m, K)
        Their values.
    designs : list of tuple (key, design)
        Their checksums are tested on use.
    complete : bool
        Whether all answers could be read.
    """

    number: int
    fingerprint: str | None
    n: int
    repeat_bits: int
    description: str | None
    inferred: bool
    packed: Any
    values: FloatArray
    designs: list[Row]
    complete: bool


@dataclass(frozen=True)
class OtherTable:
    """A table that another part of the package keeps in the file of a store.

    Attributes
    ----------
    name, statement : str
        Its name, and the statement that creates it.
    rows : list of tuple
        Those that can be read.
    complete : bool
        Whether these are all rows.
    """

    name: str
    statement: str
    rows: list[Row]
    complete: bool


def readable_runs(db: Database) -> list[DamagedRun]:
    """Return the value functions that have an entry or intact answers.

    Where an entry is lost, its fingerprint is taken from the index of the table, which is stored apart.

    Raises
    ------
    StoreError
        If neither the list of value functions nor an answer can be read.
    """
    entries, problem = _from_both_ends(db, _ENTRIES)
    indexed, _ = _from_both_ends(db, _INDEX)
    repeats, _ = _from_both_ends(db, _REPEATS)
    numbers = sorted({*entries, *_answered(db)})
    if not numbers and problem is not None:
        raise unreadable(db.path, problem)
    runs: list[DamagedRun] = []
    for number in numbers:
        entry = entries.get(number)
        fingerprint = _digest([found[1] for found in (entry, indexed.get(number)) if found])
        if fingerprint in [run.fingerprint for run in runs]:
            fingerprint = None
        run = _run(db, number, fingerprint, entry, repeats.get(number))
        runs += [] if run is None else [run]
    return runs


def unreadable(path: PathLike[str], problem: BaseException) -> StoreError:
    """Return the error for a file of which nothing can be read."""
    return StoreError(
        f"store: {path} cannot be recovered, as neither its list of value functions nor its answers can be "
        f"read ({problem}). Restore it from a backup."
    )


def repeats_are_lost(db: Database) -> bool:
    """Tell whether the file has a table of repeats that cannot be read."""
    known = db.rows_until_damage("SELECT 1 FROM sqlite_master WHERE name = 'repeats'", ())[0]
    return bool(known) and _from_both_ends(db, _REPEATS)[1] is not None


def other_tables(db: Database) -> list[OtherTable]:
    """Return the tables that are not those of a store itself, such as the calls of a `PartsGame`."""
    query = "SELECT name, sql FROM sqlite_master WHERE type = 'table' AND sql LIKE 'CREATE TABLE%'"
    tables = []
    for name, statement in db.rows_until_damage(query, ())[0]:
        if name not in OWN_TABLES and not name.startswith("sqlite_"):
            numbered = f"SELECT rowid, * FROM {quoted(name)} ORDER BY rowid {{direction}}"
            rows, problem = _from_both_ends(db, numbered)
            tables.append(OtherTable(name, statement, [row[1:] for row in rows.values()], problem is None))
    return tables


def quoted(name: str) -> str:
    """Return the name of a table as a part of a statement."""
    return '"' + name.replace('"', '""') + '"'


def _from_both_ends(
    db: Database, query: str, values: Iterable[Any] = ()
) -> tuple[dict[Any, Row], Exception | None]:
    """Return the rows up to the damage from either end, by their first column, and the error, if any."""
    given = tuple(values)
    first, problem = db.rows_until_damage(query.format(direction="ASC"), given)
    last = [] if problem is None else db.rows_until_damage(query.format(direction="DESC"), given)[0]
    return {row[0]: row for row in [*first, *reversed(last)]}, problem


def _answered(db: Database) -> set[int]:
    """Return the numbers of the value functions with answers, found from either end up to the damage."""
    found: set[int] = set()
    for extreme, relation in (("min", ">"), ("max", "<")):
        rows, _ = db.rows_until_damage(f"SELECT {extreme}(run) FROM answers", ())
        following = f"SELECT {extreme}(run) FROM answers WHERE run {relation} ?"
        while rows and isinstance(rows[0][0], int) and rows[0][0] not in found:
            found.add(rows[0][0])
            rows, _ = db.rows_until_damage(following, rows[0])
    return found


def _digest(candidates: list[Any]) -> str | None:
    """Return the first candidate that is a SHA-256 digest, the form of a fingerprint."""
    texts = [text for text in candidates if isinstance(text, str)]
    return next((text for text in texts if len(text) == 64 and {*text} <= _DIGITS), None)


def _run(
    db: Database, number: int, fingerprint: str | None, entry: Row | None, repeats: Row | None
) -> DamagedRun | None:
    """Read the answers of a value function; what the tables say of their shape counts if it agrees."""
    rows, complete = _answers(db, number)
    size = _most_common(len(mask) for mask, _ in rows)
    _, _, of_entry, outputs, description = entry or (number, None, None, None, None)
    features, bits = repeats[1:] if repeats else (0, 0)
    told = [n for n in (of_entry, features + bits) if n and size in (None, _bytes(n))]
    size = _bytes(told[0]) if told else size or 0
    shape = _shape(outputs, _most_common(len(answer) for _, answer in rows if isinstance(answer, bytes)))
    fitting = [row for row in rows if len(row[0]) == size]
    values, intact = decoded(fitting, shape)
    masks = b"".join(mask for (mask, _), whole in zip(fitting, intact, strict=True) if whole)
    packed = np.frombuffer(masks, dtype=np.uint8).reshape(len(values), size)
    if not told and not len(values):
        return None
    n = told[0] if told else _least_columns(packed)
    return DamagedRun(
        number=number,
        fingerprint=fingerprint,
        n=n,
        repeat_bits=bits if bits and features + bits == n else 0,
        description=description if isinstance(description, str) else None,
        inferred=n != of_entry,
        packed=packed,
        values=values,
        designs=db.rows_until_damage(_DESIGNS, (number,))[0],
        complete=complete and len(values) == len(rows),
    )


def _answers(db: Database, number: int) -> tuple[list[tuple[bytes, Any]], bool]:
    """Return the readable rows (mask, answer) of a value function, and whether these are all."""
    found: dict[Any, Row] = {}
    complete = True
    for part in range(_PARTS):
        last = part + 1 == _PARTS
        bounds = [bytes([part])] if last else [bytes([part]), bytes([part + 1])]
        rows, problem = _from_both_ends(
            db,
            f"SELECT mask, answer FROM answers WHERE run = ? AND mask >= ?{'' if last else ' AND mask < ?'} "
            "ORDER BY mask {direction}",
            (number, *bounds),
        )
        found |= rows
        complete &= problem is None
    listed, _ = db.rows_until_damage("SELECT count(*) FROM answers WHERE run = ?", (number,))
    return [(mask, answer) for mask, answer in found.values()], complete and listed == [(len(found),)]


def _bytes(n: int) -> int:
    """Return the number of bytes of a packed mask of n columns."""
    return -(-n // 8)


def _most_common(sizes: Iterable[int]) -> int | None:
    counts = Counter(sizes).most_common(1)
    return counts[0][0] if counts else None


def _shape(outputs: Any, length: int | None) -> tuple[int, ...] | None:
    """Return the shape of a value: that of the entry, or, where the answers have another length, theirs.

    A scalar and an array with one value cannot be told apart by it; such answers are taken as scalars.
    """
    known = outputs if isinstance(outputs, int) and outputs >= 0 else None
    if length is None or (known is not None and max(known, 1) == length // 8):  # a checksum has four bytes
        return shape_of(known)
    return shape_of(length // 8 if length >= 16 else 0)


def _least_columns(packed: Any) -> int:
    """Return the smallest number of columns that masks (m, b) of packed bytes can have."""
    kept = np.unpackbits(np.bitwise_or.reduce(packed, axis=0))
    return max(int(np.flatnonzero(kept).max(initial=-1)) + 1, len(kept) - 7)
