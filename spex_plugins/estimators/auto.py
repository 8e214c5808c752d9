"""The estimator for whoever does not want to choose."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.designs.design import Design
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.fit_result import Fit
from spex_plugins.estimators.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.sparse_regression import SparseRegression
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.stacking import Stacking
from spex_plugins.estimators.uniform_design import faithful_design, faithful_sequence
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Auto"]

_MOST_MASKS = 20_000  # a Gaussian process takes minutes for so many


class Auto(Estimator):
    """The most faithful spectrum for the calls.

    A Gaussian process and sparse regression, stacked, and `Spex` where there are too many masks for a
    Gaussian process. Where the budget allows it, a coded design finds the sets of high order that these
    would miss.
    """

    name = "auto"
    decodes = True
    about = (
        "sparse regression and a Gaussian process, stacked, on nearly orthogonal and uniform masks or a "
        "coded design; R² is cross-validated on uniform masks, or on groups of the coded ones"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw the masks, see `faithful_design`."""
        return faithful_design(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Draw the masks of rounds, see `faithful_sequence`."""
        return faithful_sequence(n, first, most, max_order, rng)

    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        chosen = _chosen(len(masks))
        return chosen.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)


def _chosen(masks: int) -> Estimator:
    if masks > _MOST_MASKS:
        return Spex()
    return Stacking([SparseRegression(), GaussianProcessEstimator()])
