"""Gradient-boosted trees on masks, trained by LightGBM: settings chosen by cross-validation, as flat arrays.

scikit-learn's histogram boosting is as accurate, but took 20 to 200 times as long on few samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spex_plugins.core.regression.cross_validation import honest_choices
from spex_plugins.core.trees.tree_spectrum import Trees
from spex_plugins.errors import MissingExtraError
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["QUIET", "Boosted", "boost", "read_trees", "require_lightgbm"]

_DEPTHS = (3, 5, -1)  # as published; −1: no limit, 31 leaves
_RATE, _SLOW_RATE = 0.1, 0.03  # the second with the best depth only
_LEAVES = {3: 8, 5: 31, -1: 31}
_COUNTS = [int(30 * 1.3**k) for k in range(15)]  # numbers of trees that are compared: 30 … 1181
_PATIENCE = 2  # counts without an improvement after which a run ends
_GAIN = (
    0.02  # share of the error, or of the explained part if that is smaller; the refit compensates for less
)
_WORK = 8e8  # bounds samples × features × trees of one run
_LEAST_TREES = 200
QUIET: dict[str, Any] = {
    "objective": "l2",
    "verbosity": -1,
    "num_threads": 1,  # reproducible; more threads do not help for small tables
    "deterministic": True,
    "force_row_wise": True,
    "max_bin": 2,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "seed": 0,
}


@dataclass(frozen=True, eq=False)
class Boosted:
    """Ensembles of one output.

    Attributes
    ----------
    trees : list of F + 1 Trees
        The f-th was trained, and its settings were chosen, without fold f; the last, on all samples.
    setting : str
        Description of the settings of the last.
    """

    trees: list[Trees]
    setting: str


def require_lightgbm() -> Any:
    """Import LightGBM.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    """
    try:
        import lightgbm
    except ImportError as error:
        raise MissingExtraError(
            'Boosted trees need LightGBM: pip install "spex-plugins[trees]", or choose estimator="auto".'
        ) from error
    return lightgbm


def boost(masks: BoolArray, targets: Sequence[FloatArray], folds: IntArray) -> Boosted:
    """Train ensembles without each fold, and one of all samples.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    targets : sequence of F + 1 ndarray of float, each of shape (m,)
        Targets of the ensemble without fold f and, last, of that of all samples: the values, or the residual
        of a model that was fitted without fold f.
    folds : ndarray of int, shape (m,)
        0 … F − 1; −1 for samples that are in all training sets.
    """
    lightgbm = require_lightgbm()
    parts = [folds != part for part in range(len(targets) - 1)]
    tables = [_table(masks[p], target[p]) for p, target in zip(parts, targets, strict=False)]
    most = max(_WORK / masks.size, _LEAST_TREES)
    counts = [count for count in _COUNTS if count <= most]
    runs: list[_Run] = []
    for depth in _DEPTHS:
        runs.append(_run(lightgbm, tables, masks, targets, parts, (depth, _RATE), counts))
    depth = min(runs, key=lambda run: run.errors.sum(axis=1).min()).setting[0]
    runs.append(_run(lightgbm, tables, masks, targets, parts, (depth, _SLOW_RATE), counts))
    options = [(run, count) for run in runs for count in counts[: len(run.errors)]]
    choice, choices = honest_choices(np.concatenate([run.errors for run in runs])[:, :, None])
    trees = [read_trees(options[c][0].boosters[part], options[c][1]) for part, c in enumerate(choices)]
    run, count = options[choice]
    final = lightgbm.Booster(_parameters(*run.setting), _table(masks, targets[-1]))
    for _ in range(count):
        final.update()
    depth, rate = run.setting
    limit = f"depth {depth}" if depth > 0 else "unlimited depth"
    return Boosted([*trees, read_trees(final, count)], f"{count} trees of {limit}, learning rate {rate}")


@dataclass(frozen=True, eq=False)
class _Run:
    """Boosters without each fold at one (depth, rate), and their squared errors, (counts, F)."""

    setting: tuple[int, float]
    boosters: list[Any]
    errors: FloatArray


def _parameters(depth: int, rate: float) -> dict[str, Any]:
    return QUIET | {"max_depth": depth, "learning_rate": rate, "num_leaves": _LEAVES[depth]}


def _table(masks: BoolArray, target: FloatArray) -> Any:
    lightgbm = require_lightgbm()
    return lightgbm.Dataset(masks.astype(np.uint8), np.ascontiguousarray(target), params=QUIET)


def _run(
    lightgbm: Any,
    tables: Sequence[Any],
    masks: BoolArray,
    targets: Sequence[FloatArray],
    parts: Sequence[BoolArray],
    setting: tuple[int, float],
    counts: Sequence[int],
) -> _Run:
    """Add trees until the cross-validated error no longer decreases."""
    boosters = [lightgbm.Booster(_parameters(*setting), table) for table in tables]
    left = [target[~part] for part, target in zip(parts, targets, strict=False)]
    tested = [masks[~part].astype(np.uint8) for part in parts]
    errors: list[list[float]] = []
    at_first = sum(float((rest**2).sum()) for rest in left)
    done, best, best_at = 0, at_first, 0
    for count in counts:
        for part, booster in enumerate(boosters):
            for _ in range(count - done):
                booster.update()
            left[part] = left[part] - booster.predict(
                tested[part], start_iteration=done, num_iteration=count - done, num_threads=1
            )
        done = count
        errors.append([float((rest**2).sum()) for rest in left])
        error = sum(errors[-1])
        if error < best - _GAIN * max(min(best, at_first - best), 0.0):
            best, best_at = error, len(errors)
        if len(errors) - best_at >= _PATIENCE:
            break
    return _Run(setting, boosters, np.array(errors))


def read_trees(booster: Any, count: int) -> Trees:
    """Return the first trees of a booster, read from its text format, which is stable and fast to parse."""
    lines: dict[str, list[str]] = {
        "num_leaves": [], "split_feature": [], "left_child": [], "right_child": [], "leaf_value": []
    }  # fmt: skip
    for line in booster.model_to_string(num_iteration=count).splitlines():
        key, _, text = line.partition("=")
        if key in lines:
            lines[key].append(text)
    numbers = {key: np.array(" ".join(texts).split(), dtype=np.float64) for key, texts in lines.items()}
    leaves = numbers["num_leaves"].astype(np.intp)
    inner = leaves - 1
    # The inner nodes of a tree come first, then its leaves; in the file a leaf k is the child −1 − k.
    roots = np.concatenate([[0], np.cumsum(leaves + inner)[:-1]])
    total = int((leaves + inner).sum())
    tree = np.repeat(np.arange(len(leaves)), inner)
    at = roots[tree] + np.arange(len(tree)) - np.repeat(np.cumsum(inner) - inner, inner)
    features, values = np.full(total, -1, dtype=np.int32), np.zeros(total)
    children = np.zeros((2, total), dtype=np.intp)
    is_leaf = np.ones(total, dtype=bool)
    is_leaf[at] = False
    features[at] = numbers["split_feature"]
    values[is_leaf] = numbers["leaf_value"]
    for side, name in enumerate(("left_child", "right_child")):
        child = numbers[name].astype(np.intp)
        children[side, at] = roots[tree] + np.where(child >= 0, child, inner[tree] - 1 - child)
    return Trees(roots, features, children[0], children[1], values)
