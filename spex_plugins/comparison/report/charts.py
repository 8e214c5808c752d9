"""Charts of a report: a metric over the calls, bars of one budget."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.statistics import Estimate, mean_score, of_group
from spex_plugins.plots.canvas import require_matplotlib
from spex_plugins.plots.colors import TEXT_COLOR

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from spex_plugins.comparison.compare_input import InputReport
    from spex_plugins.comparison.run import Run
    from spex_plugins.types import FloatArray

__all__ = ["bars_of_budget", "colors_of", "curves_by_features", "curves_over_calls"]

# Okabe and Ito 2008: told apart by the colour-blind.
_COLORS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#8C6D31")
_MARKERS = "os^Dvp*X"
_BESIDE, _SPREAD = 0.012, 0.06  # distance of two methods, and of all at most, as shares of the axis
_SHARES = 11  # at which curves of different lengths are averaged
_FLOOR = -0.05  # lower R² lies outside of the picture


def colors_of(runs: Sequence[Run]) -> dict[str, tuple[str, str]]:
    """Return a colour and a marker for each method; no two pairs are equal for up to 64 methods.

    Methods that always failed come last: they are in no chart, and take no colour from the others.
    """
    scored = [run.cell.method for run in runs if not run.problem]
    names = dict.fromkeys([*scored, *(run.cell.method for run in runs)])
    return {
        name: (_COLORS[k % len(_COLORS)], _MARKERS[(k + k // len(_COLORS)) % len(_MARKERS)])
        for k, name in enumerate(names)
    }


def curves_over_calls(
    runs: Sequence[Run], inputs: Sequence[InputReport], budgets: Sequence[int], metric: str
) -> Figure:
    """Draw the means of a metric against the budget, with 95 % intervals.

    Methods of interactions are drawn with full lines, marginal ones with dashed lines, given explanations
    horizontally. Equal methods stand beside each other.
    """
    require_matplotlib()
    figure, axes = _new_axes(4.2)
    scores = {
        name: [mean_score(of_group(runs, name, budget), inputs, metric) for budget in budgets]
        for name in colors_of(runs)
    }
    drawn = [name for name, each in scores.items() if np.isfinite(_column(each, "mean")).any()]
    lines: dict[str, Any] = {}
    for place, name in enumerate(drawn):
        color, marker = colors_of(runs)[name]
        calls = _beside(budgets, place - (len(drawn) - 1) / 2, len(drawn))
        first = next(run for run in runs if run.cell.method == name)
        means, low, high = (_column(scores[name], part) for part in ("mean", "low", "high"))
        given = first.cell.budget is None
        style: dict[str, Any] = {
            "color": color,
            "linestyle": "-" if first.cell.kind == "interaction" else "--",
        }
        if given and len(budgets) == 1:
            lines[name] = axes.axhline(means[0], label=name, linewidth=1.2, **style)
            continue
        mark = "" if given else marker
        (lines[name],) = axes.plot(calls, means, label=name, marker=mark, markersize=5, **style)
        axes.fill_between(calls, low, high, color=color, alpha=0.12, linewidth=0)
    _finish(axes, metric, budgets)
    _name(axes, lines)
    return figure


def bars_of_budget(runs: Sequence[Run], inputs: Sequence[InputReport], budget: int, metric: str) -> Figure:
    """Draw the means of a metric with a budget as bars with 95 % intervals, the best on top."""
    require_matplotlib()
    colors = colors_of(runs)
    found = [(name, mean_score(of_group(runs, name, budget), inputs, metric)) for name in colors]
    found = [(name, score) for name, score in found if np.isfinite(score.mean)]
    sign = -1 if METRICS[metric].direction == "lower" else 1
    found.sort(key=lambda one: sign * one[1].mean)
    kinds = {run.cell.method: run.cell.kind for run in runs}
    figure, axes = _new_axes(0.8 + 0.34 * max(len(found), 1))
    for place, (name, score) in enumerate(found):
        interaction = kinds[name] == "interaction"
        axes.barh(
            place,
            score.mean,
            height=0.66,
            color=colors[name][0],
            alpha=0.9 if interaction else 0.45,
            linewidth=0,
        )
        if np.isfinite(score.low):
            axes.plot([score.low, score.high], [place, place], color=TEXT_COLOR, linewidth=1.3)
    labels = [f"{name}{'' if kinds[name] == 'interaction' else ' (single features)'}" for name, _ in found]
    axes.set_yticks(range(len(found)), labels, parse_math=False)
    axes.set_xlabel(f"{METRICS[metric].title}, {budget} calls")
    if metric in ("r2", "r2_sizes"):
        axes.set_xlim(
            left=min(0.0, max(-1.0, min((score.mean for _, score in found), default=0.0))), right=1.0
        )
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def curves_by_features(runs: Sequence[Run], inputs: Sequence[InputReport], budget: int, name: str) -> Figure:
    """Draw removal, insertion or deletion against the number of features, the mean over seeds and inputs.

    Every point is the mean of all runs of a method. Where inputs have different numbers of features,
    insertion and deletion are drawn against the share of the features.
    """
    require_matplotlib()
    from matplotlib.ticker import MaxNLocator, MultipleLocator

    (figure, axes), lines = _new_axes(3.6), {}
    known = [run for run in runs if run.scores.curves.get(name) and run.cell.budget in (budget, None)]
    sizes = {len(inputs[run.cell.input].feature_names) for run in known}
    by_share = name != "removal" and len(sizes) > 1
    for method, (color, marker) in colors_of(known).items():
        of_method = [run for run in known if run.cell.method == method]
        curves = [run.scores.curves[name] for run in of_method]
        if by_share:
            counts = [len(inputs[run.cell.input].feature_names) for run in of_method]
            moved, means = _mean_by_share(curves, counts, name)
        else:
            moved, means = _mean_by_count(curves)
        line = "-" if of_method[0].cell.kind == "interaction" else "--"
        style: dict[str, Any] = {"color": color, "marker": marker, "linestyle": line}
        (lines[method],) = axes.plot(moved, means, markersize=4, label=method, **style)
    what = "inserted" if name == "insertion" else "removed"
    axes.set_xlabel(f"share of the features {what}, %" if by_share else f"features {what}")
    axes.xaxis.set_major_locator(MultipleLocator(20) if by_share else MaxNLocator(integer=True))
    axes.set_ylabel(METRICS[name].title)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e1e4ea", linewidth=0.7)
    _name(axes, lines)
    return figure


def _new_axes(height: float) -> tuple[Figure, Axes]:
    """Return a white figure without pyplot, and its axes with dark letters, whatever style is chosen."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.6, height), layout="constrained", facecolor="white")
    axes: Axes = figure.add_subplot(facecolor="white")
    axes.tick_params(colors=TEXT_COLOR)
    axes.spines[:].set_color(TEXT_COLOR)
    axes.grid(visible=False)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(TEXT_COLOR)
    return figure, axes


