"""Designs that continue from masks whose values are known: the same kinds of masks, and as few new ones.

A design for a budget has a law of sizes. Known masks that a design of the same law asked take the place of
new ones; others do as long as masks of their size are wanted. Further ones are left out, as the fit to a
budget is to cost no more than its masks.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis.masks import distinct_rows, is_among, one_of_each_pair
from spex_plugins.core.decoding.coded_design import CodedDesign, complete_groups, grown
from spex_plugins.core.designs.choose import held_out
from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.designs.design import Design, filled
from spex_plugins.core.designs.index_masks import index_masks
from spex_plugins.types import BoolArray, IntArray

__all__ = ["Known", "continued"]

_LEAST_GROUPS = 3


@dataclass(frozen=True, eq=False)
class Known:
    """Masks whose values are known.

    Attributes
    ----------
    masks : ndarray of bool, shape (k, n)
        Distinct.
    independent : ndarray of bool, shape (k,)
        True for masks that were drawn independently of all others, so that they test a fit to these.
    alike : ndarray of bool, shape (k,)
        True for masks that a design with the same law of sizes asked.
    coded : tuple of CodedDesign
        Coded designs that were asked before, perhaps not completely, the latest one last.
    """

    masks: BoolArray
    independent: BoolArray
    alike: BoolArray
    coded: tuple[CodedDesign, ...] = ()


def continued(
    fresh: Design, known: Known, redraw: Callable[[int], Design], rng: np.random.Generator
) -> Design:
    """Return a design of as many masks as a fresh one, with known masks in place of new ones.

    Parameters
    ----------
    fresh : Design
        The design for the budget where nothing is known.
    known : Known
    redraw : callable
        Returns a fresh design for a smaller budget.
    rng : numpy Generator

    Returns
    -------
    Design
        The fresh one, if all its masks or no others are known.
    """
    if fresh.plan.kind == "full" or not len(known.masks):
        return fresh
    asked = is_among(fresh.masks, known.masks)
    if asked.all() or asked.sum() == len(known.masks):
        return fresh
    if fresh.plan.kind == "repulsive":
        return _pairs(fresh, known, rng)
    if fresh.coded is not None:
        return _coded(fresh, fresh.coded, known, redraw, rng)
    return _merged(fresh, _independent_first(fresh, known, rng), len(fresh.masks), rng)


def _pairs(fresh: Design, known: Known, rng: np.random.Generator) -> Design:
    """Continue complementary masks; where one of a pair is known, the other one is asked."""
    n, plan, budget = fresh.plan.n, fresh.plan, len(fresh.masks)
    one = one_of_each_pair(known.masks)
    both = is_among(one, known.masks) & is_among(~one, known.masks)
    wanted = np.bincount(_classes(fresh.masks), minlength=n // 2 + 1) // 2 + 1
    alike = is_among(one, np.concatenate([known.masks[known.alike], ~known.masks[known.alike]]))
    one = one[_within(_classes(one), wanted, both, alike, rng)][: (budget - 2) // 2]
    ends = np.repeat(np.array([[False], [True]]), n, axis=1)
    front = np.concatenate([ends, np.stack([one, ~one], axis=1).reshape(-1, n)])
    wished = min(budget, max(plan.budget, len(front)))  # those of a run in rounds may be of another design
    new = index_masks(n, wished, plan.index, rng, one)[2:]
    masks = np.concatenate([front, new])
    design = Design(plan, masks, len(masks), n_known=len(front)).followed_by(fresh.masks).first(budget)
    return replace(design, n_structured=len(design.masks))


def _coded(
    fresh: Design,
    coded: CodedDesign,
    known: Known,
    redraw: Callable[[int], Design],
    rng: np.random.Generator,
) -> Design:
    """Continue a coded design by further groups, or have one within the rest of the budget, if there is room.

    The groups that are known are kept as such unless the rest allows a design with more bins.
    """
    budget, useful = len(fresh.masks), _independent_first(fresh, known, rng)
    rest = redraw(max(budget - len(useful.masks), 2))
    old = [complete_groups(one, known.masks) for one in known.coded if one.code.t >= coded.code.t]
    kept = next((one for one in reversed(old) if len(one.rows)), None)
    if kept is None or rest.plan.bits > kept.bits:
        return _merged(rest, useful, budget, rng, fresh)
    size = kept.rows[0].size
    tests = max(held_out(budget) - int(useful.independent.sum()), 0)
    others = _without(useful, kept)
    more = (budget - len(kept.rows) * size - len(others.masks) - tests) // size
    groups = len(kept.rows) + max(more, 0)
    if groups < _LEAST_GROUPS or groups * size > budget:
        return _merged(rest, useful, budget, rng, fresh)
    together, masks = grown(kept, groups - len(kept.rows), rng)
    plan = replace(fresh.plan, groups=groups, bits=kept.bits, max_order=kept.code.t, wished=0, needed=0)
    return _merged(Design(plan, masks, len(masks), together), others, budget, rng)


def _without(known: Known, coded: CodedDesign) -> Known:
    return _of_rows(known, np.flatnonzero(~is_among(known.masks, coded.masks)))


def _of_rows(known: Known, rows: IntArray) -> Known:
    return replace(
        known, masks=known.masks[rows], independent=known.independent[rows], alike=known.alike[rows]
    )


def _merged(
    fresh: Design, known: Known, budget: int, rng: np.random.Generator, whole: Design | None = None
) -> Design:
    """Put known masks among those of a fresh design: behind its structure, and before its independent ones.

    They take the places of those that have the same role.
    """
    given, structured = known.masks, fresh.n_structured
    if fresh.coded is None:
        new = min(structured - int((~known.independent).sum()), budget - len(given))
        structured = max(new, min(structured, 2))
    front = np.concatenate([fresh.masks[:structured], given[~known.independent]])
    behind = np.concatenate([given[known.independent], fresh.masks[fresh.n_structured :]])
    masks = _distinct(np.concatenate([front, behind]))
    n_known = len(_distinct(np.concatenate([fresh.masks[:structured], given])))
    if len(masks) < budget and fresh.plan.kind == "orthogonal":
        pairs = antithetic_masks(fresh.plan.n, budget, rng)
        masks = _distinct(np.concatenate([masks, pairs]))
    if len(masks) < budget:
        masks = filled(masks, budget, rng)
    plan = fresh.plan if whole is None else replace(fresh.plan, budget=whole.plan.budget)
    return Design(plan, masks[:budget], min(len(_distinct(front)), budget), fresh.coded, min(n_known, budget))


def _independent_first(fresh: Design, known: Known, rng: np.random.Generator) -> Known:
    """Return the known masks that serve a design of uniform masks, some of which must test the fit."""
    budget, n = len(fresh.masks), fresh.plan.n
    classes = np.bincount(_classes(fresh.masks), minlength=n // 2 + 1)
    most = classes + 2 * np.sqrt(classes)
    chosen = _within(_classes(known.masks), most, known.independent, known.alike, rng)
    tests = known.independent[chosen]
    trained, tested = chosen[~tests], chosen[tests]
    others = budget - fresh.n_structured
    trained = trained[: max(budget - max(min(len(tested), others), min(held_out(budget), others)), 0)]
    tested = tested[: budget - len(trained)]
    return _of_rows(known, np.concatenate([trained, tested]))


def _within(
    classes: IntArray, wanted: IntArray, first: BoolArray, always: BoolArray, rng: np.random.Generator
) -> IntArray:
    """Return rows, at most so many of every class or always; some come first, the others in random order."""
    order = np.lexsort([rng.random(len(classes)), ~first])
    by_class = order[np.argsort(classes[order], kind="stable")]
    start = np.searchsorted(classes[by_class], classes[by_class], side="left")
    serving = np.zeros(len(classes), dtype=bool)
    serving[by_class[np.arange(len(classes)) - start < wanted[classes[by_class]]]] = True
    return order[(serving | always)[order]]


def _classes(masks: BoolArray) -> IntArray:
    """Return the size of every mask or of its complement, whichever is smaller, (m,)."""
    kept = masks.sum(axis=1)
    return np.minimum(kept, masks.shape[1] - kept)


def _distinct(masks: BoolArray) -> BoolArray:
    return masks[distinct_rows(masks)[0]]
