"""Scores of one explanation: everything is measured on the function that it stands for."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.judging.held_out import size_weights
from spex_plugins.comparison.judging.judged_masks import judged_masks
from spex_plugins.comparison.metrics.curves import insertion_and_deletion
from spex_plugins.comparison.metrics.index_errors import index_errors
from spex_plugins.comparison.metrics.r2 import bootstrap_weights, infidelity, weighted_r2
from spex_plugins.comparison.metrics.recovery import recovery
from spex_plugins.comparison.metrics.removal import removal
from spex_plugins.core.fitted.energies import energies

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame
    from spex_plugins.comparison.judging.held_out import HeldOut
    from spex_plugins.comparison.methods.method import Surrogate
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Judge", "Scores"]


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one explanation.

    Attributes
    ----------
    values : dict of str to float
        By the names of metrics.
    intervals : dict of str to (float, float)
        95 % bootstrap intervals over the held-out masks, for "r2" and "r2_sizes".
    curves : dict of str to dict of int to float
        Removal, insertion and deletion, by the number of features.
    squared_errors : ndarray of float64, shape (m,)
        At the uniform held-out masks.
    judged : ndarray of bool, shape (m,)
        Which of these masks count.
    note : str
        What is to be known about the scores, "" if nothing.
    """

    values: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float, float]] = field(default_factory=dict)
    curves: dict[str, dict[int, float]] = field(default_factory=dict)
    squared_errors: FloatArray = field(default_factory=lambda: np.zeros(0))
    judged: BoolArray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    note: str = ""


@dataclass(frozen=True, eq=False)
class Judge:
    """Scores the explanations of one input.

    Attributes
    ----------
    held_out : HeldOut
    known : callable
        Masks (m, n) → values (m,), NaN where there is none, and which there are, for the metrics that
        evaluate masks of their own.
    metrics : frozenset of str
        Names of the metrics to measure.
    annotated : collection of int, optional
        The features that matter, by a person's judgement.
    """

    held_out: HeldOut
    known: Callable[[BoolArray], tuple[FloatArray, BoolArray]]
    metrics: frozenset[str]
    annotated: Collection[int] | None = None

    def __call__(self, surrogate: Surrogate, game: CountedGame) -> Scores:
        """Return the scores of an explanation, with the game that tells what it was made from."""
        predict = _Prediction(surrogate, self.held_out)
        judged = judged_masks(self.held_out, game)
        uniform, sizes = self.held_out.uniform, self.held_out.sizes
        errors, errors_sizes = ((predict(part.masks) - part.values) ** 2 for part in (uniform, sizes))
        weights = np.zeros(len(sizes.masks))
        weights[judged.sizes] = size_weights(sizes.masks[judged.sizes])
        found, intervals = {}, {}
        for name, part, squares, each in (
            ("r2", uniform, errors, judged.uniform.astype(float)),
            ("r2_sizes", sizes, errors_sizes, weights),
        ):
            found[name] = float(weighted_r2(part.values, squares, each[None])[0])
            intervals[name] = _interval(part.values, squares, each)
        values = {
            **found,
            "infidelity": self._infidelity(predict, weights),
            **energies(surrogate.function),
        }
        if self.annotated is not None:
            values["recovery"] = recovery(surrogate, self.annotated)
        if self.held_out.truth is not None:
            values |= index_errors(surrogate, self.held_out.truth)
        curves, note = self._curves(surrogate)
        values |= {name: float(np.mean(list(curve.values()))) for name, curve in curves.items() if curve}
        curves = {
            name: {count: value for count, value in curve.items() if np.isfinite(value)}
            for name, curve in curves.items()
        }
        wanted = {name: value for name, value in values.items() if name in self.metrics}
        return Scores(
            wanted, intervals, curves, errors, judged.uniform, "; ".join(filter(None, [judged.note, note]))
        )

    def _infidelity(self, predict: _Prediction, weights: FloatArray) -> float:
        full = np.ones((1, self.held_out.sizes.masks.shape[1]), dtype=bool)
        sizes = self.held_out.sizes
        predicted = predict(sizes.masks)
        return infidelity(self.held_out.full, sizes.values, predict(full)[0], predicted, weights)

    def _curves(self, surrogate: Surrogate) -> tuple[dict[str, dict[int, float]], str]:
        """Return the curves of the metrics that evaluate masks, NaN at masks without a value, and a note."""
        known, missing = self.held_out, 0

        def ask(masks: BoolArray) -> FloatArray:
            nonlocal missing
            values, answered = self.known(masks)
            missing += int((~answered).sum())
            return values

        curves: dict[str, dict[int, float]] = {}
        if "removal" in self.metrics:
            curves["removal"] = removal(surrogate.function, ask, known.full)
        if self.metrics & {"insertion", "deletion"}:
            values = surrogate.function.single_values("SV").values
            inserted, deleted = insertion_and_deletion(values, ask, known.empty, known.full)
            curves |= {"insertion": inserted, "deletion": deleted}
        lacking = [name for name, curve in curves.items() if missing and np.isnan(list(curve.values())).any()]
        note = f"{', '.join(lacking)}: NaN, as masks of these curves have no value" if lacking else ""
        return curves, note


class _Prediction:
    """Predictions of an explanation; a constant that it lacks is fitted to the uniform held-out masks."""

    def __init__(self, surrogate: Surrogate, held_out: HeldOut) -> None:
        self._predict, self._constant = surrogate.function.predict, 0.0
        if not surrogate.has_constant:
            uniform = held_out.uniform
            self._constant = float((uniform.values - self._predict(uniform.masks)).mean())

    def __call__(self, masks: BoolArray) -> FloatArray:
        return self._predict(masks) + self._constant


def _interval(truth: FloatArray, squared_errors: FloatArray, weights: FloatArray) -> tuple[float, float]:
    found = weighted_r2(truth, squared_errors, bootstrap_weights(len(truth)) * weights)
    low, high = np.nanpercentile(found, (2.5, 97.5)) if np.isfinite(found).any() else (np.nan, np.nan)
    return float(low), float(high)
