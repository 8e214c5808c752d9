"""The estimator that is told what will be read: masks for that index, and a stack whose errors it weighs."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.exhaustive import all_masks_within
from spex_plugins.core.indices import checked_order
from spex_plugins.core.plan import Plan
from spex_plugins.estimators.base import Fit
from spex_plugins.estimators.shapley import Shapley
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.stack_fit import fit_stack
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["KernelEstimator"]

_MOST_MASKS = 8000  # a Gaussian process takes half a minute for so many
_DEFAULT_ORDER = 3


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
        order = min(max_order or _DEFAULT_ORDER, n)
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
            return fit_stack(masks, values, self.index, rng)
