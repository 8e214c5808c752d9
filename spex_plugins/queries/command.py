"""The command line: what a store holds, and its answers as arrays or as a table."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.queries.store import Store, StoredRun

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``python -m spex_plugins`` with these arguments; returns the exit status."""
    parser = ArgumentParser(prog="python -m spex_plugins", description="Sparse spectral explanations.")
    store = parser.add_subparsers(required=True).add_parser("store", help="look into a store of answers")
    actions = store.add_subparsers(required=True)
    info = actions.add_parser("info", help="what the store holds")
    export = actions.add_parser("export", help="write the answers to one value function")
    for action, run in ((info, _info), (export, _export)):
        action.add_argument("store", type=Path, help="an SQLite file, as given to explain(store=…)")
        action.set_defaults(run=run)
    export.add_argument(
        "out",
        type=Path,
        help="a file .npz with arrays masks and values, for spex_plugins.fit, or a table .csv",
    )
    export.add_argument("--fingerprint", help="which function: the beginning of what info shows")
    chosen = parser.parse_args(arguments)
    try:
        if not chosen.store.is_file():
            raise InputError(f"store: {chosen.store} does not exist.")
        with Store(chosen.store) as opened:
            chosen.run(opened, chosen)
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _info(store: Store, _: Namespace) -> None:
    print(f"{store.path}: {store.path.stat().st_size / 2**20:.1f} MiB")
    for run in store.info():
        print("\n".join(f"  {name:<13}{text}" for name, text in _lines(run)))


def _lines(run: StoredRun) -> list[tuple[str, str]]:
    lines = [
        ("fingerprint", run.fingerprint[:12]),
        ("features", str(run.n)),
        ("outputs", str(run.outputs or 1)),
        ("answers", f"{run.answers:,}"),
        ("created", run.created.replace("T", " ").replace("+00:00", " UTC")),
    ]
    return lines if run.description is None else [*lines, ("description", run.description)]


def _export(store: Store, chosen: Namespace) -> None:
    if chosen.out.suffix not in (".npz", ".csv"):
        raise InputError(f"out: must end in .npz or .csv, got {chosen.out}.")
    masks, values = store.export(chosen.fingerprint)
    if chosen.out.suffix == ".npz":
        np.savez_compressed(chosen.out, masks=masks, values=values)
    else:
        columns = values.reshape(len(values), -1)
        names = ["mask", *(f"value{k}" for k in range(columns.shape[1]))]
        rows = [
            ",".join([_digits(mask), *map(repr, row)])
            for mask, row in zip(masks, columns.tolist(), strict=True)
        ]
        chosen.out.write_text("\n".join([",".join(names), *rows, ""]))
    print(f"{len(masks):,} answers written to {chosen.out}")


def _digits(mask: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    return "".join("01"[kept] for kept in mask.tolist())
