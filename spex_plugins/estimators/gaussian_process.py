"""A Gaussian process on masks as an estimator of the whole spectrum."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.design import Design
from spex_plugins.core.gaussian_process import GaussianProcess, condition_with_spikes, inner
from spex_plugins.core.marginal_likelihood import learn_kernel
from spex_plugins.core.posterior_spectrum import posterior_spectrum
from spex_plugins.core.standardise import standardised
from spex_plugins.estimators.base import Fit, FoldedFit
from spex_plugins.estimators.designs import faithful_design
from spex_plugins.estimators.folds import fit_by_folds, out_of_fold
from spex_plugins.estimators.process import single_values, uncertainty_of
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["GaussianProcessEstimator"]

_DEFAULT_ORDER = 5
_LEARNED, _SHARE_LEARNED = 400, 0.75  # masks that the kernel is learned from, at most


class GaussianProcessEstimator:
    """Gaussian process regression on masks, with one learned rate per feature and spikes.

    The kernel is learned from a few hundred samples. Characters that stand out from it, pairs of neighbours
    and any two features, triples, and the sets that a coded design decodes, get variances of their own.
    Coefficients, Shapley and Banzhaf values are read from the posterior in closed form. The cost grows with
    the cube of the number of masks.
    """

    name = "gaussian_process"

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks, see `faithful_design`."""
        return faithful_design(n, budget, max_order, rng)

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
        return fit_by_folds(self, masks, values, design=design, max_order=max_order, rng=rng)

    def fit_folds(
        self,
        masks: BoolArray,
        values: FloatArray,
        folds: IntArray,
        *,
        found: IntArray,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> FoldedFit:
        """Fit with given folds, see `FoldedEstimator`; the kernel is learned from samples without a fold."""
        order = max_order or _DEFAULT_ORDER
        scaled, mean, spread = standardised(values)
        kept = rng.permutation(np.flatnonzero(inner(masks)))
        always = kept[folds[kept] < 0]
        n_learned = min(_LEARNED, int(_SHARE_LEARNED * len(kept)))

        def posterior(learned: IntArray, rows: IntArray) -> GaussianProcess:
            at = np.flatnonzero(np.isin(rows, kept) & ~np.isin(rows, learned))
            kernel, noise = kernels[len(learned)]
            return condition_with_spikes(kernel, noise, masks[rows], scaled[rows], mean, spread, at, found)

        # A fold is predicted with a kernel that was learned from samples without a fold alone; the final
        # one may see more, where these are few.
        first = always[:_LEARNED] if len(always) else kept[:n_learned]
        last = first if len(first) >= n_learned else np.append(first, kept[folds[kept] >= 0])[:n_learned]
        kernels = {len(one): learn_kernel(masks[one], scaled[one]) for one in (first, last)}
        without = [
            posterior_spectrum(posterior(first, np.flatnonzero(folds != part)), order)
            for part in range(int(folds.max()) + 1)
        ]
        process = posterior(last, np.arange(len(masks)))
        spectrum = posterior_spectrum(process, order)
        spikes = len(process.kernel.supports) - len(kernels[len(last)][0].supports)
        method = f"Gaussian process with {spikes} spikes, {len(spectrum)} terms kept"
        unseen = out_of_fold(without, masks, folds)
        return FoldedFit(spectrum, unseen, method, single_values(process), uncertainty_of(process))
