"""Sets of features that are likely to matter, from the learned rates of a product kernel."""

from __future__ import annotations

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.product_kernel import ProductKernel
from spex_plugins.types import IntArray

__all__ = ["likely_sets"]

# Of every order so many sets are proposed, among so many features with the largest rates.
_PROPOSED = {2: (200, 2000), 3: (100, 24), 4: (25, 12)}


def likely_sets(kernel: ProductKernel, max_order: int) -> IntArray:
    """Return the sets of two to four features with the largest prior variances, shape (T, d)."""
    n = len(kernel.rates)
    ranked = np.argsort(-kernel.rates, kind="stable").astype(np.int32)
    found = [np.empty((0, 0), dtype=np.int32)]
    for order, (count, among) in _PROPOSED.items():
        if order <= max_order:
            features = np.sort(ranked[:among])
            rows = features[sets.all_of_order(len(features), order)]
            best = np.argsort(-kernel.prior_variances(rows), kind="stable")[:count]
            found.append(rows[best])
    return sets.combine(found, n)
