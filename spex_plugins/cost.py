"""The expected cost of a run, before any model call."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import is_among
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.size_limits import check_size
from spex_plugins.queries import Queries, Session
from spex_plugins.queries.options import queries_of
from spex_plugins.result import html_view
from spex_plugins.runs.rounds import MOST_CALLS, first_round
from spex_plugins.runs.stored_designs import continued_in
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["RunPlan", "plan"]


@dataclass(frozen=True)
class RunPlan:
    """The expected number of model calls of a run, with its duration and cost.

    Attributes
    ----------
    n : int
        Number of features.
    least_calls, most_calls : int
        Smallest and largest number of model calls; equal unless masks are evaluated in rounds.
    design : str
        Description of the masks.
    seconds : tuple of (float, float), or None
        Smallest and largest duration of the model calls in seconds, if ``seconds_per_call`` was given.
    cost : tuple of (float, float), or None
        Smallest and largest cost of the model calls in the unit of ``price``, if that was given.
    n_stored : int
        Number of further masks whose values are in the store; they are not evaluated again.
    """

    n: int
    least_calls: int
    most_calls: int
    design: str
    seconds: tuple[float, float] | None = None
    cost: tuple[float, float] | None = None
    n_stored: int = 0

    def _lines(self) -> list[tuple[str, str]]:
        stored = f", {counted(self.n_stored, 'answer')} from the store" if self.n_stored else ""
        lines = [
            ("model calls", _range((self.least_calls, self.most_calls), "{:,.0f}") + stored),
            ("masks", self.design),
        ]
        if self.seconds:
            lines.append(("minutes", _range((self.seconds[0] / 60, self.seconds[1] / 60), "{:,.1f}")))
        if self.cost:
            lines.append(("cost", _range(self.cost, "{:,.2f}")))
        return lines

    def __repr__(self) -> str:
        shown = (f"  {name:<12}{text}" for name, text in self._lines())
        return "\n".join([f"Plan for {counted(self.n, 'feature')}", *shown])

    def _repr_html_(self) -> str:
        return html_view.view(html_view.facts(self._lines(), f"Plan for {counted(self.n, 'feature')}"))


def plan(
    n: int,
    budget: int | Literal["auto"] = "auto",
    *,
    target_r2: float | None = None,
    target_deviation: float | None = None,
    estimator: str | Estimator = "auto",
    index: str | None = None,
    max_order: int | None = None,
    seconds_per_call: float | None = None,
    price: float | None = None,
    queries: Queries | None = None,
) -> RunPlan:
    """Return the masks that `explain` would evaluate and what they would cost, without any model call.

    Parameters
    ----------
    n : int
        Number of features.
    budget : int or "auto", optional
        Largest number of masks to evaluate, as in `explain`.
    target_r2 : float, optional
        R² at which the run ends, 0 < target_r2 < 1, as in `explain`.
    target_deviation : float, optional
        Standard deviation at which the run ends, as in `explain`.
    estimator : str or Estimator, optional
        Name or instance of an estimator, as in `explain`.
    index : str, optional
        What will be read, as in `explain`.
    max_order : int, optional
        Largest number of features in an interaction; by default as large as the budget allows.
    seconds_per_call : float, optional
        Duration of the evaluation of one mask in seconds, for example measured on a few masks.
    price : float, optional
        Price of the evaluation of one mask, in any currency.
    queries : Queries, optional
        With its ``store`` and ``fingerprint``, the values in that file are taken into account, as `explain`
        with the default seed does. Without, the plan is that of a function with no stored values.

    Returns
    -------
    RunPlan
        Numbers of model calls, a description of the masks, duration in seconds, and cost.

    Raises
    ------
    InputError
        If an argument is invalid.
    MissingExtraError
        If the estimator needs a package that is not installed.

    Examples
    --------
    >>> import spex_plugins as spex
    >>> spex.plan(64, 2000, max_order=5, seconds_per_call=0.1, price=0.0002)
    Plan for 64 features
      model calls 2,000
      masks       coded design for orders ≤ 5 (3 groups × 2^4 masks × 36 delays) and uniform masks
      minutes     3.3
      cost        0.40
    """
    n = check.count("n", n, 1, "the number of features")
    most = check.budget(budget) or MOST_CALLS
    targets = check.share("target_r2", target_r2), check.positive("target_deviation", target_deviation)
    max_order = check.interaction_order(max_order)
    for name, value in (("seconds_per_call", seconds_per_call), ("price", price)):
        check.positive(name, value)
    most = min(most, 2**n)
    check_size(estimator, n, most)
    method, rng = resolve(estimator, index), np.random.default_rng(0)
    rounds = any(target is not None for target in targets) or (budget == "auto" and n > CHEAP_FEATURES)
    least = first_round(n, most) if rounds else most
    with _stored_session(queries) as session:
        if rounds:
            last = most if session.has_store else least
            chosen = method.sequence(n, least, last, max_order, rng)
        else:
            chosen = method.design(n, most, max_order, rng)
        stored = 0
        if session.has_store:
            chosen = continued_in(session, method, chosen, max_order, rng)
            first = max(least, chosen.n_known)
            known = is_among(chosen.masks, session.stored_masks(n))
            stored, least = int(known.sum()), int((~known[:first]).sum())
    design = f"{chosen.plan}, in rounds while R² improves" if rounds and least < most else str(chosen.plan)
    most -= stored

    def times(factor: float | None) -> tuple[float, float] | None:
        return None if factor is None else (least * factor, most * factor)

    return RunPlan(n, least, most, design, times(seconds_per_call), times(price), stored)


def _stored_session(queries: Queries | None) -> Session:
    """Return a session with the values of a store, if there are any; it evaluates nothing."""
    how = queries_of(queries, {})
    empty = how.store is None or not Path(how.store).exists()
    return Session(_no_call, Queries() if empty else how)


def _no_call(masks: BoolArray) -> FloatArray:
    raise AssertionError("a plan evaluates no masks")


def _range(values: tuple[float, float], form: str) -> str:
    least, most = (form.format(value) for value in values)
    return least if least == most else f"{least} to {most}"
