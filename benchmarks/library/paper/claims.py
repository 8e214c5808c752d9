"""The claims of the paper, each confirmed or refuted by paired differences over inputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from library.paper.methods import FAITHFUL, OURS
from library.paper.recovery import RECOVERY, STEADY
from spex_plugins.comparison.report import Report
from spex_plugins.comparison.report.statistics import mean_score, of_group

__all__ = ["CLAIMS", "Claim", "Outcome", "by_input", "judged", "outcome_of"]

_LEVEL = 0.05


@dataclass(frozen=True)
class Claim:
    """A claim: ours is at least a multiple of the best of other methods.

    Attributes
    ----------
    text : str
    metric : str
    factor : float
    others : tuple of str
        Names of methods; empty for all marginal ones.
    strict : bool
        Whether equal is not enough.
    """

    text: str
    metric: str
    factor: float = 1.0
    others: tuple[str, ...] = ()
    strict: bool = True


CLAIMS = (
    Claim("R² is above that of every marginal method", "r2"),
    Claim("R² is 20 % above that of the best marginal method", "r2", 1.2),
    Claim("recovery@10 is above that of Faith-Shapley and Faith-Banzhaf", "recovery", 1.0, FAITHFUL),
    Claim("removal is at least that of every marginal method", "removal", strict=False),
    Claim("recovery of the annotated sentences is above that of every marginal method", RECOVERY),
    Claim("recovery in the steady set is above that of every marginal method", STEADY),
)


@dataclass(frozen=True)
class Outcome:
    """What a comparison says of a claim.

    Attributes
    ----------
    claim : Claim
    calls : int
    ours, best : float
        Means over inputs; ``best`` is that of the best other method.
    method : str
        The best other method.
    gap, low, high : float
        Mean over inputs of ours − factor × the other, and its 95 % interval (Student).
    inputs : int
        Number of inputs that both have scores of.
    """

    claim: Claim
    calls: int
    ours: float
    best: float
    method: str
    gap: float
    low: float
    high: float
    inputs: int

    @property
    def outcome(self) -> str:
        """Confirmed or refuted where the interval excludes 0, else not decided."""
        if self.low > 0 or (not self.claim.strict and self.low == self.high == 0):
            return "confirmed"
        return "refuted" if self.high < 0 or self.low == self.high == 0 else "not decided"


def judged(report: Report, claims: Sequence[Claim] = CLAIMS) -> Iterator[Outcome]:
    """Yield the outcomes of claims at every budget.

    The best other method is the one with the highest mean, chosen afterwards: this favours the others.
    """
    for claim in claims:
        names = claim.others or [run.cell.method for run in report.runs if run.cell.kind == "marginal"]
        for calls in report.budgets:
            found = {name: by_input(report, name, calls, claim.metric) for name in dict.fromkeys(names)}
            found = {name: values for name, values in found.items() if values}
            ours = by_input(report, OURS, calls, claim.metric)
            if found and ours:
                method = max(found, key=lambda name: np.mean(list(found[name].values())))
                yield outcome_of(claim, calls, ours, method, found[method])


def by_input(report: Report, method: str, calls: int, metric: str) -> dict[int, float]:
    """Return means over seeds, as the tables of `spex_plugins.compare` count them."""
    runs = of_group(report.runs, method, calls)
    numbers = dict.fromkeys(run.cell.input for run in runs)
    means = {
        i: mean_score([run for run in runs if run.cell.input == i], report.inputs, metric).mean
        for i in numbers
    }
    return {i: mean for i, mean in means.items() if np.isfinite(mean)}


def outcome_of(
    claim: Claim, calls: int, ours: dict[int, float], method: str, other: dict[int, float]
) -> Outcome:
    """Return the outcome of a claim, from the values of ours and of another method by input."""
    from scipy.stats import t

    both = [i for i in ours if i in other]
    one, two = (np.array([values[i] for i in both]) for values in (ours, other))
    gaps = one - claim.factor * two
    half = np.nan
    if len(both) > 1:
        half = t.ppf(1 - _LEVEL / 2, len(both) - 1) * gaps.std(ddof=1) / np.sqrt(len(both))
    mean = gaps.mean()
    numbers = map(float, (one.mean(), two.mean(), mean, mean - half, mean + half))
    first, second, gap, low, high = numbers
    return Outcome(claim, calls, first, second, method, gap, low, high, len(both))
