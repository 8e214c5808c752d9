"""Feature sets with large prior variances under a learned kernel."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.types import IntArray

__all__ = ["likely_sets"]

# Number of sets of every order, and of the features with the largest rates that they are made of.
_PROPOSED = {2: (200, 2000), 3: (100, 24), 4: (25, 12)}


def likely_sets(kernel: MaskKernel, max_order: int) -> IntArray:
    """Return the significant sets, and the sets of 2 to 4 features of largest prior variance, (T, d)."""
    n = kernel.n
    ranked = np.argsort(-kernel.product.rates, kind="stable").astype(np.int32)
    sizes = sets.orders_of(kernel.supports, n)
    found = [kernel.supports[(sizes > 1) & (sizes <= max_order)]]
    for order, (count, among) in _PROPOSED.items():
        if order <= max_order:
            features = np.sort(ranked[:among])
            rows = features[sets.all_of_order(len(features), order)]
            best = np.argsort(-kernel.product.prior_variances(rows), kind="stable")[:count]
            found.append(rows[best])
    together = sets.combine(found, n)
    return sets.merge(together, np.zeros(len(together)), n)[0]
