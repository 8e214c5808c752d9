"""The estimator that is told what will be read: masks for that index, and a stack whose errors it weighs."""

from __future__ import annotations

from math import comb

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.designs.size_law import UNIFORM_INDICES, reading_law
from spex_plugins.core.exhaustive import all_masks_within
from spex_plugins.core.fitted.expansion import KernelExpansion
from spex_plugins.core.fitted.frames import WholeFrame, pair_frames
from spex_plugins.core.fitted.stacked import StackedFunction, no_conjunctions
from spex_plugins.core.indices import checked_order
from spex_plugins.core.parity_process.process import fit_part
from spex_plugins.core.plan import Plan
from spex_plugins.core.sized_process.process import fit_whole
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.core import supports as sets
from spex_plugins.estimators.base import Fit, SingleValues
from spex_plugins.estimators.held_out import measured
from spex_plugins.estimators.mixed_part import MixedPart, mixed_part
from spex_plugins.estimators.shapley import Shapley
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.estimators.tree_member import TreeMember, fit_trees, trees_available
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["KernelEstimator"]

_MOST_MASKS = 8000
_LEAST_FOR_TREES = 60  # masks
_PAIRED = 0.8  # share of the masks whose complement is known, or the odd and even parts are not
_UNEVEN = 0.4  # correlation of the errors of both parts, from which on one process with sizes serves better
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
        if max_order:
            return Shapley().fit(masks, values, design=design, max_order=max_order, rng=rng)
        with fitting_threads(m):
            return _fit(masks, values, self.index, rng)


def _fit(masks: BoolArray, values: FloatArray, index: str, rng: np.random.Generator) -> Fit:
    m = len(masks)
    weights, others = _unseen_weights(masks, index), _unseen_masks(masks, index, rng)
    inner = weights > 0
    mean = values[inner].mean(axis=0) if inner.any() else values.mean(axis=0)
    trees = fit_trees(masks, values, rng) if trees_available() and m >= _LEAST_FOR_TREES else None
    wrong = None if trees is None else values - trees.out_of_fold
    parts = []
    frames = pair_frames(masks)
    if 2 * len(frames[0].first) >= _PAIRED * m:
        for frame in frames:
            process = fit_part(frame.sign, masks[frame.first], frame.take(values - mean), rng)
            parts.append(mixed_part(frame, process, wrong, weights, others))
    if not parts or _uneven(parts, weights):
        whole = WholeFrame(m)
        parts = [mixed_part(whole, fit_whole(masks, values - mean, rng), wrong, weights, others)]
    function = _function(masks, values, mean, parts, trees)
    left_out = sum(part.frame.spread(part.left_out * part.easier, m) for part in parts)
    tested = inner & np.any([part.frame.spread(np.ones(len(part.left_out)), m) for part in parts], axis=0)
    unseen = np.where(tested[:, None], values - left_out, np.nan)
    law = "uniform masks" if index in UNIFORM_INDICES else "masks of all sizes"
    source = f"{int(tested.sum())} masks, each left out with its complement, weighted as {law}"
    r2, error, source = measured(masks, values, unseen, source, weights)
    return Fit(_spectrum(function), r2, source, _method(parts, trees), _singles(function), error, function)


def _method(parts: list[MixedPart], trees: TreeMember | None) -> str:
    kinds = ("the odd and even parts",) if len(parts) > 1 else ("all sizes",)
    shares = " and ".join(f"{part.share.mean():.0%}" for part in parts)
    rest = f" ({shares}) and boosted trees" if trees is not None else ""
    return f"Gaussian process of {kinds[0]}{rest}"


def _uneven(parts: list[MixedPart], weights: FloatArray) -> bool:
    """Tell whether errors are larger at masks of few features than at their complements, or smaller.

    Errors of the odd and the even part are then alike, or opposite.
    """
    odd, even = (part.left_out for part in parts)
    counted = weights[parts[0].frame.rows]
    together = counted @ (odd * even)
    apart = np.sqrt((counted @ odd**2) * (counted @ even**2))
    return bool(np.abs(together).sum() > _UNEVEN * apart.sum())


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
    parts: list[MixedPart],
    trees: TreeMember | None,
) -> StackedFunction:
    m, n = masks.shape
    expansions = []
    residuals, known = np.zeros_like(values), np.zeros(m, dtype=bool)
    for part in parts:
        kernel, at, weights = part.process.expansion()
        expansions.append(KernelExpansion(kernel, at, weights * part.share))
        left = part.share * part.process.residuals
        if trees is not None:
            left = left + (1 - part.share) * part.frame.take(values - trees.fitted)
        residuals += part.frame.spread(left, m)
        known |= part.frame.spread(np.ones(len(left)), m) != 0
    odd, even = parts[0].share, parts[-1].share
    conjunctions = no_conjunctions(n, values.shape[1])
    if trees is not None:
        conjunctions = trees.leaves.parts(1 - odd, 1 - even)
    function = StackedFunction(
        n,
        np.arange(n),
        mean * even,
        tuple(expansions),
        conjunctions,
        masks,
        residuals,
        tuple(part.doubt for part in parts),
    )
    if not known.all():  # alone, without their complements
        residuals[~known] = values[~known] - function.predict(masks[~known])
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
