"""A function of the user as a method."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.library_calls import seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["UserFunction"]


class UserFunction(Method):  # numpydoc ignore=RS01
    """A function that explains a value function.

    Parameters
    ----------
    function : callable
        Called with ``(value_function, n, budget, seed)``; returns an array (n,), a dict of sets and values,
        `Interactions`, a `shap.Explanation` of one row, or a `shapiq.InteractionValues`.
    name : str, optional
        Name in the report, by default that of the function.
    kind : {"marginal", "interaction"}
        "marginal" if it returns values of single features only; where a run has interactions, the method
        counts as one of interactions.
    """

    asks = True

    def __init__(
        self, function: Callable[..., Any], name: str | None = None, kind: Kind = "marginal"
    ) -> None:
        self._function, self.kind = function, kind
        self.name = name or str(getattr(function, "__name__", type(function).__name__))

    def least(self, n: int) -> int:
        """Return 0."""
        return 0

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Call the function."""
        with seeded(seed):
            found = self._function(game, game.n, budget, seed)
        return surrogate_of(found, game.n)
