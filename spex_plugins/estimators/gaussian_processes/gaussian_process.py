"""A Gaussian process on masks as an estimator of the whole spectrum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from spex_plugins.core.basis.scaling import Samples
from spex_plugins.core.designs.design import Design
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess, condition_extended, inner
from spex_plugins.core.gaussian_process.posterior_spectrum import posterior_spectrum
from spex_plugins.core.kernels.marginal_likelihood import learn_kernel
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.estimators.common.fit_result import FoldedFit
from spex_plugins.estimators.common.held_out import out_of_fold
from spex_plugins.estimators.common.uniform_design import faithful_design, faithful_sequence
from spex_plugins.estimators.folded_estimator import FoldedEstimator
from spex_plugins.estimators.gaussian_processes.spectrum_with_deviations import with_deviations
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["GaussianProcessEstimator"]

_DEFAULT_ORDER = 5
_LEARNED = 1000  # masks that the kernel is learned from, at most: its cost is that of some 20 factors
_RELEARNED = 1.5  # times as many masks are worth learning the final kernel anew
_ROW = 3  # uniform masks often hide the word between two others


class _Learned(NamedTuple):
    """A kernel, the variance of its noise, and the samples that it was learned from."""

    rows: IntArray
    kernel: MaskKernel
    noise: float


class GaussianProcessEstimator(FoldedEstimator):
    """Gaussian process regression on masks, with one learned rate per feature, and significant sets.

    The kernel is learned from up to 1,000 samples, with variances for all sets within three consecutive
    features; if the features have a natural order, such as that of words, they should be numbered in it.
    Significant sets have variances of their own: pairs of neighbours and of any two features, triples, and
    the sets decoded from a coded design. Coefficients, Shapley and Banzhaf values of the posterior are
    computed in closed form. The cost is cubic in the number of masks.
    """

    name = "gaussian_process"
    decodes = True
    about = (
        "a Gaussian process on nearly orthogonal and uniform masks or a coded design; "
        "R² is cross-validated on uniform masks, or on groups of the coded ones"
    )

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks, see `faithful_design`."""
        return faithful_design(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of a run in rounds, see `faithful_sequence`."""
        return faithful_sequence(n, first, most, max_order, rng)

    def fit_folds(
        self,
        masks: BoolArray,
        values: FloatArray,
        folds: IntArray,
        *,
        found: Sequence[IntArray],
        max_order: int | None,
        rng: np.random.Generator,
    ) -> FoldedFit:
        """Fit with given folds, see `FoldedEstimator`; the kernel is learned from samples without a fold."""
        order = max_order or _DEFAULT_ORDER
        samples = Samples.of(masks, values)
        kept = rng.permutation(np.flatnonzero(inner(masks)))
        always = kept[folds[kept] < 0]

        def learn(rows: IntArray) -> _Learned:
            learned = samples.select(rows)
            return _Learned(rows, *learn_kernel(learned.masks, learned.scaled, _ROW))

        def posterior(prior: _Learned, rows: IntArray, decoded: IntArray) -> GaussianProcess:
            at = np.flatnonzero(np.isin(rows, kept) & ~np.isin(rows, prior.rows))
            return condition_extended(prior.kernel, prior.noise, samples.select(rows), at, decoded)

        # A fold is predicted with a kernel that was learned from samples without a fold only; its errors also
        # calibrate the deviations. The final kernel is learned from more samples if these are few.
        enough = np.append(always, kept[folds[kept] >= 0])[:_LEARNED]
        first = learn(always[:_LEARNED] if len(always) else enough)
        last = first if _RELEARNED * len(first.rows) >= len(enough) else learn(enough)
        without = [
            posterior_spectrum(posterior(first, np.flatnonzero(folds != part), decoded), order)
            for part, decoded in enumerate(found[:-1])
        ]
        everything = np.arange(len(masks))
        process = posterior(last, everything, found[-1])
        tested = process if last is first else posterior(first, everything, found[-1])
        spectrum = posterior_spectrum(process, order)
        extended = len(process.kernel.supports) - len(last.kernel.supports)
        own = counted(extended, "significant set")
        method = f"Gaussian process with {own}, {counted(len(spectrum), 'term')} kept"
        unseen = out_of_fold(without, masks, folds)
        function = with_deviations(spectrum, process, tested)
        known = function.semivalues
        semivalues = replace(known, shapley=known.shapley.adding_up(masks, values))
        return FoldedFit(replace(function, semivalues=semivalues), unseen, method)
