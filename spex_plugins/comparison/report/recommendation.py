"""One sentence about which method to use, which says where the differences mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.statistics import Estimate, difference, mean_score, of_group
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.comparison.compare_input import InputReport
    from spex_plugins.comparison.run import Run

__all__ = ["ranked", "recommendation"]

_LEVEL = 0.05
_NEGLIGIBLE = 0.005  # of R²
_LISTED = 3  # methods that are named with their differences


def ranked(
    runs: Sequence[Run], inputs: Sequence[InputReport], budget: int, metric: str
) -> list[tuple[str, Estimate]]:
    """Return the methods that have scores with a budget, the best first."""
    names = dict.fromkeys(run.cell.method for run in runs)
    scores = [(name, mean_score(of_group(runs, name, budget), inputs, metric)) for name in names]
    known = [(name, score) for name, score in scores if np.isfinite(score.mean)]
    sign = -1 if METRICS[metric].direction == "lower" else 1
    return sorted(known, key=lambda one: -sign * one[1].mean)


def recommendation(runs: Sequence[Run], inputs: Sequence[InputReport], budget: int, metric: str) -> str:
    """Return the sentence.

    The best method is compared with every other one by the mean of paired differences; their intervals hold
    together with 95 % (Bonferroni). A difference whose interval holds 0, or of R² by less than 0.005, means
    nothing.
    """
    found = ranked(runs, inputs, budget, metric)
    title = METRICS[metric].title
    if not found:
        return f"With {budget} calls, no method has a value of {title}: {_reasons(runs, budget)}."
    (best, score), others = found[0], found[1:]
    where = f"over {score.inputs} inputs" if score.inputs > 1 else "on this input"
    start = f"With {budget} calls, {best} has the best {title}: {_number(score)} {where}"
    if not others:
        return f"{start}; no other method has a value."
    clear: list[str] = []
    unclear: list[str] = []
    for name, _ in others:
        parts = [of_group(runs, best, budget), of_group(runs, name, budget)]
        if METRICS[metric].direction == "lower":
            parts.reverse()  # so that the difference says by how much the best one is better
        gap = difference(parts[0], parts[1], inputs, metric, _LEVEL / len(others))
        (clear if _matters(gap, metric) else unclear).append(f"{name} by {_number(gap)}")
    if clear:
        start += f", ahead of {_listed(clear)}"
    if unclear and not clear and score.inputs == 1 and metric != "r2":
        return f"{start}; one input does not tell whether the differences mean anything."
    if unclear:
        start += f"; that it is {'also ' if clear else ''}ahead of {_listed(unclear)} means nothing"
    return f"{start}."


def _matters(gap: Estimate, metric: str) -> bool:
    """Tell whether an interval excludes 0, and a difference of R² is not negligible."""
    least = _NEGLIGIBLE if metric in ("r2", "r2_sizes") else 0.0
    return bool(gap.low * gap.high > 0 and abs(gap.mean) >= least)


def _listed(told: list[str]) -> str:
    """List the nearest, and count the rest."""
    if len(told) <= _LISTED:
        return " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))
    return f"{', '.join(told[:_LISTED])} and {counted(len(told) - _LISTED, 'other')}"


def _number(score: Estimate) -> str:
    interval = f" ({score.low:.3f} to {score.high:.3f})" if np.isfinite(score.low) else ""
    return f"{score.mean:.3f}{interval}"


def _reasons(runs: Sequence[Run], budget: int) -> str:
    problems = dict.fromkeys(run.problem for run in runs if run.problem and run.cell.budget in (budget, None))
    if problems:
        return "; ".join(list(problems)[:3])
    if not runs:
        return "no run has ended"
    return "the value function may be constant"
