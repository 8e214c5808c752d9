"""Error of Shapley values per model call: ours beside shapiq's approximators, where the truth is known.

    python benchmarks/shapley_per_call.py --peer-python PY
    python benchmarks/shapley_per_call.py --report

Full tables of 2^n masks, trees with TreeSHAP's values, and long texts with a reference of millions of masks.
Prints markdown; see README.md beside this file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from _cells import Report, compute, read
from _harness import machine, table
from _peer import Peer
from _shapley_games import GAMES, game

import spex_plugins as spex
from spex_plugins.adapter_tools import single_values

OURS = ("shapley",)
PEERS = (
    "KernelSHAP",
    "KernelSHAP+pairing_trick",
    "LeverageSHAP",
    "OddSHAP",
    "PermutationSamplingSV",
    "ProxySHAP",
    "ProxySHAP+adjustment",
    "RegressionMSR",
    "SVARM",
)

_NOTHING = 1e-5  # of the mean size of a value: smaller errors are as good as none


class Worker:
    """What a process keeps between cells."""

    folder: Path
    peer: Peer | None


def set_up(folder: Path, python: str | None, limit: float) -> None:
    Worker.folder = folder
    Worker.peer = Peer(python, limit) if python else None


def measured(cell: Report) -> Report:
    """Let a method estimate the Shapley values of one input."""
    value, truth = game(cell["game"], cell["n"], cell["input"], Worker.folder)
    calls = 0

    def counted(masks: np.ndarray) -> np.ndarray:
        nonlocal calls
        calls += len(masks)
        return value(np.asarray(masks, dtype=bool))

    try:
        report = _estimated(cell["method"], counted, cell["n"], cell["calls"], cell["seed"])
    except Exception as error:
        report = {"failed": f"{type(error).__name__}: {error}"[:300]}
    values = report.pop("shapley", None)
    report["asked"] = calls
    if calls > cell["calls"]:
        report["failed"] = f"asked {calls} masks instead of {cell['calls']}"
    if values is not None and "failed" not in report:
        errors = np.asarray(values) - truth.values
        report["mae"] = float(np.abs(errors).mean())
        report["rmse"] = float(np.sqrt((errors**2).mean()))
        report["size"] = float(np.abs(truth.values).mean())
        report["reference_error"] = float(truth.errors.mean())
    print("…", *cell.values(), report.get("failed") or f"{report.get('mae', np.nan):.2g}", flush=True)
    return report


def _estimated(method: str, value: Any, n: int, calls: int, seed: int) -> Report:
    if method in PEERS:
        if Worker.peer is None:
            raise RuntimeError("--peer-python is missing")
        return Worker.peer(f"shapiq:{method}", n, calls, seed, value)
    start = process_time()
    found = spex.explain(value, n, budget=calls, estimator=method, seed=seed, progress=False)
    # As the adapters give them: what the fit leaves of f(x) − f(∅), if it asked both, is shared equally.
    difference = found.full_value - found.empty_value
    if np.isnan(difference):
        return {"shapley": found.single_values("SV").values, "cpu_s": process_time() - start}
    shapley = single_values(found, "SV", difference, np.arange(n))
    return {"shapley": shapley, "cpu_s": process_time() - start}


def cells(arguments: Namespace) -> Iterator[Report]:
    """Yield the cells in the order of their computation."""
    for seed in range(arguments.seeds):
        for name in arguments.games:
            for which in range(arguments.inputs):
                for budget in arguments.budgets:
                    for method in arguments.methods:
                        of = {"game": name, "n": GAMES[name], "input": which, "seed": seed}
                        yield of | {"method": method, "calls": budget}


def print_report(reports: list[Report], ours: list[str]) -> None:
    """Print the errors of every game and budget, and ours beside the best peer's."""
    print(
        f"\n{machine()}\n\nMean absolute error of Shapley values: median (quartiles) over inputs and seeds.\n"
    )
    names = [*ours, *PEERS]
    print(table(("game", "calls", "mean size", *names), _error_rows(reports, names)))
    print("\nOurs beside the peer that is best in the median of that game and budget:\n")
    head = (
        "game",
        "calls",
        "ours",
        "best peer",
        "pairs",
        "ratio of errors, median (quartiles)",
        "ours ahead",
    )
    print(table(head, _best_rows(reports, ours)))
    failed = {(r["method"], r["game"], r["calls"], r["failed"][:80]) for r in reports if "failed" in r}
    if failed:
        print("\nFailed:\n")
        print(table(("method", "game", "calls", "how"), sorted(failed)))


def _error_rows(reports: list[Report], names: list[str]) -> Iterator[list[object]]:
    for game_name, calls in sorted({(r["game"], r["calls"]) for r in reports}):
        errors = [list(_errors(reports, game_name, calls, name).values()) for name in names]
        yield [game_name, f"{calls:,}", f"{_size(reports, game_name):.2g}", *map(_spread, errors)]


def _best_rows(reports: list[Report], ours: list[str]) -> Iterator[list[object]]:
    for game_name, calls in sorted({(r["game"], r["calls"]) for r in reports}):
        peers = {name: _errors(reports, game_name, calls, name) for name in PEERS}
        medians = {name: np.median(list(errors.values())) for name, errors in peers.items() if errors}
        for name in ours:
            errors = _errors(reports, game_name, calls, name)
            if errors and medians:
                best = min(medians, key=lambda peer: medians[peer])
                both = [key for key in errors if key in peers[best]]
                floor = _NOTHING * _size(reports, game_name)
                ratios = np.array([max(errors[key], floor) / max(peers[best][key], floor) for key in both])
                ahead = f"{(ratios <= 1).mean():.0%}"
                yield [game_name, f"{calls:,}", name, best, len(both), _spread(ratios), ahead]


def _errors(reports: list[Report], game_name: str, calls: int, method: str) -> dict[tuple[int, int], float]:
    wanted = (game_name, calls, method)
    some = [r for r in reports if "mae" in r and (r["game"], r["calls"], r["method"]) == wanted]
    return {(r["input"], r["seed"]): r["mae"] for r in some}


def _size(reports: list[Report], game_name: str) -> float:
    return float(np.mean([r["size"] for r in reports if r["game"] == game_name and "size" in r]))


def _spread(values: Any) -> str:
    if len(values) == 0:
        return ""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"{middle:.2g} ({low:.2g}–{high:.2g})"


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--games", nargs="+", choices=GAMES, default=list(GAMES))
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1000, 2000, 4000])
    parser.add_argument("--ours", nargs="*", default=list(OURS), metavar="NAME", help="our estimators")
    parser.add_argument("--others", nargs="*", default=list(PEERS), metavar="NAME")
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-python", help="an interpreter that has shapiq; without it, leave it out")
    parser.add_argument("--limit", type=float, default=300, help="seconds after which a peer is stopped")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--out", type=Path, default=Path("out/per_call"), help="folder of results and models")
    parser.add_argument("--file", default="shapley.jsonl", help="in it, where new cells are appended")
    parser.add_argument("--report", action="store_true", help="compute nothing, print the tables")
    arguments = parser.parse_args()
    folder = arguments.out / "shapley"
    if not arguments.report:
        others = arguments.others if arguments.peer_python else []
        arguments.methods = [*others, *arguments.ours]
        settings = (arguments.out / "models", arguments.peer_python, arguments.limit)
        compute(cells(arguments), measured, folder / arguments.file, arguments.jobs, set_up, *settings)
    print_report(read(folder), arguments.ours)


if __name__ == "__main__":
    main()
