"""A game of known interactions, and short comparisons on it."""

from __future__ import annotations

import numpy as np

import spex_plugins as spex


class Game:
    """2 x0 + 3 x1 x2 − x3 x4 x5 + 1 of n features, which counts every mask that it evaluates."""

    def __init__(self, n=14, fingerprint="game 1"):
        self.n, self.fingerprint = n, fingerprint
        self.asked = []

    def __call__(self, masks):
        self.asked += [mask.tobytes() for mask in masks]
        m = masks.astype(float)
        return 1 + 2 * m[:, 0] + 3 * m[:, 1] * m[:, 2] - m[:, 3] * m[:, 4] * m[:, 5]


SHAPLEY = np.array([2, 1.5, 1.5, -1 / 3, -1 / 3, -1 / 3])


def shapley(n=14):
    return np.append(SHAPLEY, np.zeros(n - 6))


def compared(game=None, **arguments):
    settings = {"methods": ["auto"], "budgets": 60, "held_out": 80, "progress": False} | arguments
    return spex.compare(Game() if game is None else game, **settings)


def run_of(report, method, **cell):
    (found,) = [
        run
        for run in report.runs
        if run.cell.method == method and all(getattr(run.cell, name) == value for name, value in cell.items())
    ]
    return found


def ask_uniform(value_function, n, budget, seed):
    """Fit nothing: the values of the first features, after asking for as many masks as allowed."""
    value_function(np.random.default_rng(seed).random((budget, n)) < 0.5)
    return shapley(n)
