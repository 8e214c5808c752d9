"""A thousand training rows as features, of which some have wrong labels.

A ridge regression tells digits above 4 from those below; a tenth of its 1,000 training labels is flipped. For
every mask it is trained anew on the rows that are kept, and scored by R² on 797 other digits. Rows with
negative values make it worse. Less than a minute on a CPU::

    pip install spex-plugins scikit-learn
    python examples/tables/training_data.py [--calls 3000] [--store training_data.sqlite]
"""

from __future__ import annotations

import argparse

import numpy as np
from sklearn.datasets import load_digits
from sklearn.linear_model import Ridge

import spex_plugins as spex
from spex_plugins.games import DataGame

ROWS, FLIPPED = 1000, 100


def main() -> None:
    """Explain the score by the rows, and look among the worst for those whose labels are wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=3000, help="trained models")
    parser.add_argument("--store", help="file that keeps all scores")
    arguments = parser.parse_args()

    X, digit = load_digits(return_X_y=True)
    labels = np.where(digit > 4, 1.0, -1.0)
    wrong = np.random.default_rng(0).permutation(ROWS)[:FLIPPED]
    given = labels[:ROWS].copy()
    given[wrong] *= -1
    game = DataGame(Ridge(alpha=100.0), X[:ROWS], given, X[ROWS:], labels[ROWS:], empty_value=0.0)
    found = spex.explain(game, budget=arguments.calls, index="BV", store=arguments.store)
    values = found.single_values("BV").values

    ends = np.ones((2, game.n), dtype=bool)
    ends[1] = values >= np.sort(values)[FLIPPED]
    all_rows, without = game(ends)
    share = np.isin(values.argsort()[:FLIPPED], wrong).mean()
    print(f"{game}\n{found}\n")
    print(f"Of the {FLIPPED} rows with the smallest values, {share:.0%} have a wrong label; by chance 10%.")
    print(f"R² on test data: {all_rows:.3f} with all rows, {without:.3f} without these.")


if __name__ == "__main__":
    main()
