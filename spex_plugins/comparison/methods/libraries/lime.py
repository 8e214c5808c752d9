"""LIME, by the package lime: its regression, at masks drawn as for texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.methods.libraries.regressions import lime_masks
from spex_plugins.comparison.methods.library_calls import library, seeded
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.comparison.methods.sums import additive

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame
    from spex_plugins.types import FloatArray

__all__ = ["Lime"]

_WIDTH = 25.0  # of the kernel for texts, on 100 × the cosine distance


class Lime(Method):
    """LIME as for texts (Ribeiro et al. 2016), with all features in the explanation."""

    kind: Kind = "marginal"
    asks = True
    name = "lime"

    def least(self, n: int) -> int:
        """Return 2: the input, and one neighbour."""
        return 2

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Fit LIME's weighted ridge regression to ``budget`` masks."""
        base = library("lime.lime_base", "LIME", "lime").LimeBase(_kernel, random_state=seed)
        masks = lime_masks(game.n, budget, np.random.default_rng(seed))
        distances = 100 * (1 - np.sqrt(masks.mean(axis=1)))  # of a row of 0 and 1 to a row of ones
        with seeded(seed):
            intercept, weights, *_ = base.explain_instance_with_data(
                masks.astype(float), game(masks)[:, None], distances, 0, game.n, feature_selection="none"
            )
        values = np.zeros(game.n)
        for feature, weight in weights:
            values[feature] = weight
        return Surrogate(additive(values, float(intercept)))


def _kernel(distances: FloatArray) -> FloatArray:
    return np.sqrt(np.exp(-(distances**2) / _WIDTH**2))
