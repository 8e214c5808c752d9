"""The base class of estimators: the masks of a budget, and the cases in which nothing is estimated."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.designs.all_masks import all_masks_within
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.estimators.fit_result import Fit
from spex_plugins.estimators.known_functions import constant_fit, exact_fit
from spex_plugins.estimators.threads import fitting_threads
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Estimator"]


class Estimator(ABC):
    """One way from a budget to masks, and from samples to a function.

    A subclass says which masks it needs (`draw`) and how it fits (`fit_samples`). Where a budget allows all
    2^n masks, these are asked and the transform is exact; where all values are equal, the function is a
    constant; both are settled here.

    Attributes
    ----------
    name : str
        What `spex_plugins.explain` knows it by, and results call it.
    about : str
        In a sentence: what is fitted to which masks, and on which masks R² is measured.
    decodes : bool
        Whether `fit_samples` decodes sets from the coded part of a design; if so, a run in rounds asks for
        coded designs where nothing else explains the values.
    """

    name: ClassVar[str]
    about: ClassVar[str] = ""
    decodes: ClassVar[bool] = False

    @abstractmethod
    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw the masks of a budget that does not allow all of them.

        Parameters
        ----------
        n : int
            Number of features.
        budget : int
            Largest number of masks, below 2^n.
        max_order : int, optional
            Largest order that the user asked for.
        rng : numpy Generator
            The same state gives the same masks.

        Returns
        -------
        Design
            At most ``budget`` distinct masks, the empty and the full one among them.
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
        """Fit fewer than all masks, whose values are not all equal; parameters as for `fit`."""

    def design(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Choose at most ``budget`` distinct masks: all 2^n where it allows them, else those of `draw`."""
        if all_masks_within(n, budget):
            return make_design(Plan("full", n, budget, min(max_order or n, n)), rng)
        return self.draw(n, budget, max_order, rng)

    def sequence(
        self, n: int, first: int, most: int, max_order: int | None, rng: np.random.Generator
    ) -> Design:
        """Draw the masks of a run in rounds, in an order in which it may end anywhere behind the first ones.

        Parameters
        ----------
        n : int
            Number of features.
        first, most : int
            Numbers of masks of the first round, and of all rounds, at most 2^n.
        max_order : int, optional
        rng : numpy Generator

        Returns
        -------
        Design
            Its first masks are those of a design for ``first`` masks, then come those of one for ``most``.
        """
        start = self.design(n, first, max_order, rng)
        if first == most:
            return start
        return start.followed_by(self.design(n, most, max_order, rng).masks).first(most)

    def fit(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        design: Design | None,
        max_order: int | None,
        rng: np.random.Generator,
    ) -> Fit:
        """Fit samples.

        Parameters
        ----------
        masks : ndarray of bool, shape (m, n)
            Distinct masks.
        values : ndarray of float64, shape (m, K)
        design : Design or None
            Given when the masks are its masks, in order.
        max_order : int, optional
            Largest order of a term.
        rng : numpy Generator

        Returns
        -------
        Fit
        """
        m, n = masks.shape
        if all_masks_within(n, m):
            return exact_fit(masks, values, max_order)
        if not standardised(values)[2].any():
            return constant_fit(n, values)
        with fitting_threads(m):
            return self.fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
