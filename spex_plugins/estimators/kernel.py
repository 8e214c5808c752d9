"""The estimator that is told what will be read: masks for that index, and a stack whose errors it weighs."""

from __future__ import annotations

from math import comb

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.designs.size_law import UNIFORM_INDICES, reading_law
from spex_plugins.core.exhaustive import all_masks_within
from spex_plugins.core.fitted.expansion import KernelExpansion
from spex_plugins.core.fitted.pairs import Pairs, pairs_of
from spex_plugins.core.fitted.stacked import StackedFunction, no_conjunctions
from spex_plugins.core.indices import checked_order
from spex_plugins.core.mask_kernel import MaskKernel
from spex_plugins.core.parity_process.process import fit_part
from spex_plugins.core.plan import Plan
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.core import supports as sets
from spex_plugins.estimators.base import Fit, SingleValues
from spex_plugins.estimators.held_out import measured
from spex_plugins.estimators.parity_parts import MixedPart, mixed_part
from spex_plugins.estimators.shapley import Shapley
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.estimators.tree_member import TreeMember, fit_trees, trees_available
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["KernelEstimator"]

_MOST_MASKS = 8000
_LEAST_FOR_TREES = 60  # masks
_PAIRED = 0.8  # share of the masks whose complement is known, or the odd and even parts are not
_UNSEEN = 400  # masks that tell how far others are from those that were asked
_SPECTRUM_ORDER, _KEPT = 3, 2000


