"""Error of Shapley values per model call: ours beside shapiq's approximators, where the truth is known.

    python benchmarks shapley_per_call --peer-python PY
    python benchmarks shapley_per_call --report

Full tables of 2^n masks, trees with TreeSHAP's values, and long texts with a reference of millions of masks.
Prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from time import process_time

import numpy as np

import spex_plugins as spex
from library.games.known_shapley_values import GAMES, game
from library.measure.counted import Counted
from library.measure.result_files import Report, read_lines
from library.per_call import Worker, attempt, compute, options
from library.report.shapley_tables import print_report
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
_ROUNDING = 1e-12


def measured(cell: Report) -> Report:
    """Let a method estimate the Shapley values of one input."""
    value, truth = game(cell["game"], cell["n"], cell["input"], Worker.folder)
    report = attempt(partial(_estimated, cell), Counted(value), cell["calls"])
    values = report.pop("shapley", None)
    if values is not None and "failed" not in report:
        errors = np.asarray(values) - truth.values
        report["mae"] = float(np.abs(errors).mean())
        report["rmse"] = float(np.sqrt((errors**2).mean()))
        report["size"] = float(np.abs(truth.values).mean())
        report["reference_error"] = float(truth.errors.mean())
        if "deviations" in report:
            known_to = np.hypot(report.pop("deviations"), truth.errors)
            report["within_two"] = float((np.abs(errors) <= 2 * known_to + _ROUNDING).mean())
    print("…", *cell.values(), report.get("failed") or f"{report.get('mae', np.nan):.2g}", flush=True)
    return report


def _estimated(cell: Report, value: Counted) -> Report:
    method, n, calls, seed = cell["method"], cell["n"], cell["calls"], cell["seed"]
    if method in PEERS:
        return Worker.peer()(f"shapiq:{method}", n, calls, seed, value)
    start = process_time()
    found = spex.explain(value, n, budget=calls, estimator=method, seed=seed, progress=False)
    # As the adapters give them: what the fit leaves of f(x) − f(∅), if it asked both, is shared equally.
    difference = found.full_value - found.empty_value
    if np.isnan(difference):
        shapley = found.single_values("SV").values
    else:
        shapley = single_values(found, "SV", difference, np.arange(n))
    cpu_s = process_time() - start - value.cpu_s
    return {"shapley": shapley, "deviations": found.single_values("SV").deviations, "cpu_s": cpu_s}


def cells(arguments: Namespace) -> Iterator[Report]:
    """Yield the cells in the order of their computation."""
    for seed in range(arguments.seeds):
        for name in arguments.games:
            for which in range(arguments.inputs):
                for budget in arguments.budgets:
                    for method in arguments.methods:
                        of = {"game": name, "n": GAMES[name], "input": which, "seed": seed}
                        yield of | {"method": method, "calls": budget}


def main() -> None:
    parser = options(__doc__, games=list(GAMES), default=list(GAMES), limit=300, file="shapley.jsonl")
    parser.add_argument("--ours", nargs="*", default=list(OURS), metavar="NAME", help="our estimators")
    parser.add_argument("--others", nargs="*", default=list(PEERS), metavar="NAME")
    arguments = parser.parse_args()
    folder = arguments.out / "shapley"
    if not arguments.report:
        others = arguments.others if arguments.peer_python else []
        arguments.methods = [*others, *arguments.ours]
        compute(arguments, "shapley_per_call", cells(arguments), measured, folder / arguments.file)
    print_report(read_lines(folder), arguments.ours, PEERS)


if __name__ == "__main__":
    main()
