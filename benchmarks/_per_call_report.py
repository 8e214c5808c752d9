"""Tables and the figure of `faithfulness_per_call.py`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from _harness import Report, machine, table

__all__ = ["print_report"]

_ADDITIVE = ("ridge", "lasso", "lime", "kernelshap")
_RIVALS = {"proxyspex-authors": 3, "proxyspex-shapiq": 3, "spex-authors": 20, "spex-shapiq": 20}
_LABELS = {
    "proxyspex-authors": "ProxySPEX (authors')",
    "proxyspex-shapiq": "ProxySPEX (shapiq)",
    "spex-authors": "SPEX, soft (authors')",
    "spex-shapiq": "SPEX (shapiq)",
    "kernelshap": "KernelSHAP",
    "lime": "LIME",
    "lasso": "LASSO",
}
_BUDGETS = (500, 1000, 2000, 4000)

Scores = dict[tuple[int, int], float]  # (input, seed) → R²


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
        print(table(_header(names), _rows(some, names)))
        if comparison := list(_comparisons(some, names)):
            head = (
                "B",
                "ours",
                "beside",
                "pairs",
                "median difference",
                "R² ratio",
                "ratio, interaction-rich",
            )
            print("\nPair by pair, same input and seed (ours at B calls, others as in the table):\n")
            print(table((*head, "ours ahead"), comparison))
    if failed := _failures(reports):
        print("\nFailed:\n")
        print(table(("method", "calls", "how", "times"), failed))
    print("\nSeconds of one core beside the model, median (largest):\n")
    print(table(("method", "n", "calls", "seconds"), _times(reports)))
    if figure and games:
        draw(reports, games, ours, figure)


class Results:
    """The cells of one game and n, by method and calls."""

    def __init__(self, reports: Iterable[Report]) -> None:
        self._scores: dict[tuple[str, int], Scores] = {}
        for r in reports:
            if "r2" in r:
                self._scores.setdefault((r["method"], r["calls"]), {})[r["input"], r["seed"]] = r["r2"]

    def has(self, method: str) -> bool:
        return any(name == method for name, _ in self._scores)

    def of(self, method: str, calls: int) -> Scores:
        return self._scores.get((method, calls), {})

    def best_additive(self, calls: int) -> Scores:
        """Return, of the additive methods, the one that is best in the median (not cell by cell)."""
        found = [self.of(name, calls) for name in _ADDITIVE]
        return max(found, key=lambda s: float(np.median(list(s.values()))) if s else -np.inf)

    def rival(self, method: str, budget: int) -> Scores:
        if method == "additive":
            return self.best_additive(budget)
        return self.of(method, _RIVALS[method] * budget)

    def curve(self, method: str) -> Iterator[tuple[int, np.ndarray]]:
        for name, calls in sorted(self._scores):
            if name == method:
                yield calls, np.quantile(list(self._scores[name, calls].values()), (0.25, 0.5, 0.75))


def _label(method: str) -> str:
    return _LABELS.get(method, method)


def _header(ours: Sequence[str]) -> list[str]:
    rivals = [f"{_label(name)}, {multiple} B" for name, multiple in _RIVALS.items()]
    return ["B", *ours, *rivals, *map(_label, _ADDITIVE)]


def _rows(some: Results, ours: Sequence[str]) -> Iterator[list[object]]:
    for budget in _BUDGETS:
        row = [_summary(some.of(name, budget)) for name in ours]
        row += [_summary(some.rival(name, budget)) for name in _RIVALS]
        row += [_summary(some.of(name, budget)) for name in _ADDITIVE]
        if any(row):
            yield [budget, *row]


def _summary(scores: Scores) -> str:
    if not scores:
        return ""
    low, middle, high = np.quantile(list(scores.values()), (0.25, 0.5, 0.75))
    return f"{middle:.3f} ({low:.3f}–{high:.3f}) [{len(scores)}]"


def _comparisons(some: Results, ours: Sequence[str]) -> Iterator[list[object]]:
    for budget in _BUDGETS:
        # Interaction-rich: the half of the inputs that the best additive method explains worst.
        additive = some.best_additive(budget)
        limit = np.median(list(additive.values())) if additive else np.inf
        rich = {key for key, score in additive.items() if score <= limit}
        for name in ours:
            scores = some.of(name, budget)
            for rival in (*_RIVALS, "additive"):
                others = some.rival(rival, budget)
                both = [key for key in scores if key in others]
                if both:
                    pairs = np.array([(scores[key], others[key]) for key in both])
                    chosen = np.array([key in rich for key in both])
                    label = "best additive" if rival == "additive" else f"{_label(rival)}, {_RIVALS[rival]} B"
                    yield [budget, name, label, len(both), *_pairwise(pairs, chosen)]


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
            key = (_label(r["method"]), r["calls"], r["failed"][:90])
            counts[key] = counts.get(key, 0) + 1
    return [[*key, count] for key, count in sorted(counts.items())]


def _times(reports: list[Report]) -> Iterator[list[object]]:
    times: dict[tuple[str, int, int], list[float]] = {}
    for r in reports:
        if "cpu_s" in r and "r2" in r:
            times.setdefault((r["method"], r["n"], r["calls"]), []).append(r["cpu_s"])
    for (method, n, calls), seconds in sorted(times.items()):
        yield [_label(method), n, f"{calls:,}", f"{np.median(seconds):.2g} ({max(seconds):.2g})"]


def draw(reports: list[Report], games: list[tuple[str, int]], ours: Sequence[str], path: Path) -> None:
    """Draw R² against calls, a panel for every n of the first game (texts by TF-IDF, if they are there)."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    game = "tfidf" if any(name == "tfidf" for name, _ in games) else games[0][0]
    sizes = sorted(n for name, n in games if name == game)
    figure, axes = plt.subplots(1, len(sizes), figsize=(3.6 * len(sizes), 3.4), squeeze=False, sharey=True)
    for axis, n in zip(axes[0], sizes, strict=True):
        some = Results([r for r in reports if (r["game"], r["n"]) == (game, n)])
        styles = dict.fromkeys(ours, "-") | dict.fromkeys(_RIVALS, "--") | dict.fromkeys(_ADDITIVE, ":")
        for color, (name, style) in enumerate(styles.items()):
            if points := list(some.curve(name)):
                calls, (low, middle, high) = [c for c, _ in points], np.array([q for _, q in points]).T
                axis.plot(calls, middle, style, marker="o", ms=3, color=f"C{color % 10}", label=_label(name))
                axis.fill_between(calls, low, high, color=f"C{color % 10}", alpha=0.12, lw=0)
        axis.set(xscale="log", title=f"n = {n}", xlabel="model calls", ylim=(0.3, 1))
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("R² on unseen masks")
    handles: dict[str, Any] = {}
    for axis in axes[0]:
        handles |= dict(zip(*reversed(axis.get_legend_handles_labels()), strict=True))
    figure.legend(
        handles.values(), handles.keys(), loc="outside lower center", ncols=5, frameon=False, fontsize=8
    )
    figure.subplots_adjust(left=0.06, right=0.99, top=0.9, bottom=0.33, wspace=0.06)
    figure.savefig(path, dpi=150)
    print(f"\nFigure: {path}")
