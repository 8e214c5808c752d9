"""Shapley and Banzhaf values of single features first: a Gaussian process on masks of all sizes."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.gaussian_process import fit_gaussian_process
from spex_plugins.core.likely_sets import likely_sets
from spex_plugins.core.plan import Plan
from spex_plugins.core.refit import refit
from spex_plugins.estimators.base import Fit
from spex_plugins.estimators.process import process_threads, single_values
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Shapley"]

_DEFAULT_ORDER = 4


class Shapley:
    """Gaussian process regression on complementary masks of all sizes.

    Shapley and Banzhaf values are read from the posterior in closed form, with their standard deviations.
    The spectrum is a sparse regression on the sets that the learned rates make likely: it is faithful to masks
    of all sizes, where `GaussianProcessEstimator` is to uniform ones. The cost grows with the cube of the number of masks: a
    second for 2,000, half a minute for 8,000.
    """

    name = "shapley"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose complementary masks of all sizes, or all masks where the budget allows it."""
        order = min(max_order or _DEFAULT_ORDER, n)
        budget = min(budget, 2**n)
        return make_design(Plan("full" if n < 63 and budget == 2**n else "paired", n, budget, order), rng)

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
        with process_threads(len(masks)):
            process = fit_gaussian_process(masks, values, rng)
            # The posterior mean has no sparse spectrum: a few thousand of its own coefficients miss most of it
            # where few or nearly all features are kept. A sparse regression on the likely sets is the better
            # summary.
            likely = likely_sets(process.kernel, max_order or _DEFAULT_ORDER)
            result = refit(masks, values, likely, 0, 1, rng)
            singles = single_values(process)
        source = f"cross-validated on {result.tested} masks" if result.tested else "not measured"
        method = f"Gaussian process, {len(result.spectrum)} terms kept"
        return Fit(result.spectrum, result.r2, source, method, singles)
