"""Tables of scikit-learn and mlxtend, split into rows to train on and rows to explain or to test with."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from sklearn import datasets
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression
from sklearn.model_selection import train_test_split

__all__ = ["Split", "split"]


class Split(NamedTuple):
    """Columns with mean 0 and variance 1 over the rows to train on."""

    X: np.ndarray
    y: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray

    @property
    def classes(self) -> bool:
        """Whether y are class labels, not numbers."""
        return np.issubdtype(self.y.dtype, np.integer)

    @property
    def n(self) -> int:
        """Number of columns."""
        return self.X.shape[1]


def split(name: str, seed: int, columns: int = 14) -> Split:
    """Return a random half of the rows to train on, and the other.

    Parameters
    ----------
    name : {"wine", "tumours", "houses", "digits"}
        13 columns and 3 classes; 30 columns and 2 classes; 13 columns and a price; 64 pixels, even or odd.
    columns : int
        At most so many columns, those of highest mutual information with y, in their order.
    """
    X, y = _raw(name)
    X = _informative(X, y, columns)
    X, X_test, y, y_test = train_test_split(X, y, test_size=0.5, random_state=seed)
    mean, scale = X.mean(axis=0), X.std(axis=0)
    return Split((X - mean) / scale, y, (X_test - mean) / scale, y_test)


def _raw(name: str) -> tuple[np.ndarray, np.ndarray]:
    if name == "houses":
        from mlxtend.data import boston_housing_data

        X, y = boston_housing_data()
        return X, (y - y.mean()) / y.std()
    if name == "digits":
        X, y = datasets.load_digits(return_X_y=True)
        return X, y % 2
    return (datasets.load_wine if name == "wine" else datasets.load_breast_cancer)(return_X_y=True)


def _informative(X: np.ndarray, y: np.ndarray, count: int) -> np.ndarray:
    """Return the columns of highest mutual information with y."""
    if X.shape[1] <= count:
        return X
    measure = mutual_info_classif if np.issubdtype(y.dtype, np.integer) else mutual_info_regression
    return X[:, np.sort(np.argsort(-measure(X, y, random_state=0))[:count])]
