"""Faithfulness and errors of values per model call on recorded answers of real models: no model is needed.

    python benchmarks recorded_answers --which choose [--methods auto spex lasso] [--only smollm2]

Prints markdown; see README.md beside this file.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from library.measure.machine import machine
from library.measure.result_files import Report
from library.recorded.inputs import GROUPS, ROLES
from library.recorded.scoring import scores
from library.report.markdown import table
from spex_plugins import Recording


def measured(path: Path, methods: list[str], budgets: list[int], seeds: int) -> Iterator[Report]:
    """Yield the scores of methods on one recording."""
    recording = Recording.load(path)
    kind = f"{path.stem.split('_')[0]}, {'all masks' if recording.complete else 'a sample'}"
    about = {"recording": path.stem, "kind": kind, "n": recording.n}
    for calls in budgets:
        for seed in range(1, seeds + 1):
            for method in methods:
                found = dict(scores(recording, method, calls, seed))
                yield about | {"method": method, "calls": calls, "seed": seed, "scores": found}


def rows(reports: list[Report], methods: list[str]) -> Iterator[list[object]]:
    """Yield medians over recordings and seeds."""
    cells = defaultdict(list)
    for one in reports:
        for score, value in one["scores"].items():
            cells[one["kind"], score, one["calls"], one["method"]].append(value)
    for kind, score, calls in dict.fromkeys(key[:3] for key in sorted(cells)):
        found = [cells.get((kind, score, calls, method), ()) for method in methods]
        yield [kind, score, calls, *(f"{np.median(each):.3f}" if len(each) else "" for each in found)]


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--which", choices=ROLES, default="choose", help="report: nothing may be tuned on it")
    parser.add_argument("--only", nargs="+", choices=GROUPS[:-1], default=GROUPS[:-1], help="models")
    parser.add_argument(
        "--methods", nargs="+", default=["auto", "spex", "sparse_regression", "lasso", "ridge"]
    )
    parser.add_argument("--budgets", nargs="+", type=int, default=[500, 1000, 2000])
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--recordings", type=Path, default=Path(__file__).parents[1] / "recordings")
    arguments = parser.parse_args()
    found: list[Report] = []
    for path in sorted(arguments.recordings.glob(f"*_{arguments.which}.npz")):
        if path.stem.split("_")[0] in arguments.only:
            print("…", path.stem, flush=True)
            found += measured(path, arguments.methods, arguments.budgets, arguments.seeds)
    print(f"\n{machine()}\n\nMedians over recordings and seeds ({arguments.which}).\n")
    print(table(("model", "score", "calls", *arguments.methods), rows(found, arguments.methods)))


if __name__ == "__main__":
    main()
