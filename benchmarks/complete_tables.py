"""Errors of Shapley values and pairs per model call on complete tables of real games, ours beside shapiq's.

    python benchmarks/complete_tables.py --peer-python PY
    python benchmarks/complete_tables.py --report

Makes the tables where they are missing, and prints markdown; see README.md beside this file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from _cells import Report, compute, read
from _harness import HERE, machine
from _peer import Peer
from complete_games.kinds import KINDS, Name, load, names
from complete_games.methods import PEERS, ours, peers
from complete_games.report import keep_medians, kept_medians, medians, print_failed, print_report
from complete_games.truth import relative_error, true_indices

OURS = ("shapley", "auto")
KEPT = HERE / "results" / "complete_tables.jsonl"


class Worker:
    """What a process keeps between cells."""

    tables: Path
    peer: Peer | None


def set_up(tables: Path, python: str | None, limit: float) -> None:
    Worker.tables = tables
    Worker.peer = Peer(python, limit) if python else None


@lru_cache(maxsize=1)
def known(name: Name) -> tuple[int, np.ndarray, dict[str, np.ndarray]]:
    """Return n, all values and the true indices of a game."""
    n, values = load(name, Worker.tables)
    return n, values, true_indices(n, values)


def measured(cell: Report) -> Report:
    """Let a method estimate the indices of one game."""
    n, values, right = known(Name(cell["kind"], cell["index"]))
    powers, asked = 1 << np.arange(n), 0

    def value(masks: np.ndarray) -> np.ndarray:
        nonlocal asked
        asked += len(masks)
        return values[np.asarray(masks, dtype=bool) @ powers]

    start = process_time()
    try:
        found = _estimates(cell["method"], value, n, cell["calls"], cell["seed"])
    except Exception as error:
        return {"failed": f"{type(error).__name__}: {error}"[:300]}
    seconds = process_time() - start
    if asked > cell["calls"]:
        return {"failed": f"asked {asked} masks instead of {cell['calls']}"}
    # A game without interactions has no relative error of its pairs.
    errors = {name: relative_error(given, right[name]) for name, given in found.items() if right[name].any()}
    print("…", *cell.values(), {name: round(error, 4) for name, error in errors.items()}, flush=True)
    return {"n": n, "asked": asked, "cpu_s": round(seconds, 3), "errors": errors}


def _estimates(method: str, value: Any, n: int, calls: int, seed: int) -> dict[str, np.ndarray]:
    if ":" not in method:
        return ours(method, value, n, calls, seed)
    assert Worker.peer is not None
    return peers(method, value, n, calls, seed, Worker.peer)


def cells(arguments: Namespace) -> Iterator[Report]:
    """Yield the cells in the order of their computation."""
    methods = list(arguments.ours)
    if arguments.peer_python:
        methods += [f"{index}:{name}" for index, known in PEERS.items() for name in known]
    for seed in range(1, arguments.seeds + 1):
        for kind, index in names(arguments.kinds, arguments.games):
            for calls in arguments.budgets:
                for method in methods:
                    if not set(method.split(":")) & set(arguments.without):
                        of = {"kind": kind, "index": index, "seed": seed}
                        yield of | {"method": method, "calls": calls}


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    parser.add_argument("--games", choices=("develop", "report", "all"), default="all")
    parser.add_argument("--budgets", type=int, nargs="+", default=[250, 500, 1000, 2000])
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--ours", nargs="*", default=list(OURS), metavar="NAME", help="our estimators")
    parser.add_argument("--without", nargs="*", default=[], metavar="NAME", help="approximators to leave out")
    parser.add_argument("--peer-python", help="an interpreter that has shapiq; without it, leave it out")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a peer is stopped")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--out", type=Path, default=Path("out/complete"), help="folder of tables and cells")
    parser.add_argument("--file", default="cells.jsonl", help="in it, where new cells are appended")
    parser.add_argument("--kept", type=Path, default=KEPT, help="medians that were measured before")
    parser.add_argument("--keep", action="store_true", help="add the new medians to them")
    parser.add_argument("--report", action="store_true", help="compute nothing, print the tables")
    arguments = parser.parse_args()
    folder = arguments.out / "cells"
    if not arguments.report:
        for name in names(arguments.kinds, arguments.games):
            load(name, arguments.out / "tables")
        settings = (arguments.out / "tables", arguments.peer_python, arguments.limit)
        compute(cells(arguments), measured, folder / arguments.file, arguments.jobs, set_up, *settings)
    reports = read(folder)
    known = kept_medians(arguments.kept)
    for row, errors in medians(reports).items():
        known[row] = known.get(row, {}) | errors
    print(f"\n{machine()}\n")
    for games in ("develop", "report") if arguments.games == "all" else (arguments.games,):
        print_report(known, games, arguments.ours)
    print_failed(reports)
    if arguments.keep:
        keep_medians(arguments.kept, known, machine())


if __name__ == "__main__":
    main()
