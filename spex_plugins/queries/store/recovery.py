"""Copy of the readable content of a damaged store to a new one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from spex_plugins.errors import InputError, StoreError
from spex_plugins.queries.store.damaged_file import (
    DamagedRun,
    OtherTable,
    other_tables,
    quoted,
    readable_runs,
    repeats_are_lost,
    unreadable,
)
from spex_plugins.queries.store.database import DAMAGE, Database
from spex_plugins.queries.store.store import Store
from spex_plugins.wording import counted

__all__ = ["Recovered", "recovered"]


@dataclass(frozen=True)
class Recovered:
    """Summary of a recovery.

    Attributes
    ----------
    functions, answers : int
        Numbers of value functions and of answers in the new store.
    others : tuple of (str, int)
        Names and numbers of rows of the tables beside those of the store, such as the calls of a `PartsGame`.
    losses : tuple of str
        What could not be read, and what follows from it, in sentences.
    """

    functions: int
    answers: int
    others: tuple[tuple[str, int], ...]
    losses: tuple[str, ...]


def recovered(damaged: str | PathLike[str], new: str | PathLike[str]) -> Recovered:
    """Copy what is intact to a new store.

    Parameters
    ----------
    damaged : path
    new : path
        A file that does not exist yet.

    Returns
    -------
    Recovered

    Raises
    ------
    InputError
        If the new file exists.
    StoreError
        If nothing can be read, or the new file cannot be written.
    """
    if Path(new).exists():
        raise InputError(f"out: {new} exists already; choose the name of a new file.")
    old = _opened(Path(damaged))
    try:
        runs = readable_runs(old)
        tables = other_tables(old)
        losses = list(_losses(runs, repeats_are_lost(old)))
    finally:
        old.close()
    with Store(new) as store:
        for run in runs:
            _write(store, run)
    others = _written(tables, new) if tables else ()
    for table, (name, count) in zip(tables, others, strict=True):
        if not table.complete or count < len(table.rows):
            losses.append(f"Table {name} could not be read as a whole.")
    return Recovered(len(runs), sum(len(run.values) for run in runs), others, tuple(losses))


def _opened(damaged: Path) -> Database:
    """Open the damaged file; its errors do not advise to recover it, which is what is done."""
    try:
        return Database(damaged)
    except StoreError as error:
        if isinstance(error.__cause__, DAMAGE):
            raise unreadable(damaged, error.__cause__) from error
        raise


def _name(run: DamagedRun) -> str:
    """Return the fingerprint in the new store; a name that is no digest stands for one that is lost."""
    return run.fingerprint or f"lost-{run.number}"


def _write(store: Store, run: DamagedRun) -> None:
    """Write the answers and the designs of a value function."""
    kept = store.run(_name(run), run.n, run.description, repeat_bits=run.repeat_bits)
    if len(run.values):
        kept.keep(0, run.packed, run.values)
    for key, design in run.designs:
        kept.keep_design(key, design)
    kept.close()


def _written(tables: Sequence[OtherTable], new: str | PathLike[str]) -> tuple[tuple[str, int], ...]:
    """Write tables to the new file; return their names and numbers of rows."""
    counts = []
    database = Database(new)
    try:
        for table in tables:
            name = quoted(table.name)
            with database.writing():
                database.rows(table.statement)
                width = len(database.rows(f"PRAGMA table_info({name})"))
                # A damaged row that breaks a rule of its table is left out.
                statement = f"INSERT OR IGNORE INTO {name} VALUES ({', '.join('?' * width)})"
                database.repeat(statement, [row for row in table.rows if len(row) == width])
                counts.append((table.name, int(database.rows(f"SELECT count(*) FROM {name}")[0][0])))
    finally:
        database.close()
    return tuple(counts)


def _losses(runs: Sequence[DamagedRun], repeats_lost: bool) -> Iterator[str]:
    if not all(run.complete for run in runs):
        yield "Other answers could not be read; they will be evaluated again."
    inferred = [run for run in runs if run.inferred]
    if inferred:
        yield (
            f"The list of value functions has no readable entry for {len(inferred)} of them: their last "
            "feature is taken to be the last one that an answer keeps; their descriptions are lost."
        )
    unnamed = [_name(run) for run in runs if run.fingerprint is None]
    if unnamed:
        yield (
            f"No fingerprint could be read for {counted(len(unnamed), 'function')}, so that no run finds the "
            f"answers: export them with --fingerprint {' or '.join(unnamed)}."
        )
    if repeats_lost:
        yield (
            "Which functions have repeats could not be read: until explain_noisy uses the store again, their "
            "masks have the number of the repeat as further features."
        )
