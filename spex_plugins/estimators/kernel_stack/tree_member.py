"""Boosted trees as a member of a stack."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np

from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.trees.tree_paths import leaves
from spex_plugins.estimators.common.boosting import QUIET, read_trees, require_lightgbm
from spex_plugins.estimators.kernel_stack.member import N_FOLDS, Member, Samples
from spex_plugins.types import FloatArray

__all__ = ["TREES", "fit_trees", "trees_available"]

TREES = "boosted trees"  # name of the member
_HOPELESS = 16.0  # ratio of squared errors
_TREES = 75  # twice as many of half the rate: errors .997 of these, in twice the time
_SETTING: dict[str, Any] = QUIET | {
    "num_leaves": 15,
    "learning_rate": 0.2,
    "min_data_in_leaf": 1,
    "lambda_l2": 1.0,
}


def trees_available() -> bool:
    """Tell whether LightGBM is installed."""
    return find_spec("lightgbm") is not None


def fit_trees(samples: Samples, rivals: Sequence[FloatArray]) -> Member | None:
    """Fit ensembles of K outputs; None where another fit is so much better that trees add nothing.

    Parameters
    ----------
    samples : Samples
    rivals : sequence of ndarray of float64, shape (m, K)
        Errors of other fits at left-out masks. If those of trees in the first fold are four times as large
        as those of any in all outputs, the trees would get a tenth of the weight at most.
    """
    lightgbm = require_lightgbm()
    values, used, folds, weights = samples.values, samples.used, samples.folds, samples.weights
    table, first = samples.masks.astype(np.uint8), folds == 0
    fitted, of_folds = np.empty(values.shape), np.empty((N_FOLDS, *values.shape))
    targets = np.ascontiguousarray(values.T)

    def fit_without(fold: int) -> None:
        rest = samples.without(fold)
        for k, target in enumerate(targets):
            booster = _boosted(lightgbm, table[rest], target[rest])
            of_folds[fold, :, k] = booster.predict(table, num_threads=1)

    fit_without(0)
    own, *others = (weights[first] @ errors[first] ** 2 for errors in (values - of_folds[0], *rivals))
    if others and (own > _HOPELESS * np.min(others, axis=0)).all():
        return None
    for fold in range(1, N_FOLDS):
        fit_without(fold)
    parts = []
    for k, target in enumerate(targets):
        booster = _boosted(lightgbm, table[used], target[used])
        fitted[:, k] = booster.predict(table, num_threads=1)
        parts.append(leaves(read_trees(booster, _TREES), table.shape[1]))
    return Member(TREES, False, _side_by_side(parts), (), fitted, of_folds, folds)


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
