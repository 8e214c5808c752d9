"""The Fourier spectrum of a Gaussian process: posterior means of its coefficients, in closed form.

The prior covariance of F(S) with the value at a mask x is p_S χ_S(x), p_S its prior variance, so that

    E[F(S) | y] = p_S Σ_j α_j χ_S(x_j)

Of the 2^n coefficients few are large: those of low order and, hierarchically, those of the features with the
largest rates.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import project
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.types import IntArray

__all__ = ["posterior_spectrum"]

# Number of features with the largest rates, all of whose sets of an order are computed.
_AMONG = {2: 1000, 3: 45, 4: 22, 5: 16}
_KEPT = 2000  # terms; further ones change the prediction by less than its error


def posterior_spectrum(process: GaussianProcess, max_order: int) -> Spectrum:
    """Return the terms of largest energy, of up to ``max_order`` features; coefficients (T, K)."""
    kernel, n = process.kernel, process.masks.shape[1]
    parts = [
        *_candidates(kernel, max_order),
        kernel.supports[sets.orders_of(kernel.supports, n) <= max_order],
    ]
    sums = np.concatenate([project(process.masks, rows, process.weights) for rows in parts])
    rows = sets.combine(parts, n)
    # A set that occurs twice has equal sums, of which the mean is taken.
    rows, merged = sets.merge(rows, np.column_stack([np.ones(len(rows)), sums]), n)
    sums = merged[:, 1:] / merged[:, :1]
    coefficients = process.spread * kernel.prior_variances(rows)[:, None] * sums
    coefficients[sets.orders_of(rows, n) == 0] += process.mean
    # The constant is excluded from the choice; outputs have their own units.
    share = ((coefficients / np.where(process.spread > 0, process.spread, 1.0)) ** 2).sum(axis=1)
    share[sets.orders_of(rows, n) == 0] = np.inf
    best = np.sort(np.argsort(-share, kind="stable")[:_KEPT])
    return Spectrum.from_terms(n, rows[best], coefficients[best])


def _candidates(kernel: MaskKernel, max_order: int) -> list[IntArray]:
    n = kernel.n
    ranked = np.argsort(-kernel.product.rates, kind="stable").astype(np.int32)
    found = [np.empty((1, 0), dtype=np.int32), sets.singletons(n)]
    for order, among in _AMONG.items():
        features = np.sort(ranked[:among])
        if order <= min(max_order, len(features)):
            found.append(features[sets.all_of_order(len(features), order)])
    return found
