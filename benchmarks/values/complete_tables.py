"""Errors of Shapley values and pairs per model call on complete tables of real games, ours beside shapiq's.

    python benchmarks complete_tables --peer-python PY
    python benchmarks complete_tables --report

Makes the tables where they are missing, and prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from library.games.complete.kinds import KINDS, Name, load, names
from library.games.complete.true_indices import relative_error, true_indices, within_two
from library.measure.counted import Counted
from library.measure.machine import machine
from library.measure.result_files import Report, read_lines
from library.methods.index_estimates import PEERS, Estimates, ours, peers
from library.per_call import Worker, attempt, compute, options, peer_versions
from library.report.complete_tables import (
    medians,
    print_covered,
    print_failed,
    print_report,
    read_medians,
    write_medians,
)

OURS = ("auto", "shapley")
BUDGETS = [250, 500, 1000, 2000]
KEPT = Path(__file__).parents[1] / "results" / "complete_tables"
"""Medians that were measured before; peers need not be computed again."""


def measured(cell: Report) -> Report:
    """Let a method estimate the indices of one game."""
    n, values, right = known(Name.parse(cell["game"]))
    powers = 1 << np.arange(n)
    value = Counted(lambda masks: values[np.asarray(masks, dtype=bool) @ powers])

    def estimate(value: Counted) -> Report:
        found = _estimates(cell["method"], value, n, cell["calls"], cell["seed"])
        # A game without interactions has no relative error of its pairs.
        errors = {
            index: relative_error(given, right[index])
            for index, given in found.indices.items()
            if right[index].any()
        }
        covered = {
            index: within_two(found.indices[index], right[index], deviations)
            for index, deviations in found.deviations.items()
        }
        return {"errors": errors, "cpu_s": found.cpu_s} | ({"covered": covered} if covered else {})

    report = attempt(estimate, value, cell["calls"])
    print("…", *cell.values(), report.get("failed") or report["errors"], flush=True)
    return report


@lru_cache(maxsize=1)
def known(name: Name) -> tuple[int, np.ndarray, dict[str, np.ndarray]]:
    """Return n, all values and the true indices of a game."""
    n, values = load(name, Worker.folder)
    return n, values, true_indices(n, values)


def _estimates(method: str, value: Counted, n: int, calls: int, seed: int) -> Estimates:
    if ":" in method:
        return peers(method, value, n, calls, seed, Worker.peer())
    return ours(method, value, n, calls, seed)


def cells(arguments: Namespace) -> Iterator[Report]:
    """Yield the cells in the order of their computation."""
    others = [f"{index}:{name}" for index, some in PEERS.items() for name in some if name in arguments.others]
    methods = [*(others if arguments.peer_python else []), *arguments.ours]
    for seed in range(1, arguments.seeds + 1):
        for name in names(arguments.games, arguments.which):
            for calls in arguments.budgets:
                for method in methods:
                    yield {"game": str(name), "seed": seed, "method": method, "calls": calls}


def main() -> None:
    parser = options(__doc__, games=list(KINDS), default=list(KINDS), limit=300, file="cells.jsonl")
    parser.set_defaults(budgets=BUDGETS, seeds=2, out=Path("out/complete"))
    parser.add_argument("--which", choices=("develop", "report", "all"), default="all", help="of the games")
    parser.add_argument(
        "--ours",
        nargs="*",
        default=list(OURS),
        metavar="NAME",
        help="our estimators; with -untold: not told what will be read",
    )
    everyone = sorted({name for some in PEERS.values() for name in some})
    parser.add_argument("--others", nargs="*", choices=everyone, default=everyone)
    parser.add_argument("--kept", type=Path, default=KEPT, help="folder of medians that were measured before")
    parser.add_argument("--keep", type=Path, metavar="FILE", help="write them and the new ones")
    arguments = parser.parse_args()
    folder = arguments.out / "cells"
    if not arguments.report:
        for name in names(arguments.games, arguments.which):
            load(name, arguments.out / "models")
        compute(arguments, "complete_tables", cells(arguments), measured, folder / arguments.file)
    reports = read_lines(folder)
    found = read_medians(read_lines(arguments.kept))
    for row, errors in medians(reports).items():
        found[row] = found.get(row, {}) | errors
    print(f"\n{machine()}\n")
    for which in ("develop", "report") if arguments.which == "all" else (arguments.which,):
        print_report(found, which, arguments.ours)
        print_covered(reports, which, arguments.ours)
    print_failed(reports)
    if arguments.keep:
        with arguments.keep.open("w") as file:
            write_medians(file, found, peer_versions(arguments))


if __name__ == "__main__":
    main()
