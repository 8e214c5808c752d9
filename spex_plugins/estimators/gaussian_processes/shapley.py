"""The estimator that is told what will be read: masks for that index, and a stack whose errors it weighs."""

from __future__ import annotations

from copy import copy

import numpy as np

from spex_plugins.core.basis.indices import checked_order
from spex_plugins.core.designs.choose import Plan
from spex_plugins.core.designs.design import Design, make_design
from spex_plugins.core.designs.size_law import EVERY_INDEX
from spex_plugins.core.parity_process.kernel_prior import KernelPrior
from spex_plugins.estimators.base import Estimator
from spex_plugins.estimators.common.fit_result import Fit
from spex_plugins.estimators.kernel_stack.shared_fits import SharedFits
from spex_plugins.estimators.kernel_stack.stack_fit import fit_stack
from spex_plugins.estimators.sparse.spex import Spex
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["MOST_STACKED", "Shapley"]

MOST_STACKED = 8000  # masks; a Gaussian process takes half a minute for so many
_DEFAULT_ORDER = 3


class Shapley(Estimator):
    """Gaussian processes of both parts of a function, stacked with boosted trees and a logistic curve.

    The odd and the even part have a process each. A logistic curve of a weighted sum of the kept features is
    beneath them, as far as that serves left-out masks: votes, classes and products bend everywhere alike.
    The masks repel each other, and their sizes are those that the index weighs. If few sets meet all values,
    these are the result (orthogonal matching pursuit). Else the function that results is the answer where a
    mask was asked. All indices are read from it in closed form, with deviations. Without the extra ``trees``,
    there are no trees; more than 8,000 masks are left to `Spex`. With ``max_order``, the
    result is a sparse regression on the sets of that order that the kernels make likely, with the single
    values and the deviations of the stack.

    Parameters
    ----------
    index : str
        What will be read: a key of `spex_plugins.INDICES`.

    Raises
    ------
    InputError
        If the index is unknown.
    """

    name = "shapley"
    about = (
        "Gaussian processes of the odd and the even part, stacked with boosted trees and a logistic curve, "
        "on complementary masks that repel each other; R² is that of such masks, each left out with its "
        "complement, weighted as the index weighs masks"
    )

    def __init__(self, index: str = "SV") -> None:
        checked_order(index, None)
        self.index = index
        self._masks_for = index
        self._prior: KernelPrior | None = None
        self._shared: SharedFits | None = None

    def reading(self, index: str | None) -> Shapley:
        """Return the estimator for another index.

        Parameters
        ----------
        index : str, optional
            A key of `spex_plugins.INDICES`; None changes nothing.

        Returns
        -------
        Shapley
            Told the index.

        Raises
        ------
        InputError
            If the index is unknown.
        """
        return self if index is None else Shapley(index)

    def with_masks_for_every_index(self) -> Shapley:
        """Return the estimator with masks that serve other indices as well.

        Half of them are those of uniform indices such as "BV", half those of the others.

        Returns
        -------
        Shapley
            Told the same index.
        """
        changed = copy(self)
        changed._masks_for = EVERY_INDEX
        return changed

    def sharing(self) -> Shapley:
        """Return the estimator for many functions that are asked at the same masks.

        The first four functions are fitted alone. The kernels of the others begin with what these four have
        in common. Trees are fitted, and few sets that meet all values are looked for, only if that served
        there. Single values gain by sharing; interactions would lose.

        Returns
        -------
        Shapley
            Its fits depend on those before, if it is told Shapley values.
        """
        if self.index != "SV":
            return self
        shared = copy(self)
        shared._shared = SharedFits()
        return shared

    def with_prior(self, prior: KernelPrior) -> Shapley:
        """Return the estimator that also learns kernels from a prior, those of earlier explanations.

        Of a kernel learned with the prior and one without, it uses the one with smaller left-out errors.
        """
        informed = copy(self)
        informed._prior = prior
        return informed

    def draw(self, n: int, budget: int, max_order: int | None, rng: np.random.Generator) -> Design:
        """Draw masks that repel each other."""
        if budget > MOST_STACKED:
            return Spex().draw(n, budget, max_order, rng)
        order = min(max_order or _DEFAULT_ORDER, n)
        return make_design(Plan("repulsive", n, budget, order, index=self._masks_for), rng)

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
        if len(masks) > MOST_STACKED:
            return Spex().fit_samples(masks, values, design=design, max_order=max_order, rng=rng)
        return fit_stack(masks, values, self.index, max_order, rng, self._shared, self._prior)
