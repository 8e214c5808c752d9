"""R² against the noise-free function, of functions whose answers are noisy, at equal numbers of calls.

    python benchmarks noisy_functions [--calls 500 1000] [--noise 0.25 0.5 1.0] [--seeds 10] [--out FILE]

The noise is normal, its standard deviation a multiple of that of the function under uniform masks. Compared
are `explain_noisy` (repeats included in its calls), ProxySPEX on new masks only, and averages of 2 or 4
answers to each of fewer masks, explained by ``estimator="auto"``. Functions: VADER's rules on reviews, and
sparse random functions. The table has the means over all seeds; R² differs more between masks of other seeds
than between methods, so the last columns have the mean differences of `explain_noisy` to each other method
on the same functions, with their standard errors.
"""

from __future__ import annotations

import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from itertools import product
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.data.reviews import reviews
from library.games.sparse_functions import Problem
from library.measure.result_files import Report, append, begin_run
from library.measure.scores import r_squared
from library.models.vader import vader
from library.report.markdown import table

_TEST = 4000
_FEATURES, _TERMS = 20, 25


class Noisy:
    """A function with noise that is new at every call."""

    def __init__(self, function: Callable[[np.ndarray], np.ndarray], n: int, noise: float, seed: int) -> None:
        self.n, self._function, self._noise = n, function, noise
        self._rng = np.random.default_rng([seed, 1])
        self.calls = 0

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        self.calls += len(masks)
        return self._function(masks) + self._noise * self._rng.normal(size=len(masks))

    def averaged(self, repeats: int) -> Callable[[np.ndarray], np.ndarray]:
        """Return the mean of several answers to each mask."""
        return lambda masks: np.mean([self(masks) for _ in range(repeats)], axis=0)


def functions(seeds: int, words: int) -> Iterator[tuple[str, int, int, Callable[[np.ndarray], np.ndarray]]]:
    """Return the name of every function, its number of features and its seed, with the function."""
    texts = [review.words for review in reviews() if len(review.words) == words]
    for seed, text in enumerate(texts[:seeds]):
        yield f"VADER, {words} words", words, seed, _masked(text)
    for seed in range(seeds):
        yield f"sparse, {_FEATURES} features", _FEATURES, seed, Problem(_FEATURES, _TERMS, 0.0, seed).values


def _masked(words: list[str]) -> Callable[[np.ndarray], np.ndarray]:
    score = vader()
    return lambda masks: score(
        [" ".join(w for w, kept in zip(words, mask, strict=True) if kept) for mask in masks]
    )


def explained(method: str, function: Noisy, calls: int, seed: int) -> spex.Interactions:
    settings = {"seed": seed, "progress": False}
    if method == "explain_noisy":
        return spex.explain_noisy(function, budget=calls, **settings).interactions
    if method == "ProxySPEX":
        return spex.explain(function, budget=calls, estimator="proxyspex", **settings)
    repeats = int(method.split()[-1])
    return spex.explain(function.averaged(repeats), function.n, budget=calls // repeats, **settings)


def difference(ours: list[float], other: list[float]) -> str:
    """Return the mean of paired differences and its standard error."""
    gains = np.subtract(ours, other)
    return f"{gains.mean():+.4f} ± {gains.std(ddof=1) / np.sqrt(len(gains)):.4f}"


METHODS = ("explain_noisy", "ProxySPEX", "mean of 2", "mean of 4")


def measured(arguments: Namespace) -> Iterator[Report]:
    """Yield a record for every function, level of noise, number of calls and method."""
    for name, n, seed, function in functions(arguments.seeds, arguments.words):
        test = np.random.default_rng([seed, 2]).random((_TEST, n)) < 0.5
        truth = function(test)
        for noise, calls, method in product(arguments.noise, arguments.calls, METHODS):
            noisy = Noisy(function, n, noise * truth.std(), seed)
            found = explained(method, noisy, calls, seed)
            assert noisy.calls <= calls, method
            r2 = float(r_squared(truth, found.predict(test)))
            about = {"game": name, "n": n, "seed": seed, "noise": noise}
            yield about | {"calls": calls, "method": method, "r2": r2}


def main() -> None:
    parser = ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, nargs="+", default=[500, 1000])
    parser.add_argument("--noise", type=float, nargs="+", default=[0.25, 0.5, 1.0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--words", type=int, default=24, help="of the reviews")
    parser.add_argument("--out", type=Path, help="FILE.jsonl of results")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    scores: dict[tuple[str, float, int], dict[str, list[float]]] = {}
    with arguments.out.open("w") if arguments.out else nullcontext() as file:
        if file:
            begin_run(file, "noisy_functions")
        for record in measured(arguments):
            if file:
                append(file, "noisy_functions", record)
            cell = scores.setdefault((record["game"], record["noise"], record["calls"]), {})
            cell.setdefault(record["method"], []).append(record["r2"])
    rows = [
        [name, f"{noise:g}", f"{calls:,}", *(f"{np.mean(cell[method]):.3f}" for method in METHODS)]
        + [difference(cell[METHODS[0]], cell[method]) for method in METHODS[1:]]
        for (name, noise, calls), cell in scores.items()
    ]
    others = [f"ours − {method}" for method in METHODS[1:]]
    print(table(["function", "noise / signal", "calls", *METHODS, *others], rows))


if __name__ == "__main__":
    main()
