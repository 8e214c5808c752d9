"""A model that predicts the same for all rows, for training sets from which another model cannot learn."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["constant_model"]


def constant_model(y: Any, all_y: Any, *, classifies: bool) -> Any:
    """Return a trained model that predicts the most frequent class of y, the first of several, or its mean.

    Parameters
    ----------
    y : ndarray, shape (k,) or (k, K)
        Labels, or numbers, of the rows that are kept.
    all_y : ndarray, shape (m,) or (m, K)
        Those of all rows: scores find a probability for each of their classes, 0 for all but one.
    classifies : bool
    """
    from sklearn.dummy import DummyClassifier, DummyRegressor

    if not classifies:
        return DummyRegressor().fit(np.zeros((len(y), 1)), y)
    columns = [np.unique(column, return_counts=True) for column in y.reshape(len(y), -1).T]
    constant = [classes[np.argmax(counts)] for classes, counts in columns]
    chosen = constant if y.ndim > 1 else constant[0]
    only = DummyClassifier(strategy="constant", constant=chosen)
    return only.fit(np.zeros((len(all_y), 1)), all_y)