def _mean_by_count(curves: Sequence[Mapping[int, float]]) -> tuple[FloatArray, FloatArray]:
    """Return the numbers of features that all curves have, and the means there."""
    counts = sorted(set.intersection(*map(set, curves)))
    means = [np.mean([curve[count] for curve in curves]) for count in counts]
    return np.array(counts, dtype=np.float64), np.array(means)


def _mean_by_share(
    curves: Sequence[Mapping[int, float]], sizes: Sequence[int], name: str
) -> tuple[FloatArray, FloatArray]:
    """Return shares of the features in %, and the means there of curves that are interpolated between steps.

    Of n features moved, none and all have known values: f(∅) and f(x).
    """
    shares, start = np.linspace(0, 1, _SHARES), float(name == "deletion")
    each = [
        np.interp(shares, [0, *(count / n for count in curve), 1], [start, *curve.values(), 1 - start])
        for curve, n in zip(curves, sizes, strict=True)
    ]
    return 100 * shares, np.mean(each, axis=0)


def _beside(budgets: Sequence[int], place: float, methods: int) -> FloatArray:
    """Return where a method is drawn, so that equal ones are seen: equally far from all budgets."""
    calls, shift = np.array(budgets, dtype=np.float64), place * min(_BESIDE, _SPREAD / methods)
    if _logarithmic(budgets):
        return calls * (max(budgets) / min(budgets)) ** shift
    return calls + shift * (max(budgets) - min(budgets) or max(budgets))


def _logarithmic(budgets: Sequence[int]) -> bool:
    return max(budgets) / min(budgets) > 3


def _column(scores: Sequence[Estimate], part: str) -> list[float]:
    return [getattr(score, part) for score in scores]


def _finish(axes: Any, metric: str, budgets: Sequence[int]) -> None:
    axes.set_xlabel("calls allowed (distinct masks)")
    axes.set_ylabel(METRICS[metric].title)
    if _logarithmic(budgets):
        axes.set_xscale("log")
    axes.set_xticks(budgets, [f"{budget:,}" for budget in budgets], minor=False)
    axes.minorticks_off()
    if metric in ("r2", "r2_sizes"):
        axes.set_ylim(bottom=max(axes.get_ylim()[0], _FLOOR), top=1.02)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e1e4ea", linewidth=0.7)


def _name(axes: Any, lines: Mapping[str, Any]) -> None:
    """Add a legend; matplotlib leaves out labels that start with "_", and reads "$" as mathematics."""
    if not lines:
        return
    places = [str(place) for place in range(len(lines))]
    style: dict[str, Any] = {"loc": "center left", "bbox_to_anchor": (1.01, 0.5), "frameon": False}
    legend = axes.legend(list(lines.values()), places, fontsize=9, **style)
    for text, name in zip(legend.get_texts(), lines, strict=True):
        text.set_parse_math(False)
        text.set_color(TEXT_COLOR)
        text.set_text(name)
