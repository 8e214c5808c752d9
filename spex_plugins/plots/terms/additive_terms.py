"""f(x) − f(∅) as a short sum: the strongest interactions, the strongest features, and the others.

A list of hundreds of terms that nearly cancel, cut after ten, leaves a rest larger than the sum. Here what
is not shown as an interaction stays with its features: the part of feature i is its Shapley value less
v_T / |T| for every shown interaction T ∋ i with the value v_T. The parts add up as the Shapley values do.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.plots.fonts import drawable, ordered
from spex_plugins.plots.plot_data import PlotData, one_output, read_plot_data
from spex_plugins.result.measured_ends import measured_ends

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.plots.plot_data import RankedSet
    from spex_plugins.types import FloatArray

__all__ = ["AdditiveTerms", "Part", "additive_terms"]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class Part:
    """One bar: its label, its value, and the number of features (0 for the others)."""

    label: str
    value: float
    size: int


@dataclass(frozen=True)
class AdditiveTerms:
    """Parts that add up: base + Σ values = total.

    Attributes
    ----------
    parts : tuple of Part
        Largest magnitude first; the others, if there are any, last.
    base, total : float
        The function at the empty and at the full mask.
    evaluated : bool
        Whether these are the values of the value function, not predictions of the fitted one.
    content : PlotData
    note : str
        How the parts are to be read.
    """

    parts: tuple[Part, ...]
    base: float
    total: float
    evaluated: bool
    content: PlotData
    note: str

    def name(self, end: str) -> str:
        """Return what a value at an end is called: ``"f(x)"``, or ``"fitted f(x)"`` where it is predicted."""
        return end if self.evaluated else f"fitted {end}"


def additive_terms(
    given: Any, index: str, order: int | None, top: int, output: int | None, words: Sequence[str] | None
) -> AdditiveTerms:
    """Read parts from an explanation: up to half of ``top`` are interactions, see `_split`."""
    top = check.count("top", top, 1, "the number of bars")
    found = one_output(given, output)
    content = read_plot_data(found, index, order, max(top // 2, 1), None, words, drawable)
    table = found.index("SV")
    sets, own = _split(content.sets, table.first_order(), top)
    base = float(table.baseline)
    total = base + float(table.values.sum())
    joint = [Part(ordered(content.name(ranked)), ranked.value, len(ranked.features)) for ranked in sets]
    largest = np.argsort(-np.abs(own), kind="stable")
    least = _ROUNDING * max(float(np.abs(own).max(initial=0.0)), content.set_limit)
    largest = largest[np.abs(own[largest]) > least]
    count = max(top - len(joint), 1)
    count += len(largest) == count + 1  # the bar of the others would be of one feature
    shown, others = largest[:count], largest[count:]
    single = [Part(content.labels[i], float(own[i]), 1) for i in shown.tolist()]
    parts = sorted([*joint, *single], key=lambda part: -abs(part.value))
    if len(others):
        parts.append(_others(own[others]))
    note = (
        f"interactions: {content.reading}; a single feature has its Shapley value without its shares of these"
    )
    evaluated = measured_ends(found, table.index, table.order, table.values) is not None
    return AdditiveTerms(tuple(parts), base, total, evaluated, content, note if joint else "Shapley values")


def _split(sets: Sequence[RankedSet], values: FloatArray, top: int) -> tuple[Sequence[RankedSet], FloatArray]:
    """Return the sets to show, and the Shapley values (n,) without the equal shares of these sets.

    The weakest sets give way to features as long as a feature that is left out is larger; one set stays.
    """
    for count in range(len(sets), -1, -1):
        own = values.copy()
        for ranked in sets[:count]:
            own[list(ranked.features)] -= ranked.value / len(ranked.features)
        left_out = np.sort(np.abs(own))[::-1][max(top - count, 1) :]
        if count <= 1 or abs(sets[count - 1].value) >= left_out.max(initial=0.0):
            break
    return sets[:count], own


def _others(values: np.ndarray) -> Part:
    """Return the bar of the others, and why it may be long: how large each is, and what cancels."""
    up, down = float(values[values > 0].sum()), float(values[values < 0].sum())
    both = f" (+{up:.3g} −{-down:.3g})" if up and down else ""
    label = f"{len(values)} other features, at most {np.abs(values).max():.2g} each{both}"
    return Part(label, up + down, 0)
