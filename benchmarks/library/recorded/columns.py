"""Boosted trees and random forests on real columns: all masks of few columns, and many columns.

A hidden column takes its values from background rows, over which the answers are averaged; for that game,
TreeSHAP's interventional values are exact.
"""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from library.data.tables import table_data
from library.recorded.inputs import ROLES, Asked, Input
from spex_plugins.queries.store.digest import digest_of_data

__all__ = ["INPUTS"]

_BACKGROUND = 20
_TRAINED = 8000  # rows at most
_FEW = ("bike", "adult", "wine", "tumours")
_MANY = ("cancer", "digits", "mnist")


class _MaskedRow:
    """The mean output for a row whose hidden columns come from background rows."""

    def __init__(self, name: str, kind: str, row: np.ndarray, model: _Trees) -> None:
        self.n, self.feature_names = len(row), model.names
        self.row, self._model = row, model
        self.fingerprint = digest_of_data(name, kind, model.digest, row, model.background)

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        mixed = np.where(masks[:, None], self.row, self._model.background).reshape(-1, self.n)
        return self._model.output(mixed).reshape(len(masks), -1).mean(axis=1)


class _Trees:
    """A trained ensemble with one output, its background rows, and rows that it was not trained on."""

    def __init__(self, name: str, kind: str) -> None:
        X, y, self.names = _data(name)
        order = np.random.default_rng(0).permutation(len(X))
        cut = min(3 * len(X) // 4, _TRAINED)
        train, test = order[:cut], order[cut:]
        self.background, self.rows = X[train[:_BACKGROUND]], X[test]
        settings = (_boosted if kind == "boosted" else _forest)(X[train], y[train])
        self.booster, self.output, self.unit = settings
        self.digest = digest_of_data(str(self.output(X[test[:200]]).tolist()))

    def shapley_values(self, row: np.ndarray) -> list[float]:
        """Return the interventional values of TreeSHAP."""
        import shap

        explainer = shap.TreeExplainer(
            self.booster, self.background, feature_perturbation="interventional", model_output="raw"
        )
        values = np.asarray(explainer.shap_values(row[None], check_additivity=False))[0]
        return [float(value) for value in (values[:, -1] if values.ndim == 2 else values)]


def _boosted(X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, str]:
    import lightgbm

    classes = len(np.unique(y)) == 2
    settings = {
        "objective": "binary" if classes else "regression",
        "num_leaves": 15,
        "learning_rate": 0.1,
        "verbose": -1,
        "num_threads": 1,
        "deterministic": True,
    }
    booster = lightgbm.train(settings, lightgbm.Dataset(X, y), num_boost_round=100)
    return booster, partial(booster.predict, raw_score=True), "log-odds" if classes else "number"


def _forest(X: np.ndarray, y: np.ndarray) -> tuple[Any, Any, str]:
    from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

    classes = len(np.unique(y)) == 2
    kind = RandomForestClassifier if classes else RandomForestRegressor
    forest = kind(50, max_depth=10, random_state=0).fit(X, y)
    output = (lambda rows: forest.predict_proba(rows)[:, 1]) if classes else forest.predict
    return forest, output, "probability" if classes else "number"


@cache
def _data(name: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    if name in ("bike", "adult"):
        from shapiq.datasets import load_adult_census, load_bike_sharing

        X, y = (load_bike_sharing if name == "bike" else load_adult_census)()
        return X.to_numpy(dtype=np.float64), y.to_numpy(dtype=np.float64), tuple(X.columns)
    if name in ("wine", "tumours"):
        from sklearn.datasets import load_breast_cancer, load_wine

        data = (load_wine if name == "wine" else load_breast_cancer)()
        chosen = _informative(data.data, data.target, 14)
        target = data.target == 1 if name == "wine" else data.target
        return data.data[:, chosen], target.astype(float), tuple(np.array(data.feature_names)[chosen])
    X, y = table_data(name)
    target = y if name == "cancer" else y % 2  # digits: odd or even
    return X, target.astype(float), tuple(f"x{i}" for i in range(X.shape[1]))


def _informative(X: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Return the columns of highest mutual information with y, in their order."""
    from sklearn.feature_selection import mutual_info_classif

    return np.sort(np.argsort(-mutual_info_classif(X, y, random_state=0))[:count])


_trees = cache(_Trees)


def _asked(name: str, kind: str, which: int, many: bool, _: Path) -> Asked:
    model = _trees(name, kind)
    game = _MaskedRow(name, kind, model.rows[which], model)
    about: dict[str, Any] = {
        "model": f"{'LightGBM' if kind == 'boosted' else 'scikit-learn random forest'} on {name}",
        "asked": f"{model.unit} of unseen row {which}; hidden columns from {_BACKGROUND} background rows",
    }
    if many:
        values = model.shapley_values(game.row)
        empty, full = game(np.repeat([[False], [True]], game.n, axis=1))
        if not np.isclose(sum(values), full - empty, rtol=1e-5, atol=1e-5):
            raise AssertionError("TreeSHAP explains another function than the one that is masked.")
        about |= {"shapley_values": values, "shapley_source": "TreeSHAP, interventional"}
    return Asked(game, about, single_precision=False, batch_size=1024)


INPUTS = [
    Input("trees", f"{kind}-{name}-{which}", role, partial(_asked, name, kind, which, name in _MANY), rounds)
    for names, rounds in ((_FEW, ()), (_MANY, (6000,)))
    for name in names
    for kind in ("boosted", "forest")
    if (kind, name) != ("forest", "mnist")  # a file of masks for one model is large enough
    for which, role in enumerate(ROLES)
]
