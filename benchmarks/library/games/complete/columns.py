"""Models of tables: one prediction, its uncertainty, or the loss over many rows, explained by columns.

Hidden columns take their values from background rows, over which the answers are averaged (marginal
imputation), or the mean of the column (baseline imputation).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy.special import entr
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.svm import SVC, SVR

from library.data.splits import Split, split
from library.games.complete.game import Game

__all__ = ["boosting", "forest", "global_loss", "neighbours", "support_vectors", "uncertainty"]

_BACKGROUND = 20
_CASES = 60  # rows whose loss is averaged
_DATA = ("wine", "tumours", "houses", "digits")

Answer = Callable[[np.ndarray], np.ndarray]


def forest(which: int, seed: int) -> Game:
    """Random forest, marginal imputation; the predicted class's probability, or the predicted number."""
    data = split(_DATA[which], seed)
    model = _fitted(data, RandomForestClassifier, RandomForestRegressor, n_estimators=50, random_state=seed)
    return _local(data, seed, partial(_certainty, model, data.X_test[seed]))


def boosting(which: int, seed: int) -> Game:
    """Gradient boosting, marginal imputation; the predicted class's log-odds, or the predicted number."""
    data = split(_DATA[which], seed)
    sizes = {"max_iter": 60, "max_leaf_nodes": 8, "min_samples_leaf": 5, "random_state": seed}
    model = _fitted(data, HistGradientBoostingClassifier, HistGradientBoostingRegressor, **sizes)
    return _local(data, seed, partial(_margin, model, data.X_test[seed]))


def neighbours(which: int, seed: int) -> Game:
    """Nearest neighbours weighted by distance, marginal imputation; what `forest` explains."""
    data = split(_DATA[which], seed)
    sizes = {"n_neighbors": 12, "weights": "distance"}
    model = _fitted(data, KNeighborsClassifier, KNeighborsRegressor, **sizes)
    return _local(data, seed, partial(_certainty, model, data.X_test[seed]))


def support_vectors(which: int, seed: int) -> Game:
    """Support vectors with a Gaussian kernel, baseline imputation; what `boosting` explains."""
    data = split(_DATA[which], seed)
    model = _fitted(data, SVC, SVR, C=10.0)
    return _with_means(data, seed, partial(_margin, model, data.X_test[seed]))


def uncertainty(which: int, seed: int) -> Game:
    """Entropy in bits of a forest's class probabilities after marginal imputation, with its sign changed.

    The row is the one that the forest is least sure of among ten.
    """
    data = split(("wine", "tumours", "digits")[which], seed)
    model = RandomForestClassifier(50, random_state=seed).fit(data.X, data.y)
    some = data.X_test[10 * seed : 10 * seed + 10]
    row = some[np.argmin(_negative_entropy(model.predict_proba(some)))]
    mixed = partial(_mixed, row, data.X[:_BACKGROUND])

    def value(masks: np.ndarray) -> np.ndarray:
        shape = (len(masks), _BACKGROUND, -1)
        return _negative_entropy(model.predict_proba(mixed(masks)).reshape(shape).mean(axis=1))

    return Game(data.n, value)


def global_loss(which: int, seed: int) -> Game:
    """Loss of boosted trees over unseen rows that the columns kept save (as in SAGE), baseline imputation.

    Cross-entropy of the class or squared error, with its sign changed.
    """
    data = split(_DATA[which], seed)
    sizes = {"max_iter": 40, "max_leaf_nodes": 8, "min_samples_leaf": 5, "random_state": seed}
    model = _fitted(data, HistGradientBoostingClassifier, HistGradientBoostingRegressor, **sizes)
    rows, right = data.X_test[:_CASES], data.y_test[:_CASES]

    def value(masks: np.ndarray) -> np.ndarray:
        inputs = (masks[:, None] * rows).reshape(-1, data.n)
        if hasattr(model, "predict_proba"):
            chances = model.predict_proba(inputs).reshape(len(masks), _CASES, -1)
            return np.log(chances[:, np.arange(_CASES), right]).mean(axis=1)
        return -((model.predict(inputs).reshape(-1, _CASES) - right) ** 2).mean(axis=1)

    return Game(data.n, value)


def _fitted(data: Split, classifier: Any, regressor: Any, **settings: Any) -> Any:
    """Fit one of two classes of scikit-learn, for class labels or for numbers as the data have them."""
    return (classifier if data.classes else regressor)(**settings).fit(data.X, data.y)


def _certainty(model: Any, row: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return the probability of the class that ``row`` is given, or the predicted number."""
    if not hasattr(model, "predict_proba"):
        return model.predict(inputs)
    return model.predict_proba(inputs)[:, model.predict_proba(row[None])[0].argmax()]


def _margin(model: Any, row: np.ndarray, inputs: np.ndarray) -> np.ndarray:
    """Return the decision function of the class that ``row`` is given, or the predicted number."""
    if not hasattr(model, "decision_function"):
        return model.predict(inputs)
    margins = model.decision_function(inputs)
    if margins.ndim == 2:
        return margins[:, model.decision_function(row[None])[0].argmax()]
    return margins * np.sign(model.decision_function(row[None])[0])


def _local(data: Split, which: int, answer: Answer) -> Game:
    row, background = data.X_test[which], data.X[:_BACKGROUND]

    def value(masks: np.ndarray) -> np.ndarray:
        return answer(_mixed(row, background, masks)).reshape(len(masks), -1).mean(axis=1)

    return Game(data.n, value)


def _with_means(data: Split, which: int, answer: Answer) -> Game:
    row = data.X_test[which]
    return Game(data.n, lambda masks: answer(masks * row))  # columns have mean 0


def _mixed(row: np.ndarray, background: np.ndarray, masks: np.ndarray) -> np.ndarray:
    return np.where(masks[:, None], row, background).reshape(-1, len(row))


def _negative_entropy(chances: np.ndarray) -> np.ndarray:
    return -entr(chances).sum(axis=-1) / np.log(2)
