"""Captum's perturbation methods, called through Captum: the value function as a forward function of ones."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.library_calls import library, seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.comparison.methods.sums import additive

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["CAPTUM_METHODS", "CaptumMethod", "captum_method", "with_forward"]

_INSTALL = '"spex-plugins[captum]"'
_AT_ONCE = 64  # perturbations per evaluation
_PASSES = ("FeatureAblation", "ShapleyValueSampling")  # ask for every feature, and for the input
_SHAPLEY = {"KernelShap", "ShapleyValueSampling", "ShapleyValues"}

CAPTUM_METHODS = {
    "captum:kernel_shap": "KernelShap",
    "captum:lime": "Lime",
    "captum:feature_ablation": "FeatureAblation",
    "captum:shapley_value_sampling": "ShapleyValueSampling",
}
"""Names of the methods that are compared, and their classes in `captum.attr`."""


class CaptumMethod(Method):  # numpydoc ignore=RS01
    """A perturbation method of Captum, made for a value function.

    Parameters
    ----------
    factory : callable
        From a forward function to a method, such as ``captum.attr.KernelShap``. The input is a row of ones,
        the baseline is 0.
    name : str
        Name in the report.
    """

    kind: Kind = "marginal"
    asks = True

    def __init__(self, factory: Callable[[Any], Any], name: str) -> None:
        self.factory, self.name = factory, name

    def least(self, n: int) -> int:
        """Return the smallest budget; a method whose class is not known here asks, and is refused."""
        return n + 1 if CAPTUM_METHODS.get(self.name) in _PASSES else 2

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Attribute with as many samples as the budget allows."""
        torch, host = (library(name, "Captum", _INSTALL) for name in ("torch", "spex_plugins.captum"))
        method = self.factory(host.game_forward(game))
        kinds = {kind.__name__ for kind in type(method).__mro__}
        draws = "n_samples" in signature(method.attribute).parameters
        with seeded(seed):
            found = method.attribute(
                torch.ones(1, game.n),
                baselines=0,
                perturbations_per_eval=_AT_ONCE,
                **(_samples(kinds, game.n, budget) if draws else {}),
            )
        values = surrogate_of(found, game.n)
        if not kinds & _SHAPLEY:
            return values
        empty = float(game(np.zeros((1, game.n), dtype=bool))[0])
        return Surrogate(additive(values.function.single_values("SV").values, empty), "SV")


def _samples(kinds: set[str], n: int, budget: int) -> dict[str, int]:
    """Return the number of samples with which a method asks for no more than the budget."""
    if "ShapleyValueSampling" in kinds:
        return {"n_samples": max(1, (budget - 1) // n)}  # permutations of n masks, and the baseline once
    return {"n_samples": budget if "KernelShap" in kinds else budget - 1}


def captum_method(name: str) -> CaptumMethod:
    """Return the method with a name of `CAPTUM_METHODS`."""
    return CaptumMethod(lambda forward: getattr(_captum(), CAPTUM_METHODS[name])(forward), name)


def with_forward(method: Any) -> Callable[[Any], Any]:
    """Return a factory of copies of a method, its settings included, for other forward functions."""

    def make(forward: Any) -> Any:
        other = copy(method)
        other.forward_func = forward
        return other

    return make


def _captum() -> Any:
    return library("captum.attr", "Captum", _INSTALL)
