"""Errors of Shapley values at equal numbers of evaluations: SPEX beside SHAP's own explainers.

    python benchmarks shapley_accuracy

Three models of texts of 64 words and one of a table with 30 columns. Prints markdown; see
benchmarks/README.md.
"""

from __future__ import annotations

import os
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, geometric_mean, median, stdev
from time import process_time
from typing import Any

import numpy as np
import shap

from library.data.tables import breast_cancer
from library.games.complete.true_indices import within_two
from library.games.permutation_reference import Reference, cached_reference
from library.games.shap_games import Game, table_game, text_games
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.methods.shap_explainers import METHODS, OURS
from library.report.markdown import seconds, table

_GAMES = ("tfidf", "logistic", "vader", "trees")
_RIVALS = ("Permutation", "Partition")  # the better one is what ours is compared with
_OVERHEAD_AT = 2000
_ROUNDING = 2e-8  # of TreeSHAP's values, which differ by that from those of all masks of few columns
_ERROR_HEADER = ("model", "evaluations", *METHODS, f"{OURS} / better of {' and '.join(_RIVALS)}")
_COST_HEADER = ("model", "method", "masks asked", "largest gap", "beside the model", "in the model")


def cases(arguments: Namespace) -> Iterator[tuple[Game, list[Reference]]]:
    """Yield every game with the Shapley values of its rows."""
    names = [name for name in arguments.models if name != "trees"]
    for game in text_games(names, arguments.rows) if names else []:
        yield game, [_sampled(game, i, arguments) for i in range(len(game.rows))]
    if "trees" in arguments.models:
        yield trees(arguments.rows)


def _sampled(game: Game, i: int, arguments: Namespace) -> Reference:
    path = arguments.out / f"reference_{game.name}_{i}_{arguments.evaluations}.npz"
    return cached_reference(path, partial(game.value, game.rows[i]), game.n, arguments.evaluations)


def trees(count: int) -> tuple[Game, list[Reference]]:
    """Return gradient boosting on 30 columns with a background of 20 rows; TreeSHAP knows its values."""
    from sklearn.ensemble import GradientBoostingClassifier

    train, labels, test, _ = breast_cancer()
    model = GradientBoostingClassifier(random_state=0).fit(train, labels)
    game = table_game("trees", model.decision_function, test[:count], train[:20])
    explainer = shap.TreeExplainer(model, train[:20], feature_perturbation="interventional")
    rounding = np.full(game.n, _ROUNDING)
    return game, [Reference(values, rounding) for values in explainer.shap_values(game.rows)]


def measured(game: Game, i: int, reference: Reference, evaluations: int, seed: int) -> Iterator[Report]:
    """Explain one row with every method."""
    empty, full = game.value(game.rows[i], np.repeat([[False], [True]], game.n, axis=1))
    for name, method in METHODS.items():
        game.model.reset()
        start = process_time()
        row = method(game, game.rows[i : i + 1], evaluations, seed)[0]
        total = process_time() - start
        masks = game.model.inputs // game.samples
        if masks > evaluations:
            raise AssertionError(f"{name} asked {masks} masks instead of {evaluations}.")
        errors = row.values - reference.values
        report = {
            "model": game.name,
            "row": i,
            "evaluations": evaluations,
            "seed": seed,
            "method": name,
            "masks": masks,
            "mae": float(np.abs(errors).mean()),
            "gap": float(abs(row.values.sum() - (full - empty))),
            "reference_error": float(reference.errors.mean()),
            "own_s": total - game.model.cpu_s,
            "model_s": game.model.cpu_s,
        }
        yield report | (calibration(row, reference) if name == OURS else {})


def calibration(row: Any, reference: Reference) -> Report:
    """Compare the errors with our standard deviations; the reference has some of its own."""
    return {
        "within": within_two(row.values, reference.values, np.hypot(row.error_std, reference.errors)),
        "error_std": float(row.error_std.mean()),
        "counted_itself": int(row.interactions.n_calls),
        "r2": float(row.interactions.r2),
    }


