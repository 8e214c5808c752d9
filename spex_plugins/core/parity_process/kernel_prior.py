"""Kernels of earlier functions of the same features, from which the search for another one begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.core.parity_process.likelihood import PartKernel
from spex_plugins.types import FloatArray

__all__ = ["KernelPrior", "mean_kernel"]


KernelPrior = Mapping[int, PartKernel]
"""The kernels of the odd (−1) and of the even (1) part of earlier functions."""


def mean_kernel(log_rates: Sequence[FloatArray], kernels: Sequence[PartKernel]) -> PartKernel:
    """Return the kernel with the means of the logs of all parameters.

    Parameters
    ----------
    log_rates : sequence of ndarray of float64, shape (n,)
        Of each kernel, in the order of the features; NaN where a feature is unknown. A feature that no kernel
        knows gets the mean rate of all, such that the sum over n features is as large as theirs.
    kernels : sequence of PartKernel
        Of any features.
    """
    rates, n = np.array(log_rates), len(log_rates[0])
    everywhere = np.mean(
        [np.log(one.product.rates).mean() + np.log(len(one.product.rates)) for one in kernels]
    )
    known = ~np.isnan(rates)
    total = np.where(known, rates, 0.0).sum(axis=0)
    means = np.where(known.any(axis=0), total / np.maximum(known.sum(axis=0), 1), everywhere - np.log(n))
    amplitudes = np.exp(np.mean([np.log(one.product.amplitudes) for one in kernels], axis=0))
    noise = float(np.exp(np.mean([np.log(one.noise) for one in kernels])))
    return PartKernel(ProductKernel(np.exp(means), amplitudes), noise)
