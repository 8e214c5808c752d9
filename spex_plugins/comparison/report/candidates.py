"""The methods that can be ranked, and the inputs that all of them have a value of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.report.statistics import of_group

if TYPE_CHECKING:
    from spex_plugins.comparison.run import Run

__all__ = ["Candidates", "candidates"]


@dataclass(frozen=True, eq=False)
class Candidates:
    """What is ranked: means over different inputs say nothing about methods.

    Attributes
    ----------
    names : tuple of str
        The methods with a value of more than half of the inputs that any method has a value of.
    left_out : tuple of str
        Those with a value of fewer; methods without any are in neither.
    inputs : tuple of int
        Numbers of the inputs that all of ``names`` have a value of.
    total : int
        Number of inputs.
    runs : list of Run
        The runs of these methods on these inputs.
    """

    names: tuple[str, ...]
    left_out: tuple[str, ...]
    inputs: tuple[int, ...]
    total: int
    runs: list[Run]


def candidates(runs: Sequence[Run], budget: int, metric: str) -> Candidates:
    """Return the methods that can be ranked by a metric, with a budget.

    Parameters
    ----------
    runs : sequence of Run
    budget : int
    metric : str
    """
    known: dict[str, set[int]] = {}
    for name in dict.fromkeys(run.cell.method for run in runs):
        scored = [run for run in of_group(runs, name, budget) if _has(run, metric)]
        if scored:
            known[name] = {run.cell.input for run in scored}
    every = set().union(*known.values())
    names = tuple(name for name, own in known.items() if 2 * len(own) > len(every))
    if known and not names:  # each has a value of other inputs
        names = tuple(known)
    common = every.intersection(*(known[name] for name in names))
    some = [
        run for run in runs if run.cell.method in names and run.cell.input in common and _has(run, metric)
    ]
    total = len({run.cell.input for run in runs})
    left_out = tuple(name for name in known if name not in names)
    return Candidates(names, left_out, tuple(sorted(common)), total, some)


def _has(run: Run, metric: str) -> bool:
    return bool(np.isfinite(run.scores.values.get(metric, np.nan)))
