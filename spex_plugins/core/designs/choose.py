"""Choice of a design from the number of features, the budget and the largest order, before any call."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from spex_plugins.core.decoding.bch import bch
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.size_law import EVERY_INDEX
from spex_plugins.wording import counted

__all__ = ["Plan", "held_out", "least_coded", "plan"]

_DEFAULT_ORDER = 5  # the largest order in the experiments of Kang et al. 2025
_GROUPS = 3  # least number of hash functions: peeling needs two, a third resolves ties
_LEAST_BITS = 2
_UNIFORM_BITS = 4  # least b with which uniform masks for testing the fit are added, if the budget allows it
_HELD_OUT = 0.1
_HELD_OUT_RANGE = (100, 1000)


@dataclass(frozen=True)
class Plan:
    """The design for a budget.

    Attributes
    ----------
    kind : {"full", "coded", "uniform", "orthogonal", "repulsive"}
        All 2^n masks; an aliased, BCH-delayed design plus uniform masks; uniform masks; nearly orthogonal
        masks with their complements, plus uniform ones; complementary pairs of masks that repel each other.
    n, budget : int
    max_order : int
        Largest order that the design can resolve.
    groups, bits : int
        C and b of a coded design, which has C·2^b·(p + 1) masks; 0 otherwise.
    wished : int
        The requested order if it is larger than ``max_order``; 0 otherwise.
    needed : int
        The smallest budget that allows the order ``wished``; 0 if there is none.
    index : str
        The index that repulsive masks are chosen for; `EVERY_INDEX` also of designs with some masks of all
        sizes.
    """

    kind: Literal["full", "coded", "uniform", "orthogonal", "repulsive"]
    n: int
    budget: int
    max_order: int
    groups: int = 0
    bits: int = 0
    wished: int = 0
    needed: int = 0
    index: str = ""

    @property
    def limit(self) -> str:
        """The reason why sets of the requested order are not searched, empty if they are."""
        if not self.wished:
            return ""
        remedy = f"{self.needed:,} calls" if self.needed else "another estimator"
        return f"orders ≤ {self.max_order} only: max_order={self.wished} needs {remedy}"

    def __str__(self) -> str:
        some = "some of all sizes" if self.index == EVERY_INDEX and self.kind != "repulsive" else ""
        return "; ".join(filter(None, [self._masks, some, self.limit]))

    @property
    def _masks(self) -> str:
        if self.kind == "full":
            return f"all 2^{self.n} = {2**self.n} masks, exact transform"
        if self.kind == "coded":
            rows = bch(self.n, self.max_order).p + 1
            uniform = " and uniform masks" if self.budget > self.groups * rows << self.bits else ""
            sizes = f"{counted(self.groups, 'group')} × 2^{self.bits} masks × {rows} delays"
            return f"coded design for orders ≤ {self.max_order} ({sizes}){uniform}"
        if self.kind == "repulsive":
            return f"complementary masks for {self.index} that repel each other"
        if self.kind == "orthogonal":
            return "nearly orthogonal masks, uniform masks, their complements"
        return f"uniform masks, orders ≤ {self.max_order}"


def plan(n: int, budget: int, max_order: int | None = None, least_bits: int = _LEAST_BITS) -> Plan:
    """Choose the design for a budget.

    A coded design of a higher order with fewer bins is preferred to one of a lower order with more bins: sets
    that share a bin can be separated, but sets of an order that the code does not correct are lost.

    Parameters
    ----------
    n : int
        Number of features.
    budget : int
        Largest number of model calls.
    max_order : int, optional
        Largest order to look for. Without it, 5 where the budget allows a coded design of that order, fewer
        where it allows one of a lower order only, and 2 elsewhere.
    least_bits : int
        Base-2 logarithm of the fewest bins of a coded design.

    Returns
    -------
    Plan
    """
    if all_masks_within(n, budget):
        return Plan("full", n, budget, min(max_order or n, n))
    wished = min(max_order or _DEFAULT_ORDER, n)
    chosen = Plan("uniform", n, budget, min(wished, 2))
    for order in range(wished, 2, -1):
        if budget >= least_coded(n, order, least_bits):
            chosen = Plan("coded", n, budget, order, *_size(n, budget, order))
            break
    if max_order is None or chosen.max_order == wished:
        return chosen
    return replace(chosen, wished=wished, needed=least_coded(n, wished, least_bits))


def least_coded(n: int, max_order: int | None = None, least_bits: int = _LEAST_BITS) -> int:
    """Return the smallest budget with a coded design of the default order, or of ``max_order``."""
    rows = bch(n, min(max_order or _DEFAULT_ORDER, n)).p + 1
    return _GROUPS * rows << least_bits


def held_out(masks: int) -> int:
    """Return how many of a number of masks suffice to test a fit to the others."""
    least, most = _HELD_OUT_RANGE
    return int(min(max(_HELD_OUT * masks, least), most))


def _size(n: int, budget: int, order: int) -> tuple[int, int]:
    """Return the number of groups and of bits of the coded design for a budget that allows one."""
    rows = bch(n, order).p + 1
    spare = budget - held_out(budget)
    if spare < _GROUPS * rows << _UNIFORM_BITS:
        spare = budget  # the groups are used to test each other
    bits = (spare // (_GROUPS * rows)).bit_length() - 1
    return spare // (rows << bits), bits
