"""Which masks to spend a budget on: decided from n, the budget and the largest order, before any call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from spex_plugins.core.bch import bch

__all__ = ["Plan", "least_coded", "plan"]

_DEFAULT_ORDER = 5  # the order that the published SPEX experiments decode (Kang et al. 2025)
_GROUPS = 3  # least number of hash functions: peeling needs two, the third settles ties
_MIN_BITS = 3  # 8 bins a group, with which the published experiments begin (Kang et al. 2025)


@dataclass(frozen=True)
class Plan:
    """How a budget is spent.

    Attributes
    ----------
    kind : {"full", "coded", "uniform", "orthogonal", "paired"}
        All 2^n masks; an aliased, BCH-delayed design plus uniform masks; uniform masks; nearly orthogonal
        masks with their complements, plus uniform ones; complementary pairs of masks of all sizes.
    n, budget : int
    max_order : int
        Largest order that the design can resolve.
    groups, bits : int
        C and b of a coded design, which has C·2^b·(p + 1) masks; 0 otherwise.
    """

    kind: Literal["full", "coded", "uniform", "orthogonal", "paired"]
    n: int
    budget: int
    max_order: int
    groups: int = 0
    bits: int = 0

    def __str__(self) -> str:
        if self.kind == "full":
            return f"all 2^{self.n} = {2**self.n} masks, exact transform"
        if self.kind == "coded":
            rows = bch(self.n, self.max_order).p + 1
            return (
                f"coded design for orders ≤ {self.max_order} ({self.groups} groups × 2^{self.bits} masks × "
                f"{rows} delays) and uniform masks"
            )
        if self.kind == "paired":
            return "complementary masks of all sizes"
        if self.kind == "orthogonal":
            return (
                "nearly orthogonal masks, uniform masks, their complements (a coded design needs more calls)"
            )
        return f"uniform masks, orders ≤ {self.max_order} (a coded design needs more calls)"


def plan(n: int, budget: int, max_order: int | None = None, min_bits: int = _MIN_BITS) -> Plan:
    """Choose the design for a budget.

    Parameters
    ----------
    n : int
        Number of features.
    budget : int
        Model calls that may be made.
    max_order : int, optional
        Largest order to look for. Without it, 5 where the budget allows a coded design, else the largest
        order above 2 for which it does, and 2 elsewhere.
    min_bits : int
        Least b of a coded design. With 8 bins (3) sets are decoded; from 16 bins (4) on, coded masks serve a
        regression as well as uniform ones.

    Returns
    -------
    Plan
    """
    if n <= 62 and 2**n <= budget:
        return Plan("full", n, budget, min(max_order or n, n))
    wished = min(max_order or _DEFAULT_ORDER, n)
    for order in range(wished, 2, -1):
        rows = bch(n, order).p + 1
        bits = (budget // (_GROUPS * rows)).bit_length() - 1
        if bits >= min_bits:
            return Plan("coded", n, budget, order, budget // (rows << bits), bits)
    return Plan("uniform", n, budget, min(wished, 2))


def least_coded(n: int, max_order: int | None = None, min_bits: int = _MIN_BITS) -> int:
    """Return the smallest budget with a coded design of the default order, or of ``max_order``."""
    rows = bch(n, min(max_order or _DEFAULT_ORDER, n)).p + 1
    return _GROUPS * (rows << min_bits)
