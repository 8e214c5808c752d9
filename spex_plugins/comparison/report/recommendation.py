"""One sentence about which method to use, which says where the differences mean nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.candidates import Candidates, candidates
from spex_plugins.comparison.report.statistics import Estimate, difference, mean_score, of_group
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.comparison.compare_input import InputReport
    from spex_plugins.comparison.run import Run

__all__ = ["recommendation"]

_LEVEL = 0.05
_NEGLIGIBLE = 0.005  # of R²
_LISTED = 3  # methods that are named with their differences
_PREDICTED = ("r2", "r2_sizes", "infidelity")


def recommendation(runs: Sequence[Run], inputs: Sequence[InputReport], budget: int, metric: str) -> str:
    """Return the sentence.

    The best method is compared with every other one by the mean of paired differences on the same inputs;
    their intervals hold together with 95 % (Bonferroni). A difference whose interval holds 0, or of R² by
    less than 0.005, means nothing.
    """
    title = METRICS[metric].title
    group = candidates(runs, budget, metric)
    if not group.names:
        return f"With {budget} calls, no method has a value of {title}: {_reasons(runs, budget)}."
    if not group.inputs:
        return f"With {budget} calls, no input has a value of {title} of all of {_listed(group.names)}."
    found = _ranked(group, inputs, budget, metric)
    (best, score), others = found[0], found[1:]
    start = f"With {budget} calls, {best} has the best {title}: {_number(score)} {_where(group)}"
    end = f"{_left_out(group)}{_all_asked(group, budget, metric)}."
    if not others:
        return f"{start}; no other method has a value{end}" if not group.left_out else f"{start}{end}"
    clear: list[str] = []
    unclear: list[str] = []
    for name, _ in others:
        parts = [of_group(group.runs, best, budget), of_group(group.runs, name, budget)]
        if METRICS[metric].direction == "lower":
            parts.reverse()  # so that the difference says by how much the best one is better
        gap = difference(parts[0], parts[1], inputs, metric, _LEVEL / len(others))
        (clear if _matters(gap, metric) else unclear).append(f"{name} by {_number(gap)}")
    if clear:
        start += f", ahead of {_listed(clear)}"
    if unclear and not clear and score.inputs == 1 and metric != "r2":
        return f"{start}; one input does not tell whether the differences mean anything{end}"
    if unclear:
        start += f"; that it is {'also ' if clear else ''}ahead of {_listed(unclear)} means nothing"
    return f"{start}{end}"


def _ranked(
    group: Candidates, inputs: Sequence[InputReport], budget: int, metric: str
) -> list[tuple[str, Estimate]]:
    """Return the methods with their means over the inputs that all have a value of, the best first."""
    scores = [(name, mean_score(of_group(group.runs, name, budget), inputs, metric)) for name in group.names]
    sign = -1 if METRICS[metric].direction == "lower" else 1
    return sorted(scores, key=lambda one: -sign * one[1].mean)


def _where(group: Candidates) -> str:
    """Return the inputs that the means are over."""
    if len(group.inputs) == group.total:
        return f"over {group.total} inputs" if group.total > 1 else "on this input"
    if len(group.inputs) == 1:
        return (
            f"on input {group.inputs[0]}, the only one of {group.total} with values of all that are compared"
        )
    return f"over {len(group.inputs)} of {group.total} inputs, those with values of all that are compared"


def _left_out(group: Candidates) -> str:
    if not group.left_out:
        return ""
    verb = "is" if len(group.left_out) == 1 else "are"
    return f"; {_listed(group.left_out)} {verb} left out, for lack of a value of half of the inputs or more"


def _all_asked(group: Candidates, budget: int, metric: str) -> str:
    """Tell which methods asked for all masks: their scores are of known values."""
    found = [
        name
        for name in group.names
        if any(run.asked_all for run in of_group(group.runs, name, budget) if metric in _PREDICTED)
    ]
    if not found:
        return ""
    return f"; {_listed(found)} asked for all masks, and describe{'s' * (len(found) == 1)} known values"


def _matters(gap: Estimate, metric: str) -> bool:
    """Tell whether an interval lies above 0, and a difference of R² is not negligible."""
    least = _NEGLIGIBLE if metric in ("r2", "r2_sizes") else 0.0
    return bool(gap.low > 0 and gap.mean >= least)


def _listed(told: Sequence[str]) -> str:
    """List the nearest, and count the rest."""
    if len(told) <= _LISTED:
        return " and ".join(filter(None, [", ".join(told[:-1]), told[-1]]))
    return f"{', '.join(told[:_LISTED])} and {counted(len(told) - _LISTED, 'other')}"


def _number(score: Estimate) -> str:
    interval = f" ({score.low:.3f} to {score.high:.3f})" if np.isfinite(score.low) else ""
    return f"{score.mean:.3f}{interval}"


def _reasons(runs: Sequence[Run], budget: int) -> str:
    if not runs:
        return "no run has ended"
    some = [run for run in runs if run.cell.budget in (budget, None)]
    told = dict.fromkeys(run.problem for run in some if run.problem)
    told = told or dict.fromkeys(run.scores.note for run in some if run.scores.note)
    return "; ".join(list(told)[:3]) or "the value function may be constant"
