"""Sets of features that are likely to matter, from the learned rates of a product kernel.

With the characters χ_S a factor of the kernel reads (1 + e_i)/2 + (1 − e_i)/2 · χ_i(x) χ_i(y), so that the
Fourier coefficient F(S) of a function drawn with this kernel has the variance

    Σ_q a_q Π_i (1 + e_qi)/2 · Π_{i∈S} (1 − e_qi)/(1 + e_qi)
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.product_kernel import ProductKernel
from spex_plugins.types import FloatArray, IntArray

__all__ = ["likely_sets", "prior_variances"]

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
            best = np.argsort(-prior_variances(kernel, rows), kind="stable")[:count]
            found.append(rows[best])
    return sets.combine(found, n)


def prior_variances(kernel: ProductKernel, rows: IntArray) -> FloatArray:
    """Return the prior variance of the Fourier coefficient of every set of one order, shape (T,)."""
    out = np.zeros(len(rows))
    for amplitude, e in zip(kernel.amplitudes, kernel.correlations, strict=True):
        out += amplitude * np.prod((1 + e) / 2) * ((1 - e) / (1 + e))[rows].prod(axis=1)
    return out
