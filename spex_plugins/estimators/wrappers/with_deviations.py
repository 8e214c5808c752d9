"""The default estimator where standard deviations are needed, which not all of its fits have."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.designs.design import Design
from spex_plugins.errors import InputError
from spex_plugins.estimators.auto import MOST_MASKS, Auto
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.gaussian_processes.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.gaussian_processes.shapley import MOST_STACKED, Shapley
from spex_plugins.estimators.wrappers.wrapped import Wrapped
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["WithDeviations"]


class WithDeviations(Wrapped):
    """What `Auto` fits if that has standard deviations, else a Gaussian process on the same masks.

    The masks are those of `Auto`. Sparse regression that meets all samples, and `Spex`, have no deviations.

    Parameters
    ----------
    estimator : Auto
        The estimator, told the index that will be read.
    """

    def __init__(self, estimator: Auto) -> None:
        super().__init__(estimator)
        self._index = estimator.index

    def sequence(  # numpydoc ignore=PR01,RT01
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of the estimator for a run in rounds.

        Raises
        ------
        InputError
            If there may be more masks than a Gaussian process can be fitted to.
        """
        if most > MOST_MASKS:
            raise InputError(
                f"target_deviation: standard deviations are known for at most {MOST_MASKS:,} masks; give "
                f"budget={MOST_MASKS} instead of {most}."
            )
        return super().sequence(n, first, most, max_order, rng)

    def fit_samples(  # numpydoc ignore=PR01,RT01
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit masks (m, n) and values (m, K)."""
        found = self.estimator.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
        if np.isfinite(found.function.single_values("BV").deviations).all():
            return found
        few = len(masks) <= MOST_STACKED
        other = Shapley(self._index or "BV") if few else GaussianProcessEstimator()
        return other.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