def error_rows(reports: list[Report]) -> Iterator[list[object]]:
    """One line per model and budget: mean ± standard deviation over rows and seeds; ratios row by row."""
    for model, evaluations in dict.fromkeys((each["model"], each["evaluations"]) for each in reports):
        maes = {
            name: [each["mae"] for each in _chosen(reports, model, name, evaluations)] for name in METHODS
        }
        best = [min(pair) for pair in zip(*(maes[name] for name in _RIVALS), strict=True)]
        ratios = [ours / other for ours, other in zip(maes[OURS], best, strict=True)]
        yield [model, f"{evaluations:,}", *map(_spread, maes.values()), _ratio(ratios)]


def trust_rows(reports: list[Report]) -> Iterator[list[object]]:
    """List what our explanations say of their own errors, and the errors of the reference."""
    for model, evaluations in dict.fromkeys((each["model"], each["evaluations"]) for each in reports):
        some = _chosen(reports, model, OURS, evaluations)
        within, stated, known, r2 = (
            fmean(each[key] for each in some) for key in ("within", "error_std", "reference_error", "r2")
        )
        yield [model, f"{evaluations:,}", f"{within:.0%}", f"{stated:.2g}", f"{known:.2g}", f"{r2:.2f}"]


def cost_rows(reports: list[Report]) -> Iterator[list[object]]:
    for model in dict.fromkeys(each["model"] for each in reports):
        for name in METHODS:
            some = _chosen(reports, model, name, _OVERHEAD_AT)
            if some:
                masks = sorted({each["masks"] for each in some})
                gap = max(each["gap"] for each in _chosen(reports, model, name))
                own, inside = (median(each[key] for each in some) for key in ("own_s", "model_s"))
                asked = f"{masks[0]:,}" if len(masks) == 1 else f"{masks[0]:,} to {masks[-1]:,}"
                yield [model, name, asked, f"{gap:.0e}", seconds(own), seconds(inside)]


def _chosen(reports: list[Report], model: str, name: str, evaluations: int | None = None) -> list[Report]:
    return [
        each
        for each in reports
        if each["model"] == model and each["method"] == name and evaluations in (None, each["evaluations"])
    ]


def _spread(values: list[float]) -> str:
    return f"{fmean(values):.2g} ± {stdev(values):.1g}" if len(values) > 1 else f"{values[0]:.2g}"


def _ratio(values: list[float]) -> str:
    return f"{geometric_mean(values):.2f} ({min(values):.2f} – {max(values):.2f})"


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--models", nargs="+", choices=_GAMES, default=_GAMES)
    parser.add_argument("--rows", type=int, default=5, help="texts or table rows per model")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--budgets", type=int, nargs="+", default=[500, 1000, 2000, 4000])
    parser.add_argument("--evaluations", type=int, default=400_000, help="of a reference, per text")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of raw numbers and references")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # of SHAP's plots, with new matplotlib
    arguments.out.mkdir(parents=True, exist_ok=True)
    where = machine()
    reports: list[Report] = []
    for game, references in cases(arguments):
        list(measured(game, 0, references[0], 2 * game.n + 2, 0))  # SHAP compiles on first use
        for i, reference in enumerate(references):
            for evaluations in arguments.budgets:
                for seed in range(arguments.seeds):
                    reports += measured(game, i, reference, evaluations, seed)
            print(f"… {game.name}, row {i}", flush=True)
            save(arguments.out / "shapley_accuracy.json", "shapley_accuracy", reports)
    print(f"\n{where} shap {version('shap')}; load after {os.getloadavg()[0]:.1f}.\n\nMean absolute error:\n")
    print(table(_ERROR_HEADER, error_rows(reports)))
    print(f"\nWhat {OURS} says of itself:\n")
    header = ("model", "evaluations", "within 2 error_std", "error_std", "error of the reference", "R²")
    print(table(header, trust_rows(reports)))
    print(f"\nAt {_OVERHEAD_AT:,} evaluations (the gap: at all), seconds of the processor:\n")
    print(table(_COST_HEADER, cost_rows(reports)))


if __name__ == "__main__":
    main()
