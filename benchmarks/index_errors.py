"""Errors of interaction indices, and whether the stated deviations tell them, where all 2^n values are known.

    python benchmarks/index_errors.py

Prints markdown; see README.md beside this file.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from _harness import machine, table
from _real_games import value_function

import spex_plugins as spex

_N = 16
_GAMES = ("tfidf", "vader")
_ESTIMATORS = ("auto", "shapley", "spex")
_INDICES = {"Fourier": 3, "BII": 2, "FBII": 2, "FSII": 2, "k-SII": 2, "STII": 2, "Moebius": 2}
_HEADER = ("game", "calls", "index, order", *_ESTIMATORS, "size of a value", "auto", "shapley")


def cells(game: str, which: int, budget: int, folder: Path) -> Iterator[tuple[str, str, np.ndarray]]:
    """Yield estimator, index, and for every set of its order: error, deviation, true value."""
    value = value_function(game, _N, which, folder)
    numbers = np.arange(2**_N)
    known = value((numbers[:, None] >> np.arange(_N)) & 1 == 1)

    def answers(masks: np.ndarray) -> np.ndarray:
        return known[masks @ (1 << np.arange(_N))]

    exact = spex.explain(answers, _N, budget=2**_N, progress=False)
    truths = {name: exact.index(name, order).of_order(order) for name, order in _INDICES.items()}
    for estimator in _ESTIMATORS:
        found = spex.explain(answers, _N, budget=budget, estimator=estimator, seed=which, progress=False)
        for name, truth in truths.items():
            given = found.index(name, truth.order)
            values = given.as_dict()
            deviations = dict(zip(given.terms, found.deviations(given), strict=True))
            rows = [(values.get(t, 0.0) - v, deviations.get(t, np.nan), v) for t, v in truth]
            yield estimator, name, np.array(rows).reshape(-1, 3)


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--budgets", type=int, nargs="+", default=[300, 1000])
    parser.add_argument("--models", type=Path, default=Path("out/per_call/models"), help="trained models")
    arguments = parser.parse_args()
    rows = []
    for game in _GAMES:
        for budget in arguments.budgets:
            results: dict[tuple[str, str], list[np.ndarray]] = {}
            for which in range(arguments.inputs):
                for estimator, name, cell in cells(game, which, budget, arguments.models):
                    results.setdefault((estimator, name), []).append(cell)
            for name, order in _INDICES.items():
                errors = {e: np.concatenate(results[e, name]) for e in _ESTIMATORS}
                size = np.sqrt((errors["auto"][:, 2] ** 2).mean())
                row = [game, f"{budget:,}", f"{name}, {order}"]
                row += [f"{np.sqrt((one[:, 0] ** 2).mean()):.4f}" for one in errors.values()]
                rows.append([*row, f"{size:.3f}", *(_within(errors[e]) for e in ("auto", "shapley"))])
    print(f"\n{machine()}\n\nRoot mean square errors, and shares of errors within two deviations:\n")
    print(table(_HEADER, rows))


def _within(cell: np.ndarray) -> str:
    told = np.isfinite(cell[:, 1])
    errors, deviations, _ = cell[told].T
    rounding = 1e-9 * np.abs(cell[:, 2]).max()
    return f"{(np.abs(errors) <= 2 * deviations + rounding).mean():.0%}" if told.any() else "–"


if __name__ == "__main__":
    main()
