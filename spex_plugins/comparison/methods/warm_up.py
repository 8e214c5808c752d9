"""A first use of a method on a tiny function, so that imports and compilation are not counted as its time."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.counted_game import CountedGame
from spex_plugins.comparison.methods.shapiq_approximators import ShapiqMethod, approximators
from spex_plugins.comparison.shared_answers import SharedAnswers
from spex_plugins.errors import MissingExtraError
from spex_plugins.queries import Queries

if TYPE_CHECKING:
    from spex_plugins.comparison.methods.method import Method
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["warm_up"]

_FEATURES, _CALLS = 6, 40


def warm_up(method: Method) -> None:
    """Let a method explain a function of six features; errors are those of the runs that follow.

    The approximators of shapiq compile nothing, and some take long whatever the function: they are imported.
    """
    if isinstance(method, ShapiqMethod):
        with suppress(MissingExtraError):
            approximators()
    if isinstance(method, ShapiqMethod) or not method.asks:
        return
    names = tuple(f"x{i}" for i in range(_FEATURES))
    with (
        SharedAnswers(_product, _FEATURES, names, Queries(progress=False), None) as answers,
        suppress(Exception),
    ):
        method.explain(CountedGame(answers, 2**_FEATURES), _CALLS, 0)


def _product(masks: BoolArray) -> FloatArray:
    return masks @ np.arange(1.0, _FEATURES + 1) + 2.0 * (masks[:, 0] & masks[:, 1])