class KernelEstimator:
    """Gaussian processes of the odd and the even part of a function, stacked with boosted trees.

    The masks repel each other, and their sizes are those that the index weighs. The function that results is
    the answer where a mask was asked. All indices are read from it in closed form, with deviations.

    Parameters
    ----------
    index : str
        What will be read, "Fourier" or a key of `spex_plugins.core.indices.INDICES`.
    """

    name = "kernel"

    def __init__(self, index: str = "SV") -> None:
        checked_order(index, None)
        self.index = index

    def reading(self, index: str) -> KernelEstimator:
        """Return the estimator for another index."""
        return KernelEstimator(index)

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose masks that repel each other, or all masks where the budget allows it."""
        if all_masks_within(n, budget) or budget > _MOST_MASKS:
            return Spex().design(n, budget, max_order, rng)
        order = min(max_order or _SPECTRUM_ORDER, n)
        return make_design(Plan("repulsive", n, budget, order, index=self.index), rng)

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        m, n = masks.shape
        if all_masks_within(n, m) or m > _MOST_MASKS:
            return Spex().fit(masks, values, design=design, max_order=max_order, rng=rng)
        pairs = pairs_of(masks)
        if 2 * len(pairs.first) < _PAIRED * m or max_order:
            return Shapley().fit(masks, values, design=design, max_order=max_order, rng=rng)
        with fitting_threads(m):
            return _fit(masks, values, pairs, self.index, rng)


def _fit(
    masks: BoolArray, values: FloatArray, pairs: Pairs, index: str, rng: np.random.Generator
) -> Fit:
    m, n = masks.shape
    weights = _unseen_weights(masks, index)
    inner = weights > 0
    mean = values[inner].mean(axis=0) if inner.any() else values.mean(axis=0)
    trees = fit_trees(masks, values, rng) if trees_available() and m >= _LEAST_FOR_TREES else None
    parts = []
    for sign in (-1, 1):
        process = fit_part(sign, masks[pairs.first], pairs.part(values - mean, sign), rng)
        wrong = None
        if trees is not None:
            wrong = np.nan_to_num(pairs.part(values - trees.out_of_fold, sign))
        parts.append(mixed_part(process, wrong, weights[pairs.first], m))
    function = _function(masks, values, mean, pairs, parts, trees)
    unseen = np.full(values.shape, np.nan)
    others = _unseen_masks(masks, index, rng)
    left_out = sum(
        pairs.spread(part.left_out * _easier(part, others, weights[pairs.first]), part.process.sign)
        for part in parts
    )
    tested = np.zeros(m, dtype=bool)
    tested[pairs.first] = tested[pairs.second] = True
    tested &= inner
    unseen[tested] = (values - left_out)[tested]
    law = "uniform masks" if index in UNIFORM_INDICES else "masks of all sizes"
    source = f"{int(tested.sum())} masks, each left out with its complement, weighted as {law}"
    r2, error, source = measured(masks, values, unseen, source, weights)
    shares = [part.share.mean() for part in parts]
    method = "Gaussian processes of the odd and even parts"
    if trees is not None:
        method += f" ({shares[0]:.0%} and {shares[1]:.0%}) and boosted trees"
    return Fit(_spectrum(function), r2, source, method, _singles(function), error, function)


def _easier(part: MixedPart, others: BoolArray, weights: FloatArray) -> float:
    """Return how much smaller errors at other masks are than those at left-out ones, as the kernel expects.

    Masks that repel each other are farther from each other than other masks are from them.
    """
    left_out = weights @ (part.process.left_out[1] / part.process.spread)[:, 0] ** 2
    if not len(others) or not left_out > 0:
        return 1.0
    return float(np.sqrt(part.process.variances(others).mean() * weights.sum() / left_out))


def _unseen_masks(masks: BoolArray, index: str, rng: np.random.Generator) -> BoolArray:
    """Draw masks that were not asked, as the index weighs them."""
    n = masks.shape[1]
    kept = masks.sum(axis=1)
    total = np.array([float(comb(n, s)) for s in range(n + 1)])
    law = reading_law(n, index) * (1 - np.bincount(kept, minlength=n + 1) / total)
    if not law.sum() > 0:
        return np.zeros((0, n), dtype=bool)
    sizes = rng.choice(n + 1, size=_UNSEEN, p=law / law.sum())
    drawn = rng.random((_UNSEEN, n)).argsort(axis=1).argsort(axis=1) < sizes[:, None]
    together = np.concatenate([masks, drawn])
    first = np.unique(np.packbits(together, axis=1), axis=0, return_index=True)[1]
    return together[np.sort(first[first >= len(masks)])]


def _unseen_weights(masks: BoolArray, index: str) -> FloatArray:
    """Return how much an error at each mask (m, n) tells of the masks that were not asked, (m,)."""
    m, n = masks.shape
    kept = masks.sum(axis=1)
    total = np.array([float(comb(n, s)) for s in range(n + 1)])
    asked = np.bincount(kept, minlength=n + 1)
    each = reading_law(n, index) * (1 - asked / total) / np.maximum(asked, 1)
    return each[kept]


def _function(
    masks: BoolArray,
    values: FloatArray,
    mean: FloatArray,
    pairs: Pairs,
    parts: list[MixedPart],
    trees: TreeMember | None,
) -> StackedFunction:
    n = masks.shape[1]
    none = np.empty((0, 0), dtype=np.int32)
    odd, even = parts
    both = np.concatenate([masks[pairs.first], masks[pairs.second]])
    expansions = tuple(
        KernelExpansion(
            MaskKernel(part.process.kernel.product, none, np.empty(0)),
            both,
            np.concatenate([part.process.weights, part.process.sign * part.process.weights])
            * (part.share * np.sqrt(0.5)),
        )
        for part in parts
    )
    conjunctions = no_conjunctions(n, values.shape[1])
    residuals = np.zeros_like(values)
    for part in parts:
        left = part.share * part.process.residuals
        if trees is not None:
            left = left + (1 - part.share) * pairs.part(values - trees.fitted, part.process.sign)
        residuals += pairs.spread(left, part.process.sign)
    if trees is not None:
        conjunctions = trees.leaves.parts(1 - odd.share, 1 - even.share)
    constant = mean * even.share
    function = StackedFunction(
        n,
        np.arange(n),
        constant,
        expansions,
        conjunctions,
        masks,
        residuals,
        tuple(part.doubt for part in parts),
    )
    alone = np.ones(len(masks), dtype=bool)
    alone[pairs.first] = alone[pairs.second] = False
    if alone.any():
        residuals[alone] = values[alone] - function.predict(masks[alone])
    return function


def _singles(function: StackedFunction) -> dict[str, SingleValues]:
    """Return the Shapley and Banzhaf values, with standard deviations."""
    features = sets.singletons(function.n)
    return {
        index: SingleValues(function.index(features, index, 1), function.deviations(features, index, 1))
        for index in ("SV", "BV")
    }


def _spectrum(function: StackedFunction) -> Spectrum:
    """Return the terms with most energy."""
    n = function.n
    order = min(_SPECTRUM_ORDER, n) if n <= 30 else 2
    supports = sets.combine([sets.all_of_order(n, size) for size in range(order + 1)], n)
    coefficients = function.index(supports, "Fourier", order)
    energy = (coefficients**2).sum(axis=1)
    energy[0] = np.inf
    best = np.sort(np.argsort(-energy, kind="stable")[:_KEPT])
    return Spectrum.from_terms(n, supports[best], coefficients[best])
