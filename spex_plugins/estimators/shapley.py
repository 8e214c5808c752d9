"""Shapley and Banzhaf values of single features first: a Gaussian process on masks of all sizes."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design, make_design
from spex_plugins.core.gaussian_process import fit_gaussian_process
from spex_plugins.core.likely_sets import likely_sets
from spex_plugins.core.plan import Plan
from spex_plugins.core.refit import refit
from spex_plugins.estimators.base import Fit
from spex_plugins.estimators.process import single_values
from spex_plugins.estimators.spex import Spex
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Shapley"]

_DEFAULT_ORDER = 4
_MOST_MASKS = 8000  # a Gaussian process takes half a minute for so many


class Shapley:
    """Gaussian process regression on complementary masks of all sizes; up to 8,000 masks, then `Spex`.

    Shapley and Banzhaf values are read from the posterior in closed form, with their standard deviations.
    The spectrum is a sparse regression on the sets that the learned rates make likely: it is faithful to
    masks of all sizes, where the other estimators are to uniform ones.
    """

    name = "shapley"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose complementary masks of all sizes, or all masks where the budget allows it."""
        if _exact(n, budget) or budget > _MOST_MASKS:
            return Spex().design(n, budget, max_order, rng)
        return make_design(Plan("paired", n, budget, min(max_order or _DEFAULT_ORDER, n)), rng)

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
        if _exact(n, m) or m > _MOST_MASKS:
            return Spex().fit(masks, values, design=design, max_order=max_order, rng=rng)
        with fitting_threads(m):
            process = fit_gaussian_process(masks, values, rng)
            # The posterior mean has no sparse spectrum: a few thousand of its own coefficients miss most of
            # it where few or nearly all features are kept. A sparse regression is the better summary there.
            likely = likely_sets(process.kernel, max_order or _DEFAULT_ORDER)
            result = refit(masks, values, likely, 0, 1, rng)
            singles = single_values(process)
        source = f"cross-validated on {result.tested} masks" if result.tested else "not measured"
        method = f"Gaussian process, {len(result.spectrum)} terms kept"
        return Fit(result.spectrum, result.r2, source, method, singles)


def _exact(n: int, masks: int) -> bool:
    return n < 63 and masks >= 2**n
