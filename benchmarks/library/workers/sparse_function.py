"""One measurement of spex_plugins in a process of its own: prints one JSON object.

`--mode phases` times the core functions one by one, `--mode explain` the public call. The budget is the
smallest that gives a design of three groups of 2^b bins, unless `--budget` says otherwise.
"""

from __future__ import annotations

import json
import resource
from collections.abc import Callable
from statistics import median
from time import perf_counter, process_time
from typing import Any, TypeVar

import numpy as np

import spex_plugins as spex
from library.games.sparse_functions import Problem, Terms, problem_arguments, problem_of
from library.measure.counted import Counted
from spex_plugins.core.decoding.aliased_transform import aliased_transform, fit_support
from spex_plugins.core.decoding.bch import bch
from spex_plugins.core.decoding.group_folds import group_folds, sets_without_groups
from spex_plugins.core.decoding.peeling import find_support
from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import make_design
from spex_plugins.core.regression.sparse_fit import refit

Result = TypeVar("Result")

_GROUPS = 3


class Stopwatch:
    """Collects seconds, processor seconds and peak memory, phase by phase."""

    def __init__(self) -> None:
        self.report: dict[str, Any] = {}

    def __call__(self, name: str, work: Callable[[], Result]) -> Result:
        start, cpu = perf_counter(), process_time()
        result = work()
        self.report[f"{name}_s"] = perf_counter() - start
        self.report[f"{name}_cpu_s"] = process_time() - cpu
        self.report[f"{name}_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        return result


def full_budget(n: int, t: int, bits: int) -> int:
    """Return the smallest budget whose plan has at least three groups of 2^bits bins."""
    budget = _GROUPS * (bch(n, t).p + 1) << bits
    while plan(n, budget, t).bits < bits:
        budget += 1
    return budget


def phases(problem: Problem, budget: int, t: int, repeats: int) -> dict[str, Any]:
    clock = Stopwatch()
    rng = np.random.default_rng(problem.seed)
    chosen = plan(problem.n, budget, t)
    design = clock("design", lambda: make_design(chosen, rng))
    coded = design.coded
    assert coded is not None
    values = problem.values(design.masks)[:, None]
    found = clock("first", lambda: find_support(values, coded))
    again = [_seconds(lambda: find_support(values, coded)) for _ in range(repeats)]
    transform = [_seconds(lambda: aliased_transform(values, coded)) for _ in range(repeats)]
    coefficients = fit_support(aliased_transform(values, coded), coded, found)[:, 0]
    folds = group_folds(design.masks, coded)
    fitted = clock(
        "refit",
        lambda: refit(design.masks, values, [*sets_without_groups(values, coded), found], folds, t, rng),
    )
    spectrum = fitted.spectrum
    return {
        **clock.report,
        "decode_s": median(again),
        "wht_s": median(transform),
        "calls": len(design.masks),
        "samples": coded.rows.size,
        "decoded": problem.score(_terms(problem.n, found, coefficients)),
        "refitted": problem.score(_terms(problem.n, spectrum.supports, spectrum.coefficients[:, 0])),
    }


def whole(problem: Problem, budget: int, t: int) -> dict[str, Any]:
    clock = Stopwatch()
    value_function = Counted(problem.values)
    found = clock(
        "explain",
        lambda: spex.explain(
            value_function, problem.n, budget=budget, max_order=t, seed=problem.seed, progress=False
        ),
    )
    spectrum = found.spectrum
    return {
        **clock.report,
        "own_s": clock.report["explain_s"] - value_function.wall_s,
        "calls": found.n_calls,
        "plan": found.plan,
        "stated_r2": float(found.r2),
        "refitted": problem.score(_terms(problem.n, spectrum.supports, spectrum.coefficients)),
    }


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _terms(n: int, supports: np.ndarray, coefficients: np.ndarray) -> Terms:
    return {
        tuple(int(i) for i in row if i < n): float(value)
        for row, value in zip(supports, coefficients, strict=True)
    }


def main() -> None:
    parser = problem_arguments()
    parser.add_argument("--mode", choices=("phases", "explain"), required=True)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--budget", type=int)
    arguments = parser.parse_args()
    problem, t = problem_of(arguments), arguments.t
    code_s = _seconds(lambda: bch(problem.n, t))
    budget = arguments.budget or full_budget(problem.n, t, arguments.b)
    if arguments.mode == "phases":
        report = phases(problem, budget, t, arguments.repeats)
    else:
        report = whole(problem, budget, t)
    print(json.dumps({"code_s": code_s, **report}))


if __name__ == "__main__":
    main()
