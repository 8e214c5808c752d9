"""SPEX as an approximator of shapiq, for its explainers and for packages that use them, such as TabPFN's.

The values themselves go back and forth with `Interactions.to_shapiq` and `Interactions.from_shapiq`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.api import explain
from spex_plugins.core.basis.indices import checked_order
from spex_plugins.errors import MissingExtraError

try:
    from shapiq.approximator.base import Approximator
except ImportError as error:
    raise MissingExtraError("spex_plugins.shapiq needs shapiq: pip install shapiq.") from error

if TYPE_CHECKING:
    from collections.abc import Callable

    from spex_plugins.estimators.base import Estimator
    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["SpexApproximator"]


class SpexApproximator(Approximator):  # type: ignore[misc]
    """An approximator for shapiq that evaluates no coalition twice and never more than the budget.

    Parameters
    ----------
    n : int
        Number of players.
    max_order : int
        Largest number of players in an interaction; 1 for "SV" and "BV".
    index : str
        "SV", "BV", "SII", "BII", "k-SII", "STII", "FSII", "FBII" or "Moebius".
    top_order : bool
        Whether only interactions of exactly ``max_order`` players are returned.
    random_state : int, optional
        Seed of the coalitions and of the fit; by default 0.
    estimator : str or Estimator
        As in `spex_plugins.explain`.

    Attributes
    ----------
    found : Interactions or None
        The result of the last call of `approximate`, with its R² and every other index.

    Raises
    ------
    ValueError
        If the index is unknown.
    InputError
        If the index is not defined for this order, or a number is out of its range.

    Examples
    --------
    >>> approximator = SpexApproximator(n=10, max_order=2, index="k-SII")
    >>> values = approximator(500, game)
    >>> explainer = shapiq.TabularExplainer(model, X, approximator=approximator)
    """

    valid_indices = ("SV", "BV", "SII", "BII", "k-SII", "STII", "FSII", "FBII", "Moebius")

    def __init__(
        self,
        n: int,
        max_order: int = 2,
        index: str = "k-SII",
        *,
        top_order: bool = False,
        random_state: int | None = None,
        estimator: str | Estimator = "auto",
    ) -> None:
        check.count("n", n, 1, "the number of players")
        check.count("max_order", max_order, 1, "the largest number of players in an interaction")
        check.generator(random_state)
        super().__init__(
            n, max_order, index, top_order=top_order, random_state=random_state, initialize_dict=False
        )
        checked_order(index, max_order)
        self.estimator = estimator
        self.found: Interactions | None = None

    def approximate(
        self, budget: int, game: Callable[[BoolArray], FloatArray], *args: Any, **kwargs: Any
    ) -> Any:
        """Approximate the values of a game.

        Parameters
        ----------
        budget : int
            Largest number of coalitions that are evaluated.
        game : callable
            From coalitions, bool (m, n), to m values.
        *args, **kwargs
            Not used, as in shapiq.

        Returns
        -------
        shapiq.InteractionValues
            With the number of evaluated coalitions as estimation_budget.

        Raises
        ------
        InputError
            If the budget is too small or the game's values are unusable.
        """
        self.found = explain(
            lambda masks: np.asarray(game(masks), dtype=np.float64),
            self.n,
            budget=min(check.count("budget", budget, 2, "the number of coalitions"), 2**self.n),
            index=self.index,
            estimator=self.estimator,
            seed=self._random_state or 0,
            progress=False,
        )
        values = self.found.to_shapiq(self.index, self.max_order)
        return values.get_n_order(self.max_order) if self.top_order else values
