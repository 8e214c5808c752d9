"""Faithfulness per model call: R² on unseen uniform masks of real models, ours beside the peers'.

    python benchmarks/faithfulness_per_call.py --peer-python PY
    python benchmarks/faithfulness_per_call.py --report

Every method gets a multiple of the budget B, written NAME@MULTIPLE; see README.md beside this file.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np
from _cells import Report, compute, read
from _marginal import FITS, Additive, lime_masks
from _peer import Peer
from _per_call_report import print_report
from _real_games import GAMES, Value, slow, value_function

import spex_plugins as spex

OURS = ("auto", "gaussian_process", "spex")
MARGINAL = ("ridge", "lasso", "lime", "kernelshap")
PEERS = ("proxyspex-authors@3", "proxyspex-shapiq@3", "spex-authors@20")
LENGTHS = {"digits": (64,), "mnist": (196,), "cancer": (30,)}

_TEST, _TEST_SLOW = 2000, 1000
_SEED = 20_000  # test masks, samples and seeds of methods come from different streams


class Counted:
    """A value function that knows which masks it was asked."""

    def __init__(self, value: Value) -> None:
        self._value = value
        self.calls, self.seconds = 0, 0.0
        self.asked: set[bytes] = set()

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        start = process_time()
        values = self._value(masks)
        self.seconds += process_time() - start
        self.calls += len(masks)
        self.asked.update(keys(masks))
        return values


def keys(masks: np.ndarray) -> list[bytes]:
    return [row.tobytes() for row in np.packbits(masks, axis=1)]


def uniform(n: int, count: int, *stream: int) -> np.ndarray:
    """Return the first masks of a stream: more of the same stream begin with the same masks."""
    return np.random.default_rng([_SEED, n, *stream]).random((count, n)) < 0.5


class Worker:
    """What a process keeps between cells."""

    folder: Path
    peer: Peer | None


def set_up(folder: Path, python: str | None, limit: float) -> None:
    Worker.folder = folder
    Worker.peer = Peer(python, limit) if python else None


def measured(cell: Report) -> Report:
    """Let a method explain an input, and judge its prediction."""
    game, n, which, method = cell["game"], cell["n"], cell["input"], cell["method"]
    value = value_function(game, n, which, Worker.folder)
    counted = Counted(value)
    start = perf_counter()
    try:
        report = _explained(method, counted, n, which, cell["calls"], cell["seed"])
    except Exception as error:
        report = {"failed": f"{type(error).__name__}: {error}"[:300]}
    report["wall_s"] = perf_counter() - start
    report |= {"asked": counted.calls, "distinct": len(counted.asked)}
    if counted.calls > cell["calls"]:
        report["failed"] = f"asked {counted.calls} masks instead of {cell['calls']}"
    predict = report.pop("predict", None)
    if predict and "failed" not in report:
        test = uniform(n, _TEST_SLOW if slow(game) else _TEST, which, 0)
        test = test[[key not in counted.asked for key in keys(test)]]
        truth = value(test)
        report["r2"] = 1 - float(((predict(test) - truth) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
    print("…", *cell.values(), report.get("failed") or f"R² {report.get('r2', np.nan):.4f}", flush=True)
    return report


def _explained(method: str, value: Counted, n: int, which: int, calls: int, seed: int) -> Report:
    if method in ("ridge", "lasso", "lime"):
        lime = method == "lime"
        masks = lime_masks(n, calls, np.random.default_rng(seed)) if lime else _samples(n, calls, which, seed)
        values = value(masks)
        start = process_time()
        return {"predict": FITS[method](masks, values).predict, "cpu_s": process_time() - start}
    if method in ("kernelshap", *(name.partition("@")[0] for name in PEERS), "spex-shapiq"):
        return _by_peer(method, value, n, which, calls, seed)
    start = process_time()
    found = spex.explain(value, n, budget=calls, estimator=method, seed=seed, progress=False)
    own = process_time() - start - value.seconds
    return {
        "predict": found.predict,
        "cpu_s": own,
        "stated_r2": float(found.r2),
        "terms": len(found.spectrum.supports),
    }


def _samples(n: int, calls: int, which: int, seed: int) -> np.ndarray:
    return uniform(n, calls, which, 1 + seed)


def _by_peer(method: str, value: Counted, n: int, which: int, calls: int, seed: int) -> Report:
    if Worker.peer is None:
        raise RuntimeError("--peer-python is missing")
    if method == "proxyspex-authors":
        masks = _samples(n, calls, which, seed)
        report = Worker.peer.fitted(method, masks, value(masks))
    else:
        name = "shapiq:KernelSHAP" if method == "kernelshap" else method
        report = Worker.peer(name, n, calls, seed, value)
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
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--games", nargs="+", choices=GAMES, default=["tfidf"])
    parser.add_argument(
        "--n", type=int, nargs="+", default=[32, 64, 128, 256], help="words; tables have theirs"
    )
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1000, 2000, 4000], help="B")
    parser.add_argument("--ours", nargs="*", default=list(OURS), metavar="NAME", help="our estimators")
    parser.add_argument("--others", nargs="*", default=[*MARGINAL, *PEERS], metavar="NAME[@MULTIPLE]")
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--peer-python", help="an interpreter that has the peers; without it, leave them out")
    parser.add_argument("--limit", type=float, default=600, help="seconds after which a peer is stopped")
    parser.add_argument("--jobs", type=int, default=1, help="processes, of one thread each")
    parser.add_argument("--out", type=Path, default=Path("out/per_call"), help="folder of results and models")
    parser.add_argument("--file", default="faithfulness.jsonl", help="in it, where new cells are appended")
    parser.add_argument(
        "--report", action="store_true", help="compute nothing: tables and figure of what there is"
    )
    parser.add_argument("--figure", type=Path, default=Path("benchmarks/faithfulness_per_call.png"))
    arguments = parser.parse_args()
    if not arguments.report:
        python = arguments.peer_python
        others = [name for name in arguments.others if python or name in FITS]
        arguments.methods = [*others, *arguments.ours]
        settings: tuple[Any, ...] = (arguments.out / "models", python, arguments.limit)
        path = arguments.out / "faithfulness" / arguments.file
        compute(cells(arguments), measured, path, arguments.jobs, set_up, *settings)
    print_report(read(arguments.out / "faithfulness"), arguments.ours, arguments.figure)


if __name__ == "__main__":
    main()
