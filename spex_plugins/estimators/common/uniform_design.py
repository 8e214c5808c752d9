"""Designs for estimators that are fitted to uniformly distributed masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.designs.choose import Plan, plan
from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.designs.design import Design, make_design

__all__ = ["LEAST_BITS", "faithful_design", "faithful_sequence", "nearly_orthogonal", "uniform_design"]

LEAST_BITS = (
    4  # with 16 or more bins per group, a regression on coded masks is as accurate as on uniform ones
)


def uniform_design(n: int, budget: int, max_order: int, rng: np.random.Generator) -> Design:
    """Draw uniform masks, including the empty and the full mask."""
    return make_design(Plan("uniform", n, budget, min(max_order, n)), rng)


def faithful_design(n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
    """Choose a coded design if the budget allows it, else nearly orthogonal and uniform masks.

    In our measurements, a regression and a Gaussian process are as accurate on coded masks as on uniform
    ones, and coded masks allow sets of high order to be decoded that no proxy finds. Orthogonal masks are
    better than either if there are few masks per feature; they do not limit the order.
    """
    chosen = plan(n, budget, max_order, LEAST_BITS)
    if chosen.kind == "uniform":
        chosen = replace(chosen, kind="orthogonal", wished=0)
    return make_design(chosen, rng)


def faithful_sequence(
    n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
) -> Design:
    """Draw nearly orthogonal masks, then uniform ones; a coded design cannot end after any mask."""
    start = nearly_orthogonal(n, first, max_order, rng)
    return start.followed_by(antithetic_masks(n, most, rng)).first(most)


def nearly_orthogonal(n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
    """Draw nearly orthogonal masks and uniform ones, with their complements."""
    return make_design(Plan("orthogonal", n, budget, min(max_order or n, n)), rng)
