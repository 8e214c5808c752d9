"""Faithfulness per model call: R² on unseen uniform masks of real models, ours beside the peers'.

    python benchmarks faithfulness_per_call --peer-python PY
    python benchmarks faithfulness_per_call --report

Every method gets a multiple of the budget B, written NAME@MULTIPLE; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter, process_time

import numpy as np

import spex_plugins as spex
from library.games.masked_inputs import GAMES, slow, value_function
from library.games.masks import keys
from library.measure.counted import Counted
from library.measure.result_files import Report, read_lines
from library.measure.scores import r_squared
from library.methods.additive import FITS, Additive, lime_masks
from library.methods.index_estimates import UNTOLD
from library.per_call import CountedMasks, Worker, attempt, compute, options
from library.report.faithfulness_scores import ADDITIVE
from library.report.faithfulness_tables import print_report

OURS = ("auto", "gaussian_process", "spex")
PEERS = ("proxyspex-authors@3", "proxyspex-shapiq@3", "spex-authors@20")
LENGTHS = {"digits": (64,), "mnist": (196,), "cancer": (30,)}

_TEST, _TEST_SLOW = 2000, 1000
_SEED = 20_000  # test masks, samples and seeds of methods come from different streams


def uniform(n: int, count: int, *stream: int) -> np.ndarray:
    """Return the first masks of a stream: more of the same stream begin with the same masks."""
    return np.random.default_rng([_SEED, n, *stream]).random((count, n)) < 0.5


def measured(cell: Report) -> Report:
    """Let a method explain an input, and judge its prediction."""
    game, n, which = cell["game"], cell["n"], cell["input"]
    value = value_function(game, n, which, Worker.folder)
    counted = CountedMasks(value)
    start = perf_counter()
    report = attempt(partial(_explained, cell), counted, cell["calls"])
    report |= {"wall_s": perf_counter() - start, "distinct": len(counted.asked)}
    predict = report.pop("predict", None)
    if predict and "failed" not in report:
        test = uniform(n, _TEST_SLOW if slow(game) else _TEST, which, 0)
        test = test[[key not in counted.asked for key in keys(test)]]
        report["r2"] = r_squared(value(test), predict(test))
    print("…", *cell.values(), report.get("failed") or f"R² {report.get('r2', np.nan):.4f}", flush=True)
    return report


def _explained(cell: Report, value: Counted) -> Report:
    """Return what a method reports, with its prediction of values."""
    method, n, calls, seed = cell["method"], cell["n"], cell["calls"], cell["seed"]
    samples = partial(uniform, n, calls, cell["input"], 1 + seed)
    if method in FITS:
        masks = lime_masks(n, calls, np.random.default_rng(seed)) if method == "lime" else samples()
        values = value(masks)
        start = process_time()
        return {"predict": FITS[method](masks, values).predict, "cpu_s": process_time() - start}
    if method == "proxyspex-authors":
        masks = samples()
        return _by_peer(n, Worker.peer().fitted(method, masks, value(masks)))
    if method in ("kernelshap", "spex-shapiq", *(name.partition("@")[0] for name in PEERS)):
        name = "shapiq:KernelSHAP" if method == "kernelshap" else method
        return _by_peer(n, Worker.peer()(name, n, calls, seed, value))
    start = process_time()
    index, estimator = None if method.endswith(UNTOLD) else "Fourier", method.removesuffix(UNTOLD)
    found = spex.explain(value, n, budget=calls, estimator=estimator, index=index, seed=seed, progress=False)
    return {
        "predict": found.predict,
        "cpu_s": process_time() - start - value.cpu_s,
        "stated_r2": float(found.r2),
        "terms": len(found.spectrum.supports),
    }


def _by_peer(n: int, report: Report) -> Report:
    """Put a prediction in place of the coefficients or values in a peer's report."""
    if terms := report.pop("fourier", None):
        spectrum = spex.Spectrum.from_dict(n, {tuple(s): c for s, c in terms})
        return report | {"predict": spectrum.predict, "terms": len(terms)}
    if (shapley := report.pop("shapley", None)) is not None:
        return report | {"predict": Additive(report.pop("baseline"), np.array(shapley)).predict}
    return {"failed": "no coefficients"} | report


def cells(arguments: Namespace) -> Iterator[Report]:
    """Yield the cells in the order of their computation: seed by seed, so that all inputs come early."""
    for seed in range(arguments.seeds):
        for budget in arguments.budgets:
            for game in arguments.games:
                for n in LENGTHS.get(game, arguments.n):
                    for which in range(arguments.inputs):
                        for method in arguments.methods:
                            name, _, multiple = method.partition("@")
                            calls = budget * int(multiple or 1)
                            of = {"game": game, "n": n, "input": which, "seed": seed}
                            yield of | {"method": name, "calls": calls}


def main() -> None:
    parser = options(__doc__, games=GAMES, default=["tfidf"], limit=600, file="faithfulness.jsonl")
    parser.add_argument(
        "--n", type=int, nargs="+", default=[32, 64, 128, 256], help="words; tables have theirs"
    )
    parser.add_argument(
        "--ours",
        nargs="*",
        default=list(OURS),
        metavar="NAME",
        help="our estimators, told that uniform masks are predicted; with -untold: told nothing",
    )
    parser.add_argument("--others", nargs="*", default=[*ADDITIVE, *PEERS], metavar="NAME[@MULTIPLE]")
    parser.add_argument(
        "--figure", type=Path, default=Path("benchmarks/faithfulness/faithfulness_per_call.png")
    )
    arguments = parser.parse_args()
    folder = arguments.out / "faithfulness"
    if not arguments.report:
        others = [name for name in arguments.others if arguments.peer_python or name in FITS]
        arguments.methods = [*others, *arguments.ours]
        compute(arguments, "faithfulness_per_call", cells(arguments), measured, folder / arguments.file)
    print_report(read_lines(folder), arguments.ours, arguments.figure)


if __name__ == "__main__":
    main()
