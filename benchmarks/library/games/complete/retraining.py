"""Models retrained on every subset of groups of rows (data valuation) or of columns (feature selection).

The value is a score on unseen rows. That of no rows or no columns at all is 0, as there is no model: f(∅)
lies apart from all other values.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn.cluster import KMeans
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import pairwise_distances, silhouette_score
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from library.data.splits import split
from library.games.complete.game import Game

__all__ = ["clustering", "data_valuation", "feature_selection"]

_GROUPS = 13
_ROWS = 6  # in a group
_COLUMNS = 12


def data_valuation(which: int, seed: int) -> Game:
    """Score of a model trained on the groups of rows that are kept: accuracy, or R² for houses."""
    name, make = (
        ("tumours", _tree),
        ("digits", _bayes),
        ("houses", _ridge),
        ("wine", _logistic),
    )[which]
    data = split(name, seed)
    used = slice(_GROUPS * _ROWS)
    group = np.arange(_GROUPS * _ROWS) // _ROWS

    def score(kept: np.ndarray) -> float:
        rows = kept[group]
        return _score(make, data.X[used][rows], data.y[used][rows], data.X_test, data.y_test)

    return Game(_GROUPS, partial(_each, score))


def feature_selection(which: int, seed: int) -> Game:
    """Score of a model trained on the columns that are kept: accuracy, or R² for houses."""
    name, make = (
        ("wine", _tree),
        ("houses", _tree),
        ("tumours", _neighbours),
        ("houses", _small_forest),
    )[which]
    data = split(name, seed, _COLUMNS)

    def score(kept: np.ndarray) -> float:
        return _score(make, data.X[:, kept], data.y, data.X_test[:, kept], data.y_test)

    return Game(data.n, partial(_each, score))


def clustering(which: int, seed: int) -> Game:
    """Silhouette on all columns of the k-means clusters that are found on the columns kept."""
    data = split(("wine", "houses", "tumours")[which], seed, _COLUMNS)
    rows = data.X[:100]
    distances = pairwise_distances(rows)

    def score(kept: np.ndarray) -> float:
        labels = KMeans(3, n_init=1, random_state=seed).fit_predict(rows[:, kept])
        return float(silhouette_score(distances, labels, metric="precomputed"))

    return Game(data.n, partial(_each, score))


def _each(score: Callable[[np.ndarray], float], masks: np.ndarray) -> np.ndarray:
    return np.array([score(mask) if mask.any() else 0.0 for mask in masks])


def _score(make: Callable[[bool], Any], X: Any, y: Any, X_test: Any, y_test: Any) -> float:
    classes = np.issubdtype(y.dtype, np.integer)
    if classes and len(np.unique(y)) == 1:  # most classifiers want two
        return float((y_test == y[0]).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns that are constant in few rows
        return float(make(classes).fit(X, y).score(X_test, y_test))


def _tree(classes: bool) -> Any:
    kind = DecisionTreeClassifier if classes else DecisionTreeRegressor
    return kind(max_depth=5, random_state=0)


def _small_forest(classes: bool) -> Any:
    kind = ExtraTreesClassifier if classes else ExtraTreesRegressor
    return kind(8, max_depth=6, random_state=0)


def _neighbours(classes: bool) -> Any:
    return (KNeighborsClassifier if classes else KNeighborsRegressor)(5)


def _bayes(classes: bool) -> Any:
    return GaussianNB(var_smoothing=1e-2)


def _logistic(classes: bool) -> Any:
    return LogisticRegression(C=0.5, max_iter=50)


def _ridge(classes: bool) -> Any:
    return Ridge(3.0)
