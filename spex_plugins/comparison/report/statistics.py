"""Means over seeds and inputs with intervals, and paired differences between methods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.r2 import bootstrap_weights, weighted_r2

if TYPE_CHECKING:
    from spex_plugins.comparison.compare_input import InputReport
    from spex_plugins.comparison.run import Run
    from spex_plugins.types import FloatArray

__all__ = ["Estimate", "difference", "mean_score", "of_group"]

_LEAST_R2 = -1.0  # lower values count as this in means: one failure would hide all that the others show
_R2 = ("r2", "r2_sizes")


@dataclass(frozen=True)
class Estimate:
    """A mean with its 95 % interval.

    Attributes
    ----------
    mean, low, high : float
        NaN where they are not known.
    inputs : int
        Number of inputs.
    """

    mean: float
    low: float
    high: float
    inputs: int


def of_group(runs: Sequence[Run], method: str, budget: int | None) -> list[Run]:
    """Return the runs of a method with a budget that have scores."""
    return [
        run
        for run in runs
        if run.cell.method == method and run.cell.budget in (budget, None) and not run.problem
    ]


def mean_score(runs: Sequence[Run], inputs: Sequence[InputReport], metric: str) -> Estimate:
    """Return the mean over inputs of the mean over seeds.

    The interval is Student's over several inputs. Of a single input, it is that of R² over bootstrap
    resamples of the held-out masks, and speaks of this input alone; other metrics have none.
    """
    values = _by_input(runs, metric)
    found = _estimate(np.array(list(values.values())), _resampled(runs, inputs, metric, values), 0.05)
    # Student's interval does not know that R² ends at 1.
    return replace(found, high=min(found.high, 1.0)) if metric in _R2 and found.high > 1 else found


def difference(
    runs: Sequence[Run], others: Sequence[Run], inputs: Sequence[InputReport], metric: str, level: float
) -> Estimate:
    """Return the mean difference of two methods over the inputs that both have scores of, paired.

    Parameters
    ----------
    runs, others : sequence of Run
        Of one method and budget each.
    inputs : sequence of InputReport
    metric : str
    level : float
        1 − the probability of the interval, such as 0.05.
    """
    one, other = _by_input(runs, metric), _by_input(others, metric)
    both = [number for number in one if number in other]
    resampled = None
    if len(both) == 1:
        first, second = _resampled(runs, inputs, metric, one), _resampled(others, inputs, metric, other)
        resampled = None if first is None or second is None else first - second
    return _estimate(np.array([one[i] - other[i] for i in both]), resampled, level)


def _by_input(runs: Sequence[Run], metric: str) -> dict[int, float]:
    values: dict[int, list[float]] = {}
    for run in runs:
        value = run.scores.values.get(metric, float("nan"))
        if np.isfinite(value):
            clipped = max(value, _LEAST_R2) if metric in _R2 else value
            values.setdefault(run.cell.input, []).append(clipped)
    return {number: float(np.mean(part)) for number, part in values.items()}


def _resampled(
    runs: Sequence[Run], inputs: Sequence[InputReport], metric: str, values: dict[int, float]
) -> FloatArray | None:
    """Return R² of a single input in bootstrap resamples of its masks, the mean over seeds."""
    if len(values) != 1 or metric != "r2":
        return None
    (number,) = values
    held_out = inputs[number].held_out
    if held_out is None:
        return None
    truth = held_out.uniform.values
    weights = bootstrap_weights(len(truth))  # the same for all runs: those of one mask are paired
    scores = [run.scores for run in runs if run.cell.input == number and run.scores.judged.any()]
    found = [
        weighted_r2(truth, one.squared_errors, weights * one.judged).clip(min=_LEAST_R2) for one in scores
    ]
    return np.mean(found, axis=0)


def _estimate(values: FloatArray, resampled: FloatArray | None, level: float) -> Estimate:
    from scipy.stats import t

    count = len(values)
    if not count:
        return Estimate(float("nan"), float("nan"), float("nan"), 0)
    mean = float(values.mean())
    if count > 1:
        half = float(t.ppf(1 - level / 2, count - 1) * values.std(ddof=1) / np.sqrt(count))
        return Estimate(mean, mean - half, mean + half, count)
    if resampled is None or not np.isfinite(resampled).any():
        return Estimate(mean, float("nan"), float("nan"), 1)
    low, high = np.nanquantile(resampled, (level / 2, 1 - level / 2))
    return Estimate(mean, float(low), float(high), 1)
