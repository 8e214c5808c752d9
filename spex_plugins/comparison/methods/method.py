"""What a method of the comparison is: from a counted value function to a function of masks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame
    from spex_plugins.core.basis.fitted_function import FittedFunction
    from spex_plugins.result.interactions import Interactions

__all__ = ["Kind", "Method", "Surrogate"]

Kind = Literal["marginal", "interaction"]


@dataclass(frozen=True, eq=False)
class Surrogate:
    """The function of masks that an explanation stands for; everything is measured on it.

    An additive explanation stands for f(∅) plus the values of the features that are kept, interactions of an
    index for the sum of the values of all sets that are kept.

    Attributes
    ----------
    function : FittedFunction
        With one output.
    index : str or None
        What its values estimate, a key of `spex_plugins.INDICES`; None if that has no name there.
    has_constant : bool
        False if the method gives values without a constant. The constant is then fitted to the held-out
        values.
    interactions : Interactions, optional
        The whole result, of a method of this package.
    """

    function: FittedFunction
    index: str | None = None
    has_constant: bool = True
    interactions: Interactions | None = None


class Method(Protocol):
    """A method that explains a value function within a budget.

    Attributes
    ----------
    name : str
        Its name in the report.
    kind : {"marginal", "interaction"}
        Whether it gives values of single features only.
    asks : bool
        False if it evaluates nothing, such as a given array: it is then judged once.
    """

    name: str
    kind: Kind
    asks: bool

    def least(self, n: int) -> int:  # numpydoc ignore=RS01
        """Return the smallest budget with which the method runs.

        Parameters
        ----------
        n : int
            Number of features.

        Returns
        -------
        int
            Number of distinct masks.
        """
        ...

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Explain a value function.

        Parameters
        ----------
        game : CountedGame
            The value function, from masks (m, n) to values (m,), with ``n`` and ``feature_names``; it refuses
            more than ``budget`` distinct masks.
        budget : int
            Largest number of distinct masks.
        seed : int
            The same seed gives the same explanation.

        Returns
        -------
        Surrogate
            The function that the explanation stands for.

        Raises
        ------
        MissingExtraError
            If a library is not installed. This and any other exception becomes a row of the report.
        """
        ...
