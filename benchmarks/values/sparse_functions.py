"""Sparse functions without noise: how many are found exactly, from how many calls, and in which time.

    python benchmarks sparse_functions

Random functions of sets of one to three features. One is found exactly if no Shapley value is wrong by more
than a millionth of the largest. Prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from time import process_time

import numpy as np

import spex_plugins as spex
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table

_CASES = ((12, 10, 100), (12, 20, 200), (20, 20, 300), (30, 20, 300), (30, 30, 1000), (64, 20, 1000))
_SHARES = {1: 0.3, 2: 0.4, 3: 0.3}  # of sets of so many features
_EXACT = 1e-6
_METHODS = {
    "auto, told SV": ("auto", "SV"),
    "auto": ("auto", None),
    "sparse_regression": ("sparse_regression", None),
    "proxyspex": ("proxyspex", None),
}


def sparse_function(n: int, count: int, seed: int) -> spex.Spectrum:
    """Return a function of some sets with normal coefficients."""
    rng = np.random.default_rng([seed, n, count])
    terms: dict[tuple[int, ...], float] = {}
    while len(terms) < count:
        size = rng.choice(list(_SHARES), p=list(_SHARES.values()))
        terms[tuple(sorted(rng.choice(n, size, replace=False).tolist()))] = rng.normal()
    return spex.Spectrum.from_dict(n, terms)


def cells(functions: int) -> Iterator[Report]:
    """Yield what each method makes of each case."""
    for n, count, calls in _CASES:
        for name, (estimator, index) in _METHODS.items():
            exact, times = 0, []
            for seed in range(functions):
                truth = sparse_function(n, count, seed)
                start = process_time()
                found = spex.explain(
                    truth.predict,
                    n,
                    budget=calls,
                    estimator=estimator,
                    index=index,
                    seed=seed,
                    progress=False,
                )
                values, right = (one.single_values("SV").values for one in (found, truth))
                times.append(process_time() - start)
                exact += bool(np.abs(values - right).max() <= _EXACT * np.abs(right).max())
            yield {
                "n": n,
                "sets": count,
                "calls": calls,
                "method": name,
                "exact": exact,
                "functions": functions,
                "cpu_s": median(times),
            }
        print(f"… {n} features, {count} sets, {calls} calls", flush=True)


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--functions", type=int, default=10, help="random functions of every case")
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    where, reports = machine(), list(cells(arguments.functions))
    print(f"\n{where}\n")
    rows = []
    for case in _CASES:
        some = [one for one in reports if (one["n"], one["sets"], one["calls"]) == case]
        rows.append(
            [*case, *(f"{one['exact']} of {one['functions']}, {seconds(one['cpu_s'])}" for one in some)]
        )
    print(table(("features", "sets", "calls", *_METHODS), rows))
    save(arguments.out, "sparse_functions", reports)


if __name__ == "__main__":
    main()
