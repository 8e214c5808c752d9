"""Tables of `faithfulness_per_call.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from library.measure.machine import machine
from library.measure.result_files import Report
from library.report.faithfulness_figure import draw
from library.report.faithfulness_scores import ADDITIVE, RIVALS, Results, label
from library.report.markdown import table

__all__ = ["print_report"]

_PAIRS = (
    "B",
    "ours",
    "beside",
    "pairs",
    "median difference",
    "R² ratio",
    "ratio, interaction-rich",
    "ours ahead",
)


def print_report(reports: list[Report], ours: Sequence[str], figure: Path | None) -> None:
    """Print all tables, and draw R² against calls for the first game when there is something to draw."""
    games = list(dict.fromkeys((r["game"], r["n"]) for r in reports))
    print(
        f"\n{machine()}\n\nR² on unseen uniform masks: median (quartiles) over inputs and seeds, [how many]."
    )
    for game, n in sorted(games):
        some = Results([r for r in reports if (r["game"], r["n"]) == (game, n)])
        names = [name for name in ours if some.has(name)]
        print(f"\n### {game}, n = {n}\n")
        rivals = [name for name in RIVALS if some.has(name)]
        print(table(_header(names, rivals), _rows(some, names, rivals)))
        if comparison := list(_comparisons(some, names)):
            print("\nPair by pair, same input and seed (ours at B calls, others as in the table):\n")
            print(table(_PAIRS, comparison))
    if failed := _failures(reports):
        print("\nFailed:\n")
        print(table(("method", "calls", "how", "times"), failed))
    print("\nSeconds of one core beside the model, median (largest):\n")
    print(table(("method", "n", "calls", "seconds"), _times(reports)))
    if figure and games:
        # The texts by TF-IDF, which have every n, if they are there.
        draw(reports, "tfidf" if any(game == "tfidf" for game, _ in games) else games[0][0], ours, figure)
        print(f"\nFigure: {figure}")


def _header(ours: Sequence[str], rivals: Sequence[str]) -> list[str]:
    return ["B", *ours, *(f"{label(name)}, {RIVALS[name]} B" for name in rivals), *map(label, ADDITIVE)]


def _rows(some: Results, ours: Sequence[str], rivals: Sequence[str]) -> Iterator[list[object]]:
    for budget in some.budgets:
        multiples = [(name, 1) for name in ours] + [(name, RIVALS[name]) for name in rivals]
        multiples += [(name, 1) for name in ADDITIVE]
        row = [_summary(some, name, multiple * budget) for name, multiple in multiples]
        yield [budget, *row]


def _summary(some: Results, method: str, calls: int) -> str:
    quartiles, count = some.quartiles(method, calls), len(some.of(method, calls))
    if quartiles is None:
        return ""
    low, middle, high = quartiles
    return f"{middle:.3f} ({low:.3f}–{high:.3f}) [{count}]" if count else f"{middle:.3f}"


def _comparisons(some: Results, ours: Sequence[str]) -> Iterator[list[object]]:
    for budget in some.budgets:
        # Interaction-rich: the half of the inputs that the best additive method explains worst.
        additive = some.best_additive(budget)
        limit = np.median(list(additive.values())) if additive else np.inf
        rich = {key for key, score in additive.items() if score <= limit}
        for name in ours:
            scores = some.of(name, budget)
            for rival in (*RIVALS, "additive"):
                others = some.rival(rival, budget)
                both = [key for key in scores if key in others]
                if both:
                    pairs = np.array([(scores[key], others[key]) for key in both])
                    chosen = np.array([key in rich for key in both])
                    beside = label(rival) if rival == "additive" else f"{label(rival)}, {RIVALS[rival]} B"
                    yield [budget, name, beside, len(both), *_pairwise(pairs, chosen)]


def _pairwise(pairs: np.ndarray, rich: np.ndarray) -> list[str]:
    difference, ratio = pairs[:, 0] - pairs[:, 1], pairs[:, 0] / pairs[:, 1]
    return [
        f"{np.median(difference):+.3f}",
        f"{np.median(ratio):.3f}",
        f"{np.median(ratio[rich]):.3f}" if rich.any() else "",
        f"{(difference >= 0).mean():.0%}",
    ]


def _failures(reports: list[Report]) -> list[list[object]]:
    counts: dict[tuple[Any, ...], int] = {}
    for r in reports:
        if "failed" in r:
            key = (label(r["method"]), r["calls"], r["failed"][:90])
            counts[key] = counts.get(key, 0) + 1
    return [[*key, count] for key, count in sorted(counts.items())]


def _times(reports: list[Report]) -> Iterator[list[object]]:
    times: dict[tuple[str, int, int], list[float]] = {}
    for r in reports:
        if "cpu_s" in r and "r2" in r:
            times.setdefault((r["method"], r["n"], r["calls"]), []).append(r["cpu_s"])
    for (method, n, calls), seconds in sorted(times.items()):
        yield [label(method), n, f"{calls:,}", f"{np.median(seconds):.2g} ({max(seconds):.2g})"]
