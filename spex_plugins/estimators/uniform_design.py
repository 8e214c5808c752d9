"""Masks for estimators that are to be faithful to uniformly drawn masks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from spex_plugins.core.designs.choose import Plan, plan
from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.designs.design import Design, make_design

__all__ = ["LEAST_BITS", "faithful_design", "faithful_sequence", "uniform_design"]

LEAST_BITS = 4  # from 16 bins a group on, coded masks serve the regression as well as uniform ones


def uniform_design(n: int, budget: int, max_order: int, rng: np.random.Generator) -> Design:
    """Draw uniform masks, the end points among them."""
    return make_design(Plan("uniform", n, budget, min(max_order, n)), rng)


def faithful_design(n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
    """Choose a coded design where the budget allows it, else nearly orthogonal masks and others.

    In our measurements coded masks serve a regression and a Gaussian process as well as uniform ones, and in
    them sets of high order can be decoded that no proxy would find. Orthogonal ones serve better than either
    where there are few masks for every feature; there, no order is out of reach, so none is lowered.
    """
    chosen = plan(n, budget, max_order, LEAST_BITS)
    if chosen.kind == "uniform":
        chosen = replace(chosen, kind="orthogonal", wished=0)
    return make_design(chosen, rng)


def faithful_sequence(
    n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
) -> Design:
    """Draw nearly orthogonal masks, then uniform ones: a coded design cannot end anywhere."""
    start = make_design(Plan("orthogonal", n, first, min(max_order or n, n)), rng)
    return start.followed_by(antithetic_masks(n, most, rng)).first(most)
