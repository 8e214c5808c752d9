"""Approximators of shapiq that a user has: their classes, partial ones, and objects."""

from __future__ import annotations

from copy import deepcopy
from functools import partial
from inspect import Parameter, isclass, signature
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.library_calls import quiet, seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["ShapiqApproximator"]


class ShapiqApproximator(Method):
    """An approximator of shapiq that a user gives.

    Parameters
    ----------
    given : type, partial or object
        A class of `shapiq.approximator`, a partial one with its settings, or an object, which is copied for
        every run and gets the seed of the run.
    name : str
        Name in the report.

    Raises
    ------
    InputError
        If a class needs more than the number of features.
    """

    asks = True

    def __init__(self, given: Any, name: str) -> None:
        self._given, self.name = given, name
        self._makes = isclass(given) or isinstance(given, partial)
        if self._makes:
            parameters = signature(given).parameters
            needed = [
                one
                for one, about in parameters.items()
                if about.default is Parameter.empty
                and about.kind not in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
                and one != "n"
            ]
            if needed:
                raise InputError(
                    f"methods: {name} needs {', '.join(needed)}; give functools.partial(…, {needed[0]}=…)."
                )
            order = parameters["max_order"].default if "max_order" in parameters else 1
        else:
            order = given.max_order
        self.kind: Kind = "marginal" if order == 1 else "interaction"

    def least(self, n: int) -> int:
        """Return 2; approximators that need more say so themselves."""
        return 2

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Approximate the index of the approximator."""
        with seeded(seed), quiet():
            if self._makes:
                approximator = self._given(n=game.n, random_state=seed)
            else:
                approximator = deepcopy(self._given)
                if approximator.n != game.n:
                    raise InputError(
                        f"{self.name}: is for {approximator.n} features, the input has {game.n}; "
                        "give its class, or functools.partial of it with its settings"
                    )
                approximator.set_random_state(seed)
            found = surrogate_of(approximator.approximate(budget, game), game.n)
        return Surrogate(found.function, found.index if found.index in INDICES else None)
