"""Compare explanation methods on one's own model: a boosted model and one row of its table, 13 features.

It takes less than a minute on one core and writes ``compare.html``; what is not installed is named there.
Run it again with a larger budget, and the answers in ``compare.sqlite`` are not asked for again::

    pip install "spex-plugins[compare,shap]" shapiq lightgbm
    python examples/tables/compare_methods.py [--budgets 100 200] [--out compare.html]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier

import spex_plugins as spex

METHODS = ["auto", "shapley", "banzhaf", "lasso", "shap:permutation", "shapiq:FBII"]


class Row:
    """Probability of the predicted class of one wine; a masked column has its mean."""

    def __init__(
        self, model: RandomForestClassifier, row: np.ndarray, mean: np.ndarray, names: list[str]
    ) -> None:
        self.model, self.row, self.mean = model, row, mean
        self.n, self.feature_names = len(row), tuple(names)
        self.output = int(model.predict_proba(row[None]).argmax())
        self.fingerprint = f"wine, forest of {model.n_estimators} trees, seed 0; {row.tolist()}"

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        """Return the probabilities (m,) at masks (m, n)."""
        return self.model.predict_proba(np.where(masks, self.row, self.mean))[:, self.output]


def main() -> None:
    """Compare the methods on three wines, and say which one to use."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--budgets", type=int, nargs="+", default=[100, 200], help="calls of a method")
    parser.add_argument("--out", default="compare.html", help="page to write")
    parser.add_argument("--store", default="compare.sqlite", help="file of the answers")
    arguments = parser.parse_args()

    wine = load_wine()
    model = RandomForestClassifier(100, random_state=0).fit(wine.data, wine.target)
    rows = [Row(model, wine.data[i], wine.data.mean(axis=0), wine.feature_names) for i in (10, 80, 160)]
    report = spex.compare(rows, methods=METHODS, budgets=arguments.budgets, store=arguments.store)
    print(report.recommend())
    print("Calls with which R² reaches 0.9:", report.enough(0.9))
    print(f"{report.n_calls} model calls, {report.n_stored} values from {arguments.store}")
    report.save_html(arguments.out)


if __name__ == "__main__":
    main()
