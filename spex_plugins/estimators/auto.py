"""The estimator for whoever does not want to choose."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design
from spex_plugins.estimators.base import Fit
from spex_plugins.estimators.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.spex import Spex
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Auto"]

_MOST_MASKS = 8000  # a Gaussian process takes half a minute for so many


class Auto:
    """The exact transform of all masks, else a Gaussian process, and `Spex` when there are too many masks."""

    name = "auto"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks of the estimator that the budget calls for."""
        return _chosen(n, budget).design(n, budget, max_order, rng)

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
        return _chosen(n, m).fit(masks, values, design=design, max_order=max_order, rng=rng)


def _chosen(n: int, masks: int) -> Spex | GaussianProcessEstimator:
    everything = n < 63 and masks >= 2**n
    return Spex() if everything or masks > _MOST_MASKS else GaussianProcessEstimator()
