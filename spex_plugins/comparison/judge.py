"""Scores of one explanation: everything is measured on the function that it stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.r2 import infidelity, r2

if TYPE_CHECKING:
    from spex_plugins.comparison.held_out import HeldOut
    from spex_plugins.comparison.methods.method import Surrogate
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Judge"]


@dataclass(frozen=True, eq=False)
class Judge:
    """Scores the explanations of one input.

    Attributes
    ----------
    held_out : HeldOut
    """

    held_out: HeldOut

    def __call__(self, surrogate: Surrogate) -> dict[str, float]:
        """Return the scores by the names of the metrics."""
        known = self.held_out
        predict = _Prediction(surrogate, known)
        full = np.ones((1, surrogate.function.n), dtype=bool)
        sizes = known.sizes
        return {
            "r2": r2(known.uniform.values, predict(known.uniform.masks)),
            "r2_sizes": r2(sizes.values, predict(sizes.masks)),
            "infidelity": infidelity(known.full, sizes.values, predict(full)[0], predict(sizes.masks)),
        }

    def squared_errors(self, surrogate: Surrogate) -> FloatArray:
        """Return the squared errors at the uniform held-out masks, (m,)."""
        uniform = self.held_out.uniform
        return (_Prediction(surrogate, self.held_out)(uniform.masks) - uniform.values) ** 2


class _Prediction:
    """Predictions of an explanation; a constant that it lacks is fitted to the uniform held-out masks."""

    def __init__(self, surrogate: Surrogate, held_out: HeldOut) -> None:
        self._predict, self._constant = surrogate.function.predict, 0.0
        if not surrogate.has_constant:
            uniform = held_out.uniform
            self._constant = float((uniform.values - self._predict(uniform.masks)).mean())

    def __call__(self, masks: BoolArray) -> FloatArray:
        return self._predict(masks) + self._constant
