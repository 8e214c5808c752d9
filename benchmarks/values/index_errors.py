"""Errors of interaction indices, and whether the stated deviations tell them, where all 2^n values are known.

    python benchmarks index_errors

Prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import spex_plugins as spex
from library.games.masked_inputs import value_function
from library.games.masks import tabulated
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import table

_N = 16
_GAMES = ("tfidf", "vader")
_TOLD = "told the index"
_ESTIMATORS = (_TOLD, "auto", "shapley", "spex")
_INDICES = {"Fourier": 3, "BII": 2, "FBII": 2, "FSII": 2, "k-SII": 2, "STII": 2, "Moebius": 2}
_HEADER = ("game", "calls", "index, order", *_ESTIMATORS, "size of a value", *_ESTIMATORS[:3])


def cells(game: str, which: int, budget: int, folder: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield estimator, index, and for every set of its order: error, deviation, true value."""
    _, answers = tabulated(value_function(game, _N, which, folder), _N)
    exact = spex.explain(answers, _N, budget=2**_N, progress=False)
    truths = {name: exact.index(name, order).of_order(order) for name, order in _INDICES.items()}

    def errors(found: spex.Interactions, name: str) -> np.ndarray:
        given = found.index(name, truths[name].order)
        values = given.as_dict()
        deviations = dict(zip(given.terms, found.deviations(given), strict=True))
        rows = [(values.get(t, 0.0) - v, deviations.get(t, np.nan), v) for t, v in truths[name]]
        return np.array(rows).reshape(-1, 3)

    for estimator in _ESTIMATORS[1:]:
        found = spex.explain(answers, _N, budget=budget, estimator=estimator, seed=which, progress=False)
        for name in truths:
            yield estimator, name, errors(found, name)
    for name in truths:
        found = spex.explain(answers, _N, budget=budget, index=name, seed=which, progress=False)
        yield _TOLD, name, errors(found, name)


def measured(game: str, budget: int, inputs: int, folder: Path) -> Iterator[Report]:
    """Yield the errors of every index and estimator, the sets of all inputs together."""
    results: dict[tuple[str, str], list[np.ndarray]] = {}
    for which in range(inputs):
        for estimator, name, cell in cells(game, which, budget, folder):
            results.setdefault((name, estimator), []).append(cell)
    for name, order in _INDICES.items():
        for estimator in _ESTIMATORS:
            errors = np.concatenate(results[name, estimator])
            yield {
                "game": game,
                "calls": budget,
                "inputs": inputs,
                "index": name,
                "order": order,
                "estimator": estimator,
                "rmse": float(np.sqrt((errors[:, 0] ** 2).mean())),
                "size": float(np.sqrt((errors[:, 2] ** 2).mean())),
                "within": _within(errors),
            }


def _within(cell: np.ndarray) -> float | None:
    """Return the share of errors within two deviations, of the sets that have one."""
    told = np.isfinite(cell[:, 1])
    errors, deviations, _ = cell[told].T
    rounding = 1e-9 * np.abs(cell[:, 2]).max()
    return float((np.abs(errors) <= 2 * deviations + rounding).mean()) if told.any() else None


def rows(reports: list[Report]) -> Iterator[list[object]]:
    """Yield a row for every game, budget and index."""
    for game, calls, name in dict.fromkeys((r["game"], r["calls"], r["index"]) for r in reports):
        some = {
            r["estimator"]: r for r in reports if (r["game"], r["calls"], r["index"]) == (game, calls, name)
        }
        errors = [f"{some[estimator]['rmse']:.4f}" for estimator in _ESTIMATORS]
        shares = [some[estimator]["within"] for estimator in _ESTIMATORS[:3]]
        yield [
            game,
            f"{calls:,}",
            f"{name}, {_INDICES[name]}",
            *errors,
            f"{some['auto']['size']:.3f}",
            *("–" if share is None else f"{share:.0%}" for share in shares),
        ]


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--budgets", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--models", type=Path, default=Path("out/per_call/models"), help="trained models")
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    reports = [
        report
        for game in _GAMES
        for budget in arguments.budgets
        for report in measured(game, budget, arguments.inputs, arguments.models)
    ]
    print(f"\n{machine()}\n\nRoot mean square errors, and shares of errors within two deviations:\n")
    print(table(_HEADER, rows(reports)))
    save(arguments.out, "index_errors", reports)


if __name__ == "__main__":
    main()
