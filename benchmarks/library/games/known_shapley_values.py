"""Games with known Shapley values: full tables, trees, and texts with a very large sample."""

from __future__ import annotations

from functools import cache
from math import comb
from pathlib import Path
from typing import Any

import numpy as np

from library.data.tables import table_data
from library.games.masked_inputs import value_function
from library.games.masks import Value, tabulated
from library.games.permutation_reference import Reference, cached_reference

__all__ = ["GAMES", "game"]

GAMES = {
    "words-12": 12,
    "words-16": 16,
    "vader-16": 16,
    "trees-cancer": 30,
    "trees-digits": 64,
    "trees-mnist": 196,
    "words-64": 64,
    "words-128": 128,
}
_EVALUATIONS = 2_000_000  # of a reference by permutations
_BACKGROUND = 10  # rows over which a hidden column of the trees is averaged


@cache
def game(name: str, n: int, which: int, folder: Path) -> tuple[Value, Reference]:
    """Return the value function of an input, and its Shapley values with their standard errors."""
    kind, _, _ = name.partition("-")
    if kind == "trees":
        return _trees(name.partition("-")[2], which)
    value = value_function("tfidf" if kind == "words" else kind, n, which, folder)
    if n > 16:
        return value, cached_reference(folder / f"reference-{name}-{which}.npz", value, n, _EVALUATIONS)
    table, known = tabulated(value, n)
    return known, Reference(_exact(table, n), np.zeros(n))


def _exact(table: np.ndarray, n: int) -> np.ndarray:
    """Return the Shapley values of all 2^n values, by their definition."""
    sizes = np.bitwise_count(np.arange(2**n)).astype(int)
    weights = np.array([1 / (n * comb(n - 1, k)) for k in range(n)])
    values = np.empty(n)
    for i in range(n):
        without = np.flatnonzero(np.arange(2**n) >> i & 1 == 0)
        values[i] = weights[sizes[without]] @ (table[without | 1 << i] - table[without])
    return values


def _trees(data: str, which: int) -> tuple[Value, Reference]:
    """Boosted trees (log-odds); TreeSHAP's interventional values are exact for this masking."""
    import shap

    booster, background, rows = _trained_trees(data)
    row = rows[which]

    def value(masks: np.ndarray) -> np.ndarray:
        mixed = np.where(masks[:, None], row, background).reshape(-1, len(row))
        return booster.predict(mixed, raw_score=True).reshape(len(masks), -1).mean(axis=1)

    explainer = shap.TreeExplainer(booster, background, feature_perturbation="interventional")
    values = np.asarray(explainer.shap_values(row[None]))[0]
    empty, full = value(np.repeat([[False], [True]], len(row), axis=1))
    if not np.isclose(values.sum(), full - empty, rtol=1e-5, atol=1e-5):
        raise AssertionError("TreeSHAP explains another function than the one that is masked.")
    return value, Reference(values, np.zeros(len(row)))


@cache
def _trained_trees(data: str) -> tuple[Any, np.ndarray, np.ndarray]:
    import lightgbm

    X, y = table_data(data)
    target = y if data == "cancer" else y % 2  # digits: odd or even
    order = np.random.default_rng(0).permutation(len(X))
    train, test = order[: 3 * len(X) // 4], order[3 * len(X) // 4 :]
    settings = {
        "objective": "binary",
        "num_leaves": 15,
        "learning_rate": 0.1,
        "verbose": -1,
        "num_threads": 1,
    }
    booster = lightgbm.train(settings, lightgbm.Dataset(X[train], target[train]), num_boost_round=100)
    return booster, X[train[:_BACKGROUND]], X[test]
