"""Explanations of small random functions, of every kind of fitted function."""

from __future__ import annotations

from math import comb

import numpy as np
from games import random_spectrum

import spex_plugins as spex

NAMES = ("not", "good", "not", "a_b & {c}", "מילה", "🙂", "x" * 200, "$5", "at", "all", "of", "it", "is")


def explained(n=6, outputs=None, seed=0, order=3, **settings):
    """The result of `explain` at a random spectrum: exact where the budget allows all masks."""
    count = min(2 * n, sum(comb(n, size) for size in range(1, order + 1)))
    truth = random_spectrum(n, count, min(order, n), np.random.default_rng(seed), outputs)
    names = (NAMES * (1 + n // len(NAMES)))[:n]
    options = {"budget": 2**n, "feature_names": names, "seed": 0, "progress": False, **settings}
    return spex.explain(truth.predict, n, **options)
