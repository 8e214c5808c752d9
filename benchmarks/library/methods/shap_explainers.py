"""SHAP's explainers and ours behind one call: (game, rows, evaluations, seed) → `shap.Explanation`."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import shap

from library.games.shap_games import Game
from spex_plugins.shap import SpexExplainer

Method = Callable[[Game, np.ndarray, int, int], Any]


def spex(game: Game, rows: np.ndarray, evals: int, seed: int) -> Any:
    explainer = SpexExplainer(game.model, game.masker, seed=seed)
    return explainer(rows, max_evals=evals, error_bounds=True, silent=True)


def permutation(game: Game, rows: np.ndarray, evals: int, seed: int) -> Any:
    return shap.PermutationExplainer(game.model, game.free, seed=seed)(rows, max_evals=evals, silent=True)


def permutation_in_clusters(game: Game, rows: np.ndarray, evals: int, seed: int) -> Any:
    explainer = shap.PermutationExplainer(game.model, game.clustered, seed=seed)
    return explainer(rows, max_evals=evals, silent=True)


def partition(game: Game, rows: np.ndarray, evals: int, seed: int) -> Any:
    np.random.seed(seed)  # noqa: NPY002 - its ties are broken by the global generator
    return shap.PartitionExplainer(game.model, game.clustered)(rows, max_evals=evals, silent=True)


def kernel(game: Game, rows: np.ndarray, evals: int, seed: int) -> Any:
    """KernelSHAP without its selection of ten features; the end points count as evaluations."""
    np.random.seed(seed)  # noqa: NPY002 - it draws from the global generator
    start = perf_counter()
    values = np.stack([_kernel_row(game, row, evals - 2) for row in rows])
    explanation = shap.Explanation(values)
    explanation.compute_time = perf_counter() - start
    return explanation


def _kernel_row(game: Game, row: Any, samples: int) -> np.ndarray:
    # It hides features by values: on the masks themselves, ones over zeros, it takes any masking.
    def value(masks: np.ndarray) -> np.ndarray:
        return game.value(row, masks > 0)

    explainer = shap.KernelExplainer(value, np.zeros((1, game.n)))
    return explainer.shap_values(np.ones(game.n), nsamples=samples, l1_reg=False, silent=True)


def exact(game: Game, rows: np.ndarray, evals: int, seed: int) -> Any:
    """All 2^n masks, whatever the number of evaluations and the seed."""
    return shap.ExactExplainer(game.model, game.free)(rows, max_evals=2**game.n, silent=True)


OURS = "SPEX"
METHODS: dict[str, Method] = {
    OURS: spex,
    "Permutation": permutation,
    "Permutation, clustered": permutation_in_clusters,
    "Partition": partition,
    "Kernel": kernel,
}
