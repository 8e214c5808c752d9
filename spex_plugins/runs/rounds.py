"""Evaluate masks in rounds until R² reaches a target or no longer improves."""

from __future__ import annotations

from copy import deepcopy

import numpy as np

from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.designs.choose import least_coded, plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.uniform_design import LEAST_BITS
from spex_plugins.queries import Queries, Session, keep_answers
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.result.assembly.assemble import fitted, interactions, usable
from spex_plugins.result.interactions import Interactions
from spex_plugins.runs.stored_designs import kept_in
from spex_plugins.runs.targets import Target
from spex_plugins.types import FloatArray

__all__ = ["MOST_CALLS", "explain_until", "first_round"]

MOST_CALLS = 20_000  # of a run without a budget
_FIRST, _PER_FEATURE = 400, 4  # masks of the first round: the larger of 400 and 4 n
_GROWTH = 1.5  # of the number of masks from round to round
_GAIN = 0.15  # share of the variance not yet explained that two rounds must explain, or the run ends
_HOPELESS = 0.3  # R² below which a function is assumed to have high-order terms only
_CODED = 2  # size of the first coded design, in units of the smallest one


def first_round(n: int, most: int) -> int:
    """Return the number of masks of the first round."""
    return min(most, max(_FIRST, _PER_FEATURE * n))


def explain_until(
    value_function: ValueFunction,
    n: int,
    *,
    most: int,
    target: Target,
    method: Estimator,
    max_order: int | None,
    rng: np.random.Generator,
    names: tuple[str, ...],
    how: Queries,
) -> Interactions:
    """Evaluate an increasing number of masks, at most ``most``, and explain them.

    The run ends when the target is reached, or when two rounds explain less than 15 % of the remaining
    variance and no deviation is wanted nor an R² within the standard error. While R² is low, coded designs
    are used: only they reveal a function that has high-order terms only.
    """
    most_masks = min(most, 2**n)
    drawn = method.sequence(n, first_round(n, most_masks), most_masks, max_order, rng)
    history: list[str] = []
    missed: list[float] = []
    n_stored = 0
    with Session(value_function, how, budget=most) as session:
        drawn = kept_in(session, method, drawn, max_order, rng)
        design = drawn.first(max(first_round(n, most_masks), drawn.n_known))
        while True:
            answers = session.ask(design.masks)
            n_stored += answers.n_stored
            masks, values = usable(design, answers, session.statement)
            known = design if len(masks) == len(design.masks) else None
            try:
                result = fitted(method, masks, values, known, max_order, deepcopy(rng))
                r2, r2_error = _least(result, values, 1 - missed[-1] if missed else np.inf)
                reached = target.reached(result, r2, r2_error)
            except BaseException as error:  # also KeyboardInterrupt: the values have been paid for
                keep_answers(error, masks, values)
                raise
            history.append(f"{np.fmin.reduce(np.atleast_1d(result.r2)):.3f} at {len(masks)}")
            missed.append(1 - r2)
            following = _following(design, drawn, most, r2 if method.decodes else None, max_order, rng)
            reason = "the target is reached" if reached else _reason(r2, r2_error, target, missed, following)
            if reason or following is None or session.has_ended:
                break
            design = following
    told = [design.statement, f"in rounds: R² {', '.join(history)}", session.statement, reason]
    statement = "; ".join(filter(None, told))
    return interactions(result, masks, values, names, most, method.name, statement, n_stored)


def _least(result: Fit, values: FloatArray, before: float) -> tuple[float, float]:
    """Return the smallest R² of all outputs and its error; 0 if not measured, 1 if all values are equal.

    If the estimator gives no standard error, the change since the previous round is used instead.
    """
    constant = standardised(values.reshape(len(values), -1))[2] == 0
    r2 = np.where(constant, 1.0, np.nan_to_num(np.atleast_1d(result.r2)))
    error = np.abs(r2 - before)
    if result.r2_error is not None:
        error = np.where(np.isnan(result.r2_error), error, np.atleast_1d(result.r2_error))
    error = np.where(constant, 0.0, error)
    worst = np.argmin(r2 - error)
    return float(r2[worst]), float(error[worst])


def _reason(r2: float, error: float, target: Target, missed: list[float], following: Design | None) -> str:
    """Return why a run ends whose target is not reached, "" if it continues."""
    if following is None:
        return "the budget is spent"
    searching = r2 < _HOPELESS and following.coded is not None
    near = target.deviation is not None or (target.r2 is not None and r2 + error >= target.r2)
    # Over two rounds, as the R² of one is known to a few hundredths only.
    if len(missed) > 2 and missed[-1] > (1 - _GAIN) * missed[-3] and not searching and not near:
        return "R² no longer improves"
    return ""


def _following(
    design: Design,
    drawn: Design,
    most: int,
    r2: float | None,
    max_order: int | None,
    rng: np.random.Generator,
) -> Design | None:
    """Return the design of the next round, including all masks evaluated so far; None if there is none.

    ``r2`` is None for estimators that do not decode coded designs.
    """
    asked, n = len(design.masks), design.plan.n
    if r2 is not None and (design.coded or r2 < _HOPELESS):
        wished = _CODED * (asked if design.coded else least_coded(n, max_order, LEAST_BITS))
        coded = plan(n, min(wished, most - asked), max_order, LEAST_BITS)
        if coded.kind == "coded":
            earlier = design.masks[: design.n_structured]
            return make_design(coded, rng).with_structured(earlier).followed_by(design.masks)
    if design.coded or asked >= len(drawn.masks):
        return None
    return drawn.first(round(asked * _GROWTH))
