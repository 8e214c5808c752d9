"""Masks for an estimator that is to be faithful to uniformly drawn masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.plan import Plan, least_coded, plan

__all__ = ["faithful_design", "faithful_plan", "least_faithful_coded"]

_BITS = 4  # from 16 bins a group on, coded masks serve the regression as well as uniform ones
_HELD_OUT = 0.1
_HELD_OUT_RANGE = (100, 1000)
_ENDPOINTS = 2


def faithful_design(n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
    """Choose all masks or a coded design where the budget allows it, else nearly orthogonal masks and others.

    In our measurements coded masks serve a regression and a Gaussian process as well as uniform ones, and in
    them sets of high order can be decoded that no proxy would find. Orthogonal ones serve better than either
    where there are few masks for every feature.
    """
    chosen = faithful_plan(n, budget, max_order)
    if chosen.kind == "uniform":
        chosen = replace(chosen, kind="orthogonal")
    return make_design(chosen, rng)


def faithful_plan(n: int, budget: int, max_order: int | None) -> Plan:
    """Choose as `spex_plugins.core.plan.plan` does, and keep uniform masks for testing a coded design."""
    if n <= 62 and 2**n <= budget:
        return plan(n, budget, max_order)
    least, most = _HELD_OUT_RANGE
    kept = _ENDPOINTS + int(min(max(_HELD_OUT * budget, least), most))
    return replace(plan(n, max(budget - kept, 0), max_order, _BITS), budget=budget)


def least_faithful_coded(n: int, max_order: int | None) -> int:
    """Return the smallest budget with such a coded design."""
    return least_coded(n, max_order, _BITS) + _ENDPOINTS + _HELD_OUT_RANGE[0]
