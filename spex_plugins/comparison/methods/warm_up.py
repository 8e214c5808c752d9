"""A first use of libraries on a tiny function, so that imports and compilation are not counted."""

from __future__ import annotations

from contextlib import suppress
from inspect import isfunction
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.calls.counted_game import CountedGame
from spex_plugins.comparison.calls.shared_answers import SharedAnswers
from spex_plugins.comparison.methods.libraries.captum_methods import CaptumMethod
from spex_plugins.comparison.methods.libraries.lime import Lime
from spex_plugins.comparison.methods.libraries.regressions import Regression
from spex_plugins.comparison.methods.libraries.shap_explainers import ShapKernel, ShapMethod
from spex_plugins.comparison.methods.libraries.shapiq_approximators import ShapiqMethod, approximators
from spex_plugins.comparison.methods.ours import Ours
from spex_plugins.errors import MissingExtraError
from spex_plugins.queries import Queries

if TYPE_CHECKING:
    from spex_plugins.comparison.methods.method import Method
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["warm_up"]

_FEATURES, _CALLS = 6, 40
_WARMED_UP = (CaptumMethod, Lime, Ours, Regression, ShapKernel, ShapMethod)


def warm_up(method: Method) -> None:
    """Let a method explain a function of six features; errors are those of the runs that follow.

    Functions and methods of users are left alone: they may pay for more than the value function.
    The approximators of shapiq compile nothing, and some take long whatever the function: they are imported.
    """
    if isinstance(method, ShapiqMethod):
        with suppress(MissingExtraError):
            approximators()
    if not isinstance(method, _WARMED_UP) or _is_of_user(method):
        return
    names = tuple(f"x{i}" for i in range(_FEATURES))
    with (
        SharedAnswers(_product, _FEATURES, names, Queries(progress=False), None) as answers,
        suppress(Exception),
    ):
        method.explain(CountedGame(answers, 2**_FEATURES), _CALLS, 0)


def _is_of_user(method: Method) -> bool:
    """Tell whether the explainer is made by a function that the user wrote."""
    if not isinstance(method, CaptumMethod | ShapMethod):
        return False
    factory = getattr(method.factory, "func", method.factory)
    return isfunction(factory) and not factory.__module__.startswith("spex_plugins.")


def _product(masks: BoolArray) -> FloatArray:
    return masks @ np.arange(1.0, _FEATURES + 1) + 2.0 * (masks[:, 0] & masks[:, 1])
