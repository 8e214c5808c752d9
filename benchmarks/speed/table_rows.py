"""Rows of a table: processor time and errors of Shapley values in calls of many rows, beside SHAP's.

    python benchmarks table_rows

Four models of scikit-learn on its tables, a background of ten rows, default settings of both explainers.
TreeSHAP, or all masks, know the values. Prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import shap

from library.data.tables import breast_cancer
from library.games.shap_games import Game, table_game
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table
from spex_plugins.shap import SpexExplainer

_BACKGROUND, _FEW = 10, 12
_ROUNDING = 1e-6  # of TreeSHAP, as a share of the largest value
_HEADER = (
    "model",
    "columns",
    "rows",
    "explainer",
    "masks a row",
    "a row",
    "of the model",
    "error",
    "coverage",
)
_KINDS: dict[str, Callable[[Any, Any], Any]] = {
    "permutation": shap.PermutationExplainer,
    "spex": SpexExplainer,
}


def games(rows: int) -> Iterator[tuple[Game, np.ndarray]]:
    """Yield the games with the Shapley values of their rows, (rows, n)."""
    from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    train, labels, test, _ = breast_cancer()
    # Trees of scikit-learn compare single precision, TreeSHAP double.
    train, test = (X.astype(np.float32).astype(np.float64) for X in (train, test))
    for columns in (30, _FEW):
        boosted = GradientBoostingClassifier(random_state=0).fit(train[:, :columns], labels)
        name, explained, background = "boosting", test[:rows, :columns], train[:_BACKGROUND, :columns]
        game = table_game(name, boosted.decision_function, explained, background)
        yield game, _tree_values(boosted, background, explained) if columns > _FEW else _all_masks(game)
    forest = RandomForestClassifier(random_state=0).fit(train, labels)
    game = table_game("forest", lambda X: forest.predict_proba(X)[:, 1], test[:rows], train[:_BACKGROUND])
    yield game, _tree_values(forest, train[:_BACKGROUND], test[:rows])[..., 1]
    machine_of = make_pipeline(StandardScaler(), SVC()).fit(train[:, :_FEW], labels)
    game = table_game(
        "support vectors", machine_of.decision_function, test[:rows, :_FEW], train[:_BACKGROUND, :_FEW]
    )
    yield game, _all_masks(game)


def _all_masks(game: Game) -> np.ndarray:
    explain = shap.ExactExplainer(game.model, game.free)
    return np.asarray(explain(game.rows, max_evals=2**game.n, silent=True).values)


def _tree_values(model: Any, background: np.ndarray, rows: np.ndarray) -> np.ndarray:
    explainer = shap.TreeExplainer(model, background, feature_perturbation="interventional")
    return np.asarray(explainer.shap_values(rows))


def measured(game: Game, truth: np.ndarray, kind: str) -> Report:
    """Explain all rows in one call."""
    explainer = _KINDS[kind](game.model, game.masker)
    explainer(game.rows[:1], silent=True)  # imports and compiles
    game.model.reset()
    start = process_time()
    found = explainer(game.rows, silent=True)
    total = process_time() - start
    errors = found.values - truth
    report: Report = {
        "model": game.name,
        "n": game.n,
        "rows": len(game.rows),
        "method": kind,
        "masks": round(game.model.inputs / game.samples / len(game.rows)),
        "cpu_s": total / len(game.rows),
        "model_s": game.model.cpu_s / len(game.rows),
        "error": float(np.sqrt((errors**2).mean() / (truth**2).mean())),
    }
    if kind == "spex":
        deviations = np.stack([row.interactions.single_values("SV").deviations for row in found])
        within = np.abs(errors) <= 2 * deviations + _ROUNDING * np.abs(truth).max()
        report["coverage"] = float(within.mean())
    return report


def row(report: Report) -> list[object]:
    first: list[object] = [report[key] for key in ("model", "n", "rows", "method")]
    times = [seconds(report["cpu_s"]), seconds(report["model_s"])]
    coverage = f"{report['coverage']:.0%}" if "coverage" in report else "–"
    return [*first, f"{report['masks']:,}", *times, f"{report['error']:.2g}", coverage]


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[5, 150], help="numbers of rows in a call")
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    where, reports = machine(), []
    for count in arguments.rows:
        for game, truth in games(count):
            reports += [measured(game, truth, kind) for kind in _KINDS]
            print(f"… {game.name}, {game.n} columns, {count} rows", flush=True)
    print(f"\n{where}\n")
    print(table(_HEADER, map(row, reports)))
    save(arguments.out, "table_rows", reports)


if __name__ == "__main__":
    main()
