"""The masks of a plan: distinct, seeded, with the empty and the full coalition always among them.

A coded design queries, for groups c and delays q, the masks M_c ℓ + d_q + o_c, ℓ in {0, 1}^b. Row i of M_c,
read as an integer, is the *hash* of feature i; the hash of a set is the XOR over its features. d_0 = 0, and
d_1 … d_p are the parity columns of a BCH code. The random offsets o_c keep every mask marginally uniform;
those of two groups are such that a mask of the one is empty and a mask of the other is full.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.bch import BCH, bch
from spex_plugins.core.designs.repulsive_masks import repulsive_masks
from spex_plugins.core.orthogonal import orthogonal_masks
from spex_plugins.core.paired import antithetic_masks, paired_masks
from spex_plugins.core.plan import Plan
from spex_plugins.types import BoolArray, IntArray

__all__ = ["CodedDesign", "Design", "make_design"]

# Share of an orthogonal design, and masks for every feature, that are orthogonal; more of these gain nothing.
# The others are independent of them and test the fit.
_ORTHOGONAL, _ORTHOGONAL_PER_FEATURE = 0.8, 8
_LISTED = 22  # up to 2^22 masks can be listed when most of them are wanted


@dataclass(frozen=True, eq=False)
class CodedDesign:
    """The structure of the coded part of a design.

    Attributes
    ----------
    code : BCH
    hashes : ndarray of int64, shape (C, n)
        Row i of M_c as an integer with b bits.
    offsets : ndarray of bool, shape (C, n)
    rows : ndarray of int, shape (C, p + 1, 2^b)
        Where the mask of (c, q, ℓ) stands among the distinct masks.
    """

    code: BCH
    hashes: IntArray
    offsets: BoolArray
    rows: IntArray

    @property
    def delays(self) -> BoolArray:
        """d_0 … d_p, shape (p + 1, n)."""
        return np.vstack([np.zeros((1, self.code.n), dtype=bool), self.code.parity_matrix.T])

    def without(self, group: int) -> CodedDesign:
        """Return the design of the other groups."""
        others = np.arange(len(self.rows)) != group
        return replace(self, hashes=self.hashes[others], offsets=self.offsets[others], rows=self.rows[others])


@dataclass(frozen=True, eq=False)
class Design:
    """Distinct masks and what they are for.

    Attributes
    ----------
    plan : Plan
    masks : ndarray of bool, shape (m, n)
        m ≤ budget distinct masks: the structured ones first, then uniformly random ones.
    n_structured : int
        Number of masks that are not uniformly random: end points, coded masks and pairs.
    coded : CodedDesign or None
    """

    plan: Plan
    masks: BoolArray
    n_structured: int
    coded: CodedDesign | None = None

    @property
    def statement(self) -> str:
        """What was chosen, in words."""
        return f"{len(self.masks)} distinct masks: {self.plan}"

    def first(self, count: int) -> Design:
        """Return the design of the first masks of a design that has no structure."""
        return replace(self, masks=self.masks[:count], n_structured=min(self.n_structured, count))

    def followed_by(self, masks: BoolArray) -> Design:
        """Return the design with masks (m, n) behind its own, without those that it has."""
        together = np.concatenate([self.masks, masks])
        return replace(self, masks=together[_distinct(together)[0]])


def make_design(plan: Plan, rng: np.random.Generator) -> Design:
    """Draw the masks of a plan; the same generator state gives the same masks."""
    n = plan.n
    if plan.kind == "full":
        # In any order, but the end points first: a run may be cut short.
        masks = _bits(np.concatenate([[0, 2**n - 1], rng.permutation(np.arange(1, 2**n - 1))]), n)
        return Design(plan, masks, len(masks))
    ends = np.repeat(np.array([[False], [True]]), n, axis=1)
    if plan.kind == "paired":
        masks = np.concatenate([ends, paired_masks(n, plan.budget - len(ends), rng)])
        return Design(plan, masks, len(masks))
    if plan.kind == "repulsive":
        masks = repulsive_masks(n, plan.budget, plan.index, rng)
        return Design(plan, masks, len(masks))
    if plan.kind == "orthogonal":
        count = plan.budget - len(ends)
        pairs = min(round(_ORTHOGONAL * count / 2), _ORTHOGONAL_PER_FEATURE * n // 2)
        masks = np.concatenate([ends, orthogonal_masks(n, 2 * pairs, rng)])
        return Design(plan, masks, len(masks)).followed_by(antithetic_masks(n, count, rng)).first(plan.budget)
    if plan.kind == "uniform":
        return Design(plan, _fill(ends, plan.budget, rng), len(ends))
    code = bch(n, plan.max_order)
    hashes = np.stack([_hashes(n, plan.bits, rng) for _ in range(plan.groups)])
    offsets = rng.random((plan.groups, n)) < 0.5
    coded = CodedDesign(code, hashes, offsets, np.empty((0, 0, 0), dtype=np.intp))
    by_group = _coded_masks(coded, plan.bits).reshape(plan.groups, -1, n)
    for group, end in enumerate(ends):
        shift = by_group[group, rng.integers(by_group.shape[1])] ^ end
        offsets[group] ^= shift
        by_group[group] ^= shift
    structured = by_group.reshape(-1, n)
    first, inverse = _distinct(structured)
    rows = inverse.reshape(plan.groups, code.p + 1, 1 << plan.bits)
    masks = _fill(structured[first], plan.budget, rng)
    return Design(plan, masks, len(first), CodedDesign(code, hashes, offsets, rows))


def _bits(numbers: IntArray, n: int) -> BoolArray:
    return ((numbers[:, None] >> np.arange(n)) & 1).astype(bool)


def _hashes(n: int, bits: int, rng: np.random.Generator) -> IntArray:
    """Draw n hashes whose matrix has full rank; single features share a bin only when they must."""
    units = 1 << np.arange(bits)
    others = np.setdiff1d(np.arange(1, 1 << bits), units)
    rounds = [rng.permutation(np.arange(1, 1 << bits)) for _ in range(n // ((1 << bits) - 1))]
    deck = np.concatenate([units, rng.permutation(others), *rounds])[:n]
    return rng.permutation(deck)


def _coded_masks(coded: CodedDesign, bits: int) -> BoolArray:
    """Return M_c ℓ + d_q + o_c for all c, q, ℓ, shape (C·(p + 1)·2^b, n)."""
    n = coded.code.n
    ell = np.arange(1 << bits)
    products = coded.hashes[:, None, :] & ell[:, None]
    spans = (np.bitwise_count(products) & 1).astype(bool)  # (C, 2^b, n)
    shifts = coded.delays[None, :, :] ^ coded.offsets[:, None, :]  # (C, p + 1, n)
    return (spans[:, None, :, :] ^ shifts[:, :, None, :]).reshape(-1, n)


def _keys(masks: BoolArray) -> IntArray:
    packed = np.ascontiguousarray(np.packbits(masks, axis=1))
    return packed.view(f"V{packed.shape[1]}").ravel()


def _distinct(masks: BoolArray) -> tuple[IntArray, IntArray]:
    """Return the rows that occur first, in order, and for every row its place among them."""
    _, first, inverse = np.unique(_keys(masks), return_index=True, return_inverse=True)
    order = np.argsort(first)
    place = np.empty(len(first), dtype=np.intp)
    place[order] = np.arange(len(first))
    return first[order], place[inverse.ravel()]


def _fill(masks: BoolArray, budget: int, rng: np.random.Generator) -> BoolArray:
    """Append uniformly random masks, all distinct, until the budget is reached or nothing is left."""
    n = masks.shape[1]
    if n <= _LISTED and 4 * budget > 2**n:
        taken = masks.astype(np.int64) @ (1 << np.arange(n))
        free = np.setdiff1d(np.arange(2**n), taken)
        chosen = rng.permutation(free)[: budget - len(masks)]
        return np.concatenate([masks, _bits(chosen, n)])
    while len(masks) < budget:
        more = np.concatenate([masks, rng.random((budget - len(masks), n)) < 0.5])
        masks = more[_distinct(more)[0]]
    return masks
