"""The base class of estimators: the choice of masks, and the cases in which nothing is estimated."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.continued import Known, continued
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.core.parity_process.kernel_prior import KernelPrior
from spex_plugins.errors import InputError
from spex_plugins.estimators.common.distinct_outputs import DistinctOutputs
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.common.known_functions import constant_fit, exact_fit
from spex_plugins.estimators.common.threads import fitting_threads
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Estimator"]


class Estimator(ABC):
    """Base class of estimators, which choose masks for a budget and fit a function to samples.

    A subclass implements the choice of masks (`draw`) and the fit (`fit_samples`). This class treats two
    special cases: if the budget allows all 2^n masks, they are used and the transform is exact; if all
    values are equal, the function is a constant.

    Attributes
    ----------
    name : str
        Name in the results; for estimators of this package, also the name that `spex_plugins.explain` takes.
    about : str
        A phrase that states what is fitted to which masks, and on which masks R² is measured.
    decodes : bool
        True if `fit_samples` decodes sets from the coded part of a design. If so, a run in rounds uses coded
        designs if other masks do not explain the values.
    """

    name: str
    about: str = ""
    decodes: bool = False

    @abstractmethod
    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks for a budget that does not allow all of them.

        Parameters
        ----------
        n : int
            Number of features.
        budget : int
            Largest number of masks, below 2^n.
        max_order : int or None
            Largest number of features in a term, as given by the user.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same masks.

        Returns
        -------
        Design
            At most ``budget`` distinct masks (m, n), including the empty and the full mask.

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """

    @abstractmethod
    def fit_samples(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit a function to samples at fewer than all masks, whose values are not all equal.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            Distinct masks; True for a feature that is kept.
        values : ndarray of float64, shape (m, K)
            Values of the K outputs.
        design : Design or None
            The design of which these are the masks, in its order; None for other masks.
        max_order : int or None
            Largest number of features in a term; None for the default of the estimator.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same fit.

        Returns
        -------
        Fit
            The function with K outputs, in the unit of the values, and its R².

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """

    def reading(self, index: str | None) -> Estimator:
        """Return the estimator for an index that will be read; this one, unless it chooses by the index.

        Parameters
        ----------
        index : str, optional
            A key of `spex_plugins.INDICES`; None changes nothing.

        Returns
        -------
        Estimator
            Told the index.

        Raises
        ------
        InputError
            If the index is unknown, and the estimator chooses by it.
        """
        return self

    def sharing(self) -> Estimator:
        """Return the estimator for many functions that are asked at the same masks, such as rows of a table.

        Returns
        -------
        Estimator
            This one, unless fits can begin with what earlier ones tell.
        """
        return self

    def with_prior(self, prior: KernelPrior) -> Estimator:
        """Return the estimator whose fits use what earlier explanations tell.

        Parameters
        ----------
        prior : KernelPrior
            Of the features of the functions that will be fitted.

        Returns
        -------
        Estimator
            With this prior.

        Raises
        ------
        InputError
            If the estimator has no use for it.
        """
        raise InputError(
            f'prior: the estimator "{self.name}" does not use earlier explanations; give "shapley", or '
            '"auto" and an index such as "SV".'
        )

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose the masks for a budget: all 2^n if it allows them, else those of `draw`.

        Parameters
        ----------
        n : int
            Number of features.
        budget : int
            Largest number of masks.
        max_order : int or None
            Largest number of features in a term, as given by the user.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same masks.

        Returns
        -------
        Design
            At most ``budget`` distinct masks (m, n), including the empty and the full mask.

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """
        if all_masks_within(n, budget):
            return make_design(Plan("full", n, budget, min(max_order or n, n)), rng)
        return self.draw(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks of a run in rounds, which may end after any mask that follows the first round.

        Parameters
        ----------
        n : int
            Number of features.
        first, most : int
            Numbers of masks in the first round and in all rounds, at most 2^n.
        max_order : int or None
            Largest number of features in a term, as given by the user.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same masks.

        Returns
        -------
        Design
            The masks of a design for ``first`` masks, followed by those of a design for ``most`` masks.

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """
        start = self.design(n, first, max_order, rng)
        if first == most:
            return start
        return start.followed_by(self.design(n, most, max_order, rng).masks).first(most)

    def continued(
        self, fresh: Design, known: Known, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Choose the masks for a budget of which some are known, see `spex_plugins.core.designs.continued`.

        Parameters
        ----------
        fresh : Design
            What `design` or `sequence` chose.
        known : Known
            Masks whose values are known.
        max_order : int or None
            Largest number of features in a term, as given by the user.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same masks.

        Returns
        -------
        Design
            As many masks as the fresh one, with known ones in place of new ones where they serve as well.

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """
        n = fresh.plan.n
        return continued(fresh, known, lambda budget: self.draw(n, budget, max_order, rng), rng)

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit a function to samples.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            Distinct masks; True for a feature that is kept.
        values : ndarray of float64, shape (m, K)
            Values of the K outputs.
        design : Design or None
            The design of which these are the masks, in its order; None for other masks.
        max_order : int or None
            Largest number of features in a term; None for the default of the estimator.
        rng : numpy.random.Generator
            Source of random numbers; the same state gives the same fit.

        Returns
        -------
        Fit
            The function with K outputs, in the unit of the values, and its R².

        Raises
        ------
        MissingExtraError
            If the estimator needs a package that is not installed.
        """
        m, n = masks.shape
        if all_masks_within(n, m):
            return exact_fit(masks, values, max_order)
        if not standardised(values)[2].any():
            return constant_fit(n, values)
        distinct = DistinctOutputs.of(values)
        with fitting_threads(m):
            fit = self.fit_samples(
                masks, values[:, distinct.first], design=design, max_order=max_order, rng=rng
            )
        return distinct.all_outputs(fit)
