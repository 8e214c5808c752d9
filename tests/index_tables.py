"""Every index as a matrix on the 2^n values, from the definitions over all masks."""

from __future__ import annotations

from functools import cache

import numpy as np
import oracles

from spex_plugins.core.basis import feature_sets as sets

INDICES = ("Fourier", "Moebius", "SV", "BV", "SII", "BII", "k-SII", "STII", "FSII", "FBII")
CASES = [(symbol, order) for symbol in INDICES for order in ((1,) if symbol in ("SV", "BV") else (1, 2, 3))]


def sets_of(n, order):
    return sets.combine([sets.all_of_order(n, size) for size in range(order + 1)], n)


@cache
def index_matrix(symbol, order, n):
    """Return (U, 2^n): what the value of every mask gives to every set of `sets_of`."""
    rows = sets.to_sets(sets_of(n, order), n)
    columns = []
    for unit in np.eye(2**n):
        values = oracles.index(symbol, unit, order)
        columns.append([float(values.get(s, 0.0)) for s in rows])
    return np.array(columns).T
