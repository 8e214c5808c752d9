"""The table of metrics: name, direction, and what each measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from spex_plugins.errors import InputError

__all__ = ["METRICS", "Metric", "chosen_metrics"]

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name : str
        Its column in the table.
    direction : {"higher", "lower", "none"}
        Which values are better; "none" if neither is.
    title : str
        A few words for charts and reports.
    about : str
        What it measures.
    asks : bool
        Whether it evaluates further masks of every explanation; it is then measured on request only.
    """

    name: str
    direction: Direction
    title: str
    about: str
    asks: bool = False

    @property
    def page(self) -> str:
        """Where the documentation defines it."""
        section = "energy" if self.name.startswith("energy_") else self.name.replace("_", "-")
        return f"docs/howto/compare.md#{section}"


_TABLE = (
    Metric(
        "r2",
        "higher",
        "R², uniform masks",
        "share of the variance that is predicted at held-out uniform masks that the method has not asked for",
    ),
    Metric(
        "r2_sizes",
        "higher",
        "R², masks of all sizes",
        "the same at masks of 1 to n − 1 features, all sizes alike",
    ),
    Metric(
        "infidelity",
        "lower",
        "infidelity",
        "mean squared error of the predicted drops f(x) − f(mask), over the mean squared drop; all sizes",
    ),
    Metric(
        "removal",
        "higher",
        "removal",
        "|f(x) − f(x without S)| / |f(x)| for the up to r features S that the "
        "explanation itself says change f most; mean over r",
        asks=True,
    ),
    Metric(
        "insertion",
        "higher",
        "insertion",
        "mean share of f(x) − f(∅) that is regained when the highest values are inserted first",
        asks=True,
    ),
    Metric(
        "deletion",
        "lower",
        "deletion",
        "mean share of f(x) − f(∅) that is left when the highest values are removed first",
        asks=True,
    ),
    Metric(
        "recovery", "higher", "recovery@10", "share of annotated features in the ten largest sets of features"
    ),
    Metric(
        "value_error",
        "lower",
        "error of values",
        "root mean squared error of the single values over that of the "
        "truth, where all 2^n masks are evaluated",
    ),
    Metric(
        "pair_error", "lower", "error of pairs", "the same for pairs, in the index that the method estimates"
    ),
    Metric(
        "coverage",
        "none",
        "coverage",
        "share of true single values within ±1.96 stated standard deviations; 0.95 is right",
    ),
    Metric(
        "agreement", "higher", "agreement of seeds", "mean rank correlation of the single values of two seeds"
    ),
    Metric(
        "energy_1", "none", "energy of order 1", "share of the variance of the explanation in single features"
    ),
    Metric("energy_2", "none", "energy of order 2", "the same in pairs"),
    Metric("energy_3", "none", "energy of order ≥ 3", "the same in sets of three and more features"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}
"""All metrics by name."""


def chosen_metrics(metrics: Any) -> frozenset[str]:
    """Return the names of the metrics to measure.

    Parameters
    ----------
    metrics : sequence of str, "all" or None
        None for those that evaluate no masks of their own.

    Raises
    ------
    InputError
        If a name is unknown.
    """
    if metrics is None:
        return frozenset(name for name, metric in METRICS.items() if not metric.asks)
    if isinstance(metrics, str) and metrics == "all":
        return frozenset(METRICS)
    names = [metrics] if isinstance(metrics, str) or not hasattr(metrics, "__iter__") else list(metrics)
    for name in names:
        if name not in METRICS:
            raise InputError(f"metrics: {name!r} is unknown; choose of {', '.join(METRICS)}, or 'all'.")
    return frozenset(["r2", *names])  # everything is ranked by it
