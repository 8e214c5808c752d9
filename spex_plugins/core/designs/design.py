"""The masks of a plan: distinct and seeded, and including the empty and the full mask."""

from __future__ import annotations

import pickle
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from spex_plugins.core.basis.masks import distinct_rows, masks_of_numbers
from spex_plugins.core.decoding.bch import bch
from spex_plugins.core.decoding.coded_design import CodedDesign, draw_coded
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.complementary_masks import antithetic_masks
from spex_plugins.core.designs.index_masks import index_masks
from spex_plugins.core.designs.orthogonal_masks import orthogonal_masks
from spex_plugins.types import BoolArray

__all__ = ["Design", "filled", "make_design"]

# Share of a design, and masks per feature, that are orthogonal; larger numbers bring no improvement.
# The other masks are independent of them and test the fit.
_ORTHOGONAL, _ORTHOGONAL_PER_FEATURE = 0.8, 8
_LISTED = 22  # up to 2^22 masks can be listed if most of them are needed
_KEPT, _KEPT_BYTES = 2, 1 << 24  # designs, and the size of the masks of each
_LAST: dict[tuple[Plan, bytes], tuple[Design, Any]] = {}  # with the state of the generator afterwards


@dataclass(frozen=True, eq=False)
class Design:
    """Distinct masks and their structure.

    Attributes
    ----------
    plan : Plan
    masks : ndarray of bool, shape (m, n)
        m ≤ budget distinct masks: the structured ones first, then uniformly random ones.
    n_structured : int
        Number of masks that are not uniformly random: end points, coded masks and pairs.
    coded : CodedDesign or None
    n_known : int
        Number of the first masks among which are all that were known when the design was chosen; 0 if the
        design does not continue from known masks.
    """

    plan: Plan
    masks: BoolArray
    n_structured: int
    coded: CodedDesign | None = None
    n_known: int = 0

    @property
    def statement(self) -> str:
        """Description of the design, for results."""
        return f"{len(self.masks):,} distinct masks: {self.plan}"

    def first(self, count: int) -> Design:
        """Return the design of the first masks of a design that has no structure."""
        return replace(self, masks=self.masks[:count], n_structured=min(self.n_structured, count))

    def followed_by(self, masks: BoolArray) -> Design:
        """Return the design with further masks (m, n) appended, without those that it contains."""
        together = np.concatenate([self.masks, masks])
        return replace(self, masks=together[distinct_rows(together)[0]])

    def with_structured(self, masks: BoolArray) -> Design:
        """Return the design with other masks (m, n) behind its structured ones, without those it contains.

        None of these tests a fit.
        """
        front = np.concatenate([self.masks[: self.n_structured], masks])
        front = front[distinct_rows(front)[0]]
        together = np.concatenate([front, self.masks[self.n_structured :]])
        return replace(self, masks=together[distinct_rows(together)[0]], n_structured=len(front))


def make_design(plan: Plan, rng: np.random.Generator) -> Design:
    """Draw the masks of a plan; the same generator state gives the same masks.

    The last designs are kept: the rows of a table have the same one, and to draw it takes longer than many
    models do.
    """
    key = plan, pickle.dumps(rng.bit_generator.state)
    known = _LAST.get(key)
    if known is not None:
        design, rng.bit_generator.state = known
        return design
    design = _drawn(plan, rng)
    design.masks.setflags(write=False)
    if design.masks.nbytes <= _KEPT_BYTES:
        for oldest in list(_LAST)[: 1 - _KEPT]:
            _LAST.pop(oldest, None)
        _LAST[key] = design, rng.bit_generator.state
    return design


def _drawn(plan: Plan, rng: np.random.Generator) -> Design:
    n = plan.n
    if plan.kind == "full":
        # In random order after the end points: a run may end early.
        masks = masks_of_numbers(np.concatenate([[0, 2**n - 1], rng.permutation(np.arange(1, 2**n - 1))]), n)
        return Design(plan, masks, len(masks))
    ends = np.repeat(np.array([[False], [True]]), n, axis=1)
    if plan.kind == "repulsive":
        masks = index_masks(n, plan.budget, plan.index, rng)
        return Design(plan, masks, len(masks))
    if plan.kind == "orthogonal":
        count = plan.budget - len(ends)
        pairs = min(round(_ORTHOGONAL * count / 2), _ORTHOGONAL_PER_FEATURE * n // 2)
        masks = np.concatenate([ends, orthogonal_masks(n, 2 * pairs, rng)])
        return Design(plan, masks, len(masks)).followed_by(antithetic_masks(n, count, rng)).first(plan.budget)
    if plan.kind == "uniform":
        return Design(plan, filled(ends, plan.budget, rng), len(ends))
    coded, structured = draw_coded(bch(n, plan.max_order), plan.groups, plan.bits, rng)
    return Design(plan, filled(structured, plan.budget, rng), len(structured), coded)


def filled(masks: BoolArray, budget: int, rng: np.random.Generator) -> BoolArray:
    """Append uniformly random masks, all distinct, until the budget is reached or nothing is left."""
    n = masks.shape[1]
    if n <= _LISTED and 4 * budget > 2**n:
        taken = masks.astype(np.int64) @ (1 << np.arange(n))
        free = np.setdiff1d(np.arange(2**n), taken)
        chosen = rng.permutation(free)[: budget - len(masks)]
        return np.concatenate([masks, masks_of_numbers(chosen, n)])
    while len(masks) < budget:
        more = np.concatenate([masks, rng.random((budget - len(masks), n)) < 0.5])
        masks = more[distinct_rows(more)[0]]
    return masks
