"""The default estimator."""

from __future__ import annotations

from copy import copy

import numpy as np

from spex_plugins.core.basis.indices import checked_order
from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import Design
from spex_plugins.core.designs.size_law import UNIFORM_INDICES
from spex_plugins.core.parity_process.kernel_prior import KernelPrior
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.every_index_design import every_index_design, every_index_sequence
from spex_plugins.estimators.common.exact_sparse_fit import exact_sparse_fit
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.uniform_design import LEAST_BITS, faithful_design, faithful_sequence
from spex_plugins.estimators.ensembles.stacking import Stacking
from spex_plugins.estimators.gaussian_processes.gaussian_process import GaussianProcessEstimator
from spex_plugins.estimators.gaussian_processes.shapley import MOST_STACKED, Shapley
from spex_plugins.estimators.kernel_stack.cross_validated import cross_validated_stack
from spex_plugins.estimators.sparse.sparse_regression import SparseRegression
from spex_plugins.estimators.sparse.spex import Spex
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["MOST_MASKS", "Auto"]

MOST_MASKS = 20_000  # with more, a Gaussian process takes minutes
# With at most as many features, or fewer masks, the stack of `Shapley` predicts uniform masks as well as
# `_more_faithful` does, or better: games of 8 to 14 features with .5 to .9 of its errors, coded designs
# included, texts of 16 words with the same. Fewer masks are too few to test the fit.
_FEATURES, _MASKS = 16, 200
_MOST_MIXED = 1024  # features; of more, masks that repel each other take many seconds and gigabytes
_EXACT = 1 - 1e-10  # R²
_CROSS_VALIDATED = 1000  # masks; errors of single left-out ones tell as much where there are more
_SCREENED = 3  # features of the largest sets that are found without decoding


class Auto(Estimator):
    """The most faithful function for the calls, and for what will be read.

    For Shapley values and the indices that generalise them: `Shapley`. For Banzhaf indices, Fourier
    coefficients and predictions of uniform masks, with at most 16 features or fewer than 200 masks:
    `Shapley` with masks of that law. With more of both: a coded design where the budget allows it, which
    finds the sets of high order that others miss; else a few sets that meet all values, if there are such
    sets; else a Gaussian process and sparse regression, stacked, or `Shapley` if its R² on left-out masks is
    larger by more than the standard error, and `Spex` where there are too many masks for a Gaussian process.
    Told nothing: likewise, but half of the masks, and with more of both 30 %, have the sizes that serve
    Shapley values, unless there are few masks of many features.

    Parameters
    ----------
    index : str, optional
        What will be read: a key of `spex_plugins.INDICES`. By default, anything.

    Raises
    ------
    InputError
        If the index is unknown.
    """

    name = "auto"
    decodes = True
    about = (
        'what "shapley" fits, or sparse regression and a Gaussian process, stacked, if neither features nor '
        "masks are few and its R² is not clearly larger; on nearly orthogonal and uniform masks or a coded "
        "design, and, told no index, on some of all sizes; R² is cross-validated on uniform masks or groups "
        "of coded ones, or that of masks left out with their complements"
    )

    def __init__(self, index: str | None = None) -> None:
        if index is not None:
            checked_order(index, None)
        self.index = index
        self._for_values: Shapley | None = None  # and for the generalisations of Shapley values
        if index is not None and index not in UNIFORM_INDICES:
            self._for_values = Shapley(index)
            self.decodes = False
            self.about = Shapley.about

    def reading(self, index: str | None) -> Auto:
        """Return the estimator for another index.

        Parameters
        ----------
        index : str, optional
            A key of `spex_plugins.INDICES`; None changes nothing.

        Returns
        -------
        Auto
            Told the index.

        Raises
        ------
        InputError
            If the index is unknown.
        """
        return self if index is None else Auto(index)

    def sharing(self) -> Auto:
        """Return the estimator for many functions that are asked at the same masks.

        Returns
        -------
        Auto
            Shares what `Shapley.sharing` does; nothing for indices of uniform masks.
        """
        shared = copy(self)
        shared._for_values = self._for_values and self._for_values.sharing()
        return shared

    def with_prior(self, prior: KernelPrior) -> Estimator:
        """Return the estimator that learns from kernels of earlier explanations, if it is told an index."""
        if self._for_values is None:
            return super().with_prior(prior)
        informed = copy(self)
        informed._for_values = self._for_values.with_prior(prior)
        return informed

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw the masks of the estimator for the index; told nothing, as `every_index_design` does."""
        if self._mixes(n, budget):
            return every_index_design(n, budget, max_order, rng)
        coded = plan(n, budget, max_order, LEAST_BITS)
        decodes = coded.kind == "coded" and coded.max_order > _SCREENED and (max_order or n > _FEATURES)
        chosen = self._for_values or (None if decodes else self._for_few(n, budget))
        draw = chosen.draw if chosen else faithful_design
        return draw(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Draw the masks of rounds, likewise."""
        if self._mixes(n, first):
            return every_index_sequence(n, first, most, max_order, rng)
        chosen = self._for_values or self._for_few(n, most)
        draw = chosen.sequence if chosen else faithful_sequence
        return draw(n, first, most, max_order, rng)

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
        chosen: Estimator | None = self._for_values
        if chosen is None and (design is None or design.coded is None):
            chosen = self._for_few(masks.shape[1], len(masks))
            exact = None if chosen or max_order else exact_sparse_fit(masks, values)
            if exact is not None:
                return exact
        if chosen is None and len(masks) > MOST_MASKS:
            chosen = Spex()
        if chosen is not None:
            return chosen.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
        return _more_faithful(masks, values, design, max_order, rng)

    def _mixes(self, n: int, masks: int) -> bool:
        """Tell whether masks of all sizes are mixed with others: where neither features nor masks are few."""
        return self.index is None and _FEATURES < n <= _MOST_MIXED and masks >= _MASKS

    def _for_few(self, n: int, masks: int) -> Estimator | None:
        """Return what serves few features or masks best, None with many."""
        if masks > (MOST_STACKED if n <= _FEATURES else _MASKS - 1):
            return None
        chosen = Shapley("BV")
        return chosen if self.index or n > _FEATURES else chosen.with_masks_for_every_index()


def _more_faithful(
    masks: BoolArray,
    values: FloatArray,
    design: Design | None,
    max_order: int | None,
    rng: np.random.Generator,
) -> Fit:
    """Return sparse regression and a Gaussian process, stacked, or the fit of `Shapley` if clearly better.

    The former is the better one for functions of few sets, the latter for smooth ones. That its R² must be
    larger by a standard error keeps functions of few sets from being mistaken for smooth ones. Few masks may
    leave the former unmeasured, as it is not tested on those of all sizes.
    """
    regression = Stacking([SparseRegression(), GaussianProcessEstimator()])
    fit = regression.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
    if max_order or len(masks) > MOST_STACKED or (fit.r2 > _EXACT).all():
        return fit
    if len(masks) > _CROSS_VALIDATED:
        other = Shapley("BV").fit_samples(masks, values, design=design, max_order=None, rng=rng)
    else:
        other = cross_validated_stack(masks, values, design.n_structured if design else 0, rng)
    measured = np.isfinite(fit.r2)
    if fit.r2_error is None or not measured.any():
        return other
    gain = (other.r2 - fit.r2)[measured].mean()
    return other if gain > fit.r2_error[measured].mean() else fit
