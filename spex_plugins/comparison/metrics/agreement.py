"""Agreement between the explanations of several seeds."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from spex_plugins.comparison.metrics.ties import levels
from spex_plugins.types import FloatArray

__all__ = ["agreement"]


def agreement(values: Sequence[FloatArray]) -> float:
    """Return the mean rank correlation (Spearman) of single values (n,), over all pairs of seeds.

    Values that are equal up to rounding have the same rank. NaN with fewer than two seeds or features, or
    where all values of a seed are equal.
    """
    from scipy.stats import rankdata

    ranks = [rankdata(levels(one)) for one in values]
    found = []
    for one, other in combinations(ranks, 2):
        spread = one.std() * other.std()
        product = ((one - one.mean()) * (other - other.mean())).mean()
        found.append(product / spread if spread > 0 else np.nan)
    return float(np.mean(found)) if found else float("nan")
