"""SHAP's own benchmark (`shap.benchmark`) on SPEX beside SHAP's explainers, with equal evaluations.

    python benchmarks shap_benchmark

Tables of 30 and of 10 columns, and texts of 64 words. Prints markdown, draws with `shap.plots.benchmark`;
see benchmarks/README.md.
"""

from __future__ import annotations

import os
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

import matplotlib as mpl
import numpy as np
import shap.benchmark

from library.data.tables import breast_cancer
from library.games.shap_games import Game, table_game, text_games
from library.games.shap_texts import masked_texts
from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.methods.shap_explainers import METHODS, OURS, Method, exact
from library.report.markdown import seconds, table

_SMALL = 10  # columns of which all masks can be asked
_BACKGROUND = 50
# "absolute" orders too: SHAP means them for models that return a loss, which these do not.
_CURVES = (("keep", "positive"), ("keep", "negative"), ("remove", "positive"), ("remove", "negative"))
_TITLES = {
    "keep_positive": "keep positive ↑",
    "keep_negative": "keep negative ↓",
    "remove_positive": "remove positive ↓",
    "remove_negative": "remove negative ↑",
    "explanation_error": "explanation error ↓",
}
_HEADER = ("method", *_TITLES.values())


def games(arguments: Namespace) -> Iterator[tuple[Game, dict[str, Method]]]:
    """Yield every game and the methods that can explain it."""
    if "table" in arguments.games:
        yield network("table", 30, arguments.rows), METHODS
    if "small" in arguments.games:
        yield network("small", _SMALL, arguments.rows), METHODS | {"Exact": exact}
    if "text" in arguments.games:
        (game,) = text_games(["tfidf"], arguments.rows)
        yield game, METHODS


def network(name: str, columns: int, count: int) -> Game:
    """Return the probability that a tumour is benign, by a small network on the first columns."""
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train, labels, test, _ = breast_cancer()
    layers = MLPClassifier((32, 16), max_iter=1000, random_state=0)
    model = make_pipeline(StandardScaler(), layers).fit(train[:, :columns], labels)
    return table_game(
        name,
        lambda rows: model.predict_proba(rows)[:, 1],
        test[:count, :columns],
        train[:_BACKGROUND, :columns],
    )


def scored(game: Game, explanation: Any, name: str) -> tuple[Report, list[Any]]:
    """Score the rows of an explanation one by one, and all together for SHAP's plots."""
    report: Report = {"game": game.name, "method": name}
    results = []
    for kind, order in _CURVES:
        metric = shap.benchmark.SequentialMasker(kind, order, game.masker, game.model, game.rows)
        results.append(metric(explanation, name, silent=True))
        _, _, areas = metric(explanation, name, silent=True, debug_mode=True)
        report[f"{kind}_{order}"] = [float(area) for area in areas]
    errors = [_explanation_error(game, i, explanation.values[i]) for i in range(len(game.rows))]
    error = shap.benchmark.BenchmarkResult("explanation error", name, value=fmean(errors))
    time = shap.benchmark.ComputeTime()(explanation, name)
    report |= {"explanation_error": errors, "seconds_per_row": float(time.value)}
    return report, [*results, error, time]


def _explanation_error(game: Game, i: int, values: np.ndarray) -> float:
    """Ask SHAP for one row: of several it returns the error of the last only, though it computes all."""
    row, masker = game.rows[i], game.free
    if isinstance(masker, shap.maskers.Text):  # it does not take texts, but arrays of words
        words = str(row).split()
        row, masker = np.array(words), lambda mask, _: (np.array(masked_texts(words, mask[None])),)
    metric = shap.benchmark.ExplanationError(masker, game.model, row[None])
    return float(metric(values[None], "", silent=True).value)


def draw(path: Path, by_metric: list[list[Any]]) -> None:
    """Draw all methods, one panel per metric."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(15, 8))
    for number, results in enumerate(by_metric, start=1):
        plt.subplot(2, 3, number)
        shap.plots.benchmark(results, show=False)
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)


def score_rows(reports: list[Report]) -> Iterator[list[str]]:
    """One line per method: mean ± standard deviation over rows."""
    for report in reports:
        scores = [f"{fmean(report[key]):.4f} ± {stdev(report[key]):.3f}" for key in _TITLES]
        yield [report["method"], *scores, seconds(report["seconds_per_row"])]


def paired_rows(reports: list[Report]) -> Iterator[list[str]]:
    """One line per other method: how much more we score on the same row, mean ± standard error."""
    ours = next(report for report in reports if report["method"] == OURS)
    for other in reports:
        if other is not ours:
            differences = [np.subtract(ours[key], other[key]) for key in _TITLES]
            scores = [
                f"{each.mean():+.4f} ± {each.std(ddof=1) / len(each) ** 0.5:.4f}" for each in differences
            ]
            yield [f"{OURS} − {other['method']}", *scores]


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    choices = ("table", "small", "text")
    parser.add_argument("--games", nargs="+", choices=choices, default=choices)
    parser.add_argument("--rows", type=int, default=10, help="rows that are explained, at least 2")
    parser.add_argument("--max-evals", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of raw numbers and pictures")
    arguments = parser.parse_args()
    mpl.use("Agg")
    warnings.filterwarnings("ignore", category=DeprecationWarning)  # of SHAP's plots, with new matplotlib
    arguments.out.mkdir(parents=True, exist_ok=True)
    print(f"{machine()} shap {version('shap')}.")
    everything: list[Report] = []
    for game, methods in games(arguments):
        explain = partial(_explained, game, arguments.max_evals, arguments.seed)
        pairs = [scored(game, explain(method), name) for name, method in methods.items()]
        reports = [report for report, _ in pairs]
        by_metric = list(zip(*(results for _, results in pairs), strict=True))
        draw(arguments.out / f"shap_benchmark_{game.name}.png", [list(results) for results in by_metric])
        print(
            f"\n{game.name}: {len(game.rows)} rows, {game.n} features, {arguments.max_evals:,} evaluations\n"
        )
        print(table((*_HEADER, "seconds per row ↓"), score_rows(reports)))
        print("\nOn the same row (mean ± standard error):\n")
        print(table(_HEADER, paired_rows(reports)), flush=True)
        everything += reports
    save(arguments.out / "shap_benchmark.json", "shap_benchmark", everything)
    print(f"\nLoad after: {os.getloadavg()[0]:.1f}.")


def _explained(game: Game, evals: int, seed: int, method: Method) -> Any:
    method(game, game.rows[:1], 2 * game.n + 2, seed)  # SHAP compiles on first use
    return method(game, game.rows, evals, seed)


if __name__ == "__main__":
    main()
