"""The command line: list, export and recover the answers of a store."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.files import check_can_be_written, replacing
from spex_plugins.queries.store.answer_rows import as_bytes
from spex_plugins.queries.store.recovery import recovered
from spex_plugins.queries.store.store import Store, StoredRun
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["add_store_command"]


def add_store_command(commands: Any) -> None:
    """Add the command ``store`` with its actions.

    Parameters
    ----------
    commands : object
        What `argparse.ArgumentParser.add_subparsers` returns.
    """
    actions = commands.add_parser("store", help="read a store of answers").add_subparsers(required=True)
    info = actions.add_parser("info", help="show the content of a store")
    export = actions.add_parser("export", help="write the answers to one value function")
    recover = actions.add_parser("recover", help="copy the readable answers of a damaged store to a new one")
    for action, run in ((info, _info), (export, _export), (recover, _recover)):
        action.add_argument("store", type=Path, help="an SQLite file, as given to explain(store=…)")
        action.set_defaults(run=partial(_on_existing, run))
    export.add_argument(
        "out",
        type=Path,
        help="a file .npz with arrays masks and values, for spex_plugins.fit, or a table .csv",
    )
    export.add_argument(
        "--fingerprint", help="the value function: the beginning of a fingerprint that info shows"
    )
    recover.add_argument("out", type=Path, help="the new store, a file that does not exist")


def _on_existing(run: Callable[[Namespace], int], chosen: Namespace) -> int:
    if not chosen.store.exists():
        raise InputError(f"store: {chosen.store} does not exist.")
    return run(chosen)


def _info(chosen: Namespace) -> int:
    with Store(chosen.store) as store:
        runs = store.info()
        print(f"{store.path}: {store.path.stat().st_size / 2**20:.1f} MiB")
    for run in runs:
        print("\n".join(f"  {name:<13}{text}" for name, text in _lines(run)))
    return 0


def _lines(run: StoredRun) -> list[tuple[str, str]]:
    lines = [
        ("fingerprint", run.fingerprint[:12]),
        ("features", str(run.n)),
        ("outputs", str(run.outputs or 1)),
        ("answers", f"{run.answers:,}" + (", with repeats of the same masks" if run.repeat_bits else "")),
        ("created", run.created.replace("T", " ").replace("+00:00", " UTC")),
    ]
    return lines if run.description is None else [*lines, ("description", run.description)]


def _export(chosen: Namespace) -> int:
    if chosen.out.suffix not in (".npz", ".csv"):
        raise InputError(f"out: must end in .npz or .csv, got {chosen.out}.")
    if chosen.out.exists() and chosen.out.samefile(chosen.store):
        raise InputError(f"out: {chosen.out} is the store itself; choose another file.")
    check_can_be_written("out", chosen.out)
    with Store(chosen.store) as store:
        masks, values = store.export(chosen.fingerprint)
    repeats = len(masks) - len(set(as_bytes(np.packbits(masks, axis=1))))
    with replacing(chosen.out) as file:
        if chosen.out.suffix == ".npz":
            np.savez_compressed(file, masks=masks, values=values)
        else:
            file.write(_table(masks, values).encode())
    told = f", {repeats:,} of which repeat a mask," if repeats else ""
    print(f"{counted(len(masks), 'answer')}{told} written to {chosen.out}")
    return 0


def _recover(chosen: Namespace) -> int:
    check_can_be_written("out", chosen.out)
    found = recovered(chosen.store, chosen.out)
    answers = f"{counted(found.answers, 'answer')} to {counted(found.functions, 'function')}"
    print(f"{answers} written to {chosen.out}")
    for name, count in found.others:
        print(f"{counted(count, 'row')} of table {name} written to {chosen.out}")
    for loss in found.losses:
        print(loss, file=sys.stderr)
    return 0


def _table(masks: BoolArray, values: FloatArray) -> str:
    columns = values.reshape(len(values), -1)
    names = ["mask", *(f"value{k}" for k in range(columns.shape[1]))]
    rows = [
        ",".join([_digits(mask), *map(repr, row)]) for mask, row in zip(masks, columns.tolist(), strict=True)
    ]
    return "\n".join([",".join(names), *rows, ""])


def _digits(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    return "".join("01"[kept] for kept in mask.tolist())
