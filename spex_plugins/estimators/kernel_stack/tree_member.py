"""Boosted trees as a member of a stack: fitted to all samples, and to those of every fold's others."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np

from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.masks import pair_numbers
from spex_plugins.core.trees.tree_paths import leaves
from spex_plugins.estimators.common.boosting import QUIET, read_trees, require_lightgbm
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["TreeMember", "fit_trees", "pair_folds", "trees_available"]

_FOLDS = 5
_HOPELESS = 16.0  # ratio of squared errors
_TREES = 150  # 300 of half the rate are no better
_SETTING: dict[str, Any] = QUIET | {
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 1,
    "lambda_l2": 1.0,
}


@dataclass(frozen=True, eq=False)
class TreeMember:
    """Ensembles of K outputs.

    Attributes
    ----------
    leaves : Conjunctions
        Of all samples.
    fitted : ndarray of float64, shape (m, K)
        Their predictions of the samples.
    out_of_fold : ndarray of float64, shape (m, K)
        Every sample predicted without its fold; NaN for the empty and the full mask.
    """

    leaves: Conjunctions
    fitted: FloatArray
    out_of_fold: FloatArray


def trees_available() -> bool:
    """Tell whether LightGBM is installed."""
    return find_spec("lightgbm") is not None


def fit_trees(
    masks: BoolArray,
    values: FloatArray,
    rng: np.random.Generator,
    weights: FloatArray,
    used: BoolArray,
    others: FloatArray | None,
) -> TreeMember | None:
    """Fit masks (m, n) and values (m, K); None where another fit is so much better that trees add nothing.

    Parameters
    ----------
    masks, values
    rng : numpy Generator
    weights : ndarray of float64, shape (m,)
        Weight of the error at each mask.
    used : ndarray of bool, shape (m,)
        Masks that the trees learn from, nearly all.
    others : ndarray of float64, shape (m, K), optional
        Errors of the other fit at left-out masks. If those of trees in the first fold are four times as
        large in all outputs, the trees would get a tenth of the weight at most.
    """
    lightgbm = require_lightgbm()
    table, folds = masks.astype(np.uint8), pair_folds(masks, rng)
    fitted, out_of_fold = np.empty(values.shape), np.full(values.shape, np.nan)
    parts = []
    targets = np.ascontiguousarray(values.T)

    def predict(fold: int, k: int) -> None:
        left, rest = folds == fold, used & (folds != fold)
        booster = _boosted(lightgbm, table[rest], targets[k][rest])
        out_of_fold[left, k] = booster.predict(table[left], num_threads=1)

    for k in range(len(targets)):
        predict(0, k)
    if others is not None:
        first = folds == 0
        own, rival = (weights[first] @ errors[first] ** 2 for errors in (values - out_of_fold, others))
        if (own > _HOPELESS * rival).all():
            return None
    for k, target in enumerate(targets):
        for fold in range(1, int(folds.max()) + 1):
            predict(fold, k)
        booster = _boosted(lightgbm, table[used], target[used])
        fitted[:, k] = booster.predict(table, num_threads=1)
        parts.append(leaves(read_trees(booster, _TREES), masks.shape[1]))
    return TreeMember(_side_by_side(parts), fitted, out_of_fold)


def pair_folds(masks: BoolArray, rng: np.random.Generator) -> IntArray:
    """Return a fold for every mask (m, n), the same for complements, all sizes spread evenly over them.

    The empty and the full mask have none, −1: they are always known.
    """
    kept, n = masks.sum(axis=1), masks.shape[1]
    numbers = pair_numbers(masks)
    first = np.unique(numbers, return_index=True)[1]
    inner = first[(kept[first] > 0) & (kept[first] < n)]
    order = inner[np.lexsort([rng.random(len(inner)), np.minimum(kept, n - kept)[inner]])]
    folds = np.full(int(numbers.max()) + 1, -1)
    folds[numbers[order]] = np.arange(len(order)) % _FOLDS
    return folds[numbers]


def _boosted(lightgbm: Any, table: np.ndarray, target: FloatArray) -> Any:
    booster = lightgbm.Booster(_SETTING, lightgbm.Dataset(table, target, params=_SETTING))
    for _ in range(_TREES):
        booster.update()
    return booster


def _side_by_side(parts: list[Conjunctions]) -> Conjunctions:
    """Join functions of one output each to one of K outputs."""
    n, width = parts[0].n, max(part.features.shape[1] for part in parts)
    features, kept, values = [], [], []
    for k, part in enumerate(parts):
        more = ((0, 0), (0, width - part.features.shape[1]))
        features.append(np.pad(part.features, more, constant_values=n))
        kept.append(np.pad(part.kept, more))
        values.append(part.values * (np.arange(len(parts)) == k))
    return Conjunctions(n, np.concatenate(features), np.concatenate(kept), np.concatenate(values))
