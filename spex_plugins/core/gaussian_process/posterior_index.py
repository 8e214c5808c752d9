"""Indices of a Gaussian process in closed form, with their uncertainty.

An index is linear in the function, so that its posterior is normal: Bayesian quadrature (O'Hagan 1991) of
Shapley values, interactions and Fourier coefficients alike. Its covariance with the samples is a sum over
all supersets of a set, in which the prior variances of Fourier coefficients and the characters of the
samples are products over features; `index_quadrature` reduces it to a sum over a few nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.gaussian_process.quadrature import index_quadrature
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.product_kernel import ProductKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["index_covariance", "index_deviations"]

_BLOCK = 1 << 22  # entries of a covariance in memory at the same time


def index_covariance(
    kernel: MaskKernel, masks: BoolArray, supports: IntArray, index: str, order: int
) -> tuple[FloatArray, FloatArray]:
    """Return the prior variances of an index, and its prior covariances with the values of samples.

    Parameters
    ----------
    kernel : MaskKernel
    masks : ndarray of bool, shape (m, n)
    supports : ndarray of int, shape (U, d)
        Distinct sets.
    index, order
        As in `Spectrum.convert`.

    Returns
    -------
    covariance : ndarray of float64, shape (m, U)
    variance : ndarray of float64, shape (U,)
    """
    own = _of_characters(kernel, supports, index, order)  # (T, U)
    covariance = kernel.characters(masks).T @ (kernel.variances[:, None] * own)
    variance = kernel.variances @ own**2
    sizes = sets.orders_of(supports, kernel.n)
    for size in np.unique(sizes).tolist():
        of_size = sizes == size
        rows = supports[of_size, :size]
        nodes, weights, squared = index_quadrature(index, order, size, kernel.n)
        covariance[:, of_size] += _with_samples(kernel.product, masks, rows, nodes, weights)
        variance[of_size] += _prior_variance(kernel.product, rows, nodes, squared)
    return covariance, variance


def index_deviations(
    kernel: MaskKernel,
    masks: BoolArray,
    solve: Callable[[FloatArray], FloatArray],
    supports: IntArray,
    index: str,
    order: int,
) -> FloatArray:
    """Return the posterior standard deviations of an index, of functions with unit variance, shape (U,).

    ``solve`` takes (m, U) and multiplies it by the inverse of the samples' covariance matrix.
    """
    out = np.empty(len(supports))
    for block in _blocks(len(supports), len(masks)):
        covariance, variance = index_covariance(kernel, masks, supports[block], index, order)
        out[block] = np.sqrt(np.maximum(variance - (covariance * solve(covariance)).sum(axis=0), 0.0))
    return out


def _blocks(count: int, m: int) -> Iterator[slice]:
    step = max(1, _BLOCK // m)
    for start in range(0, count, step):
        yield slice(start, start + step)


def _of_characters(kernel: MaskKernel, supports: IntArray, index: str, order: int) -> FloatArray:
    """Return the values of the index for every character of the kernel, shape (T, U)."""
    n, count = kernel.n, len(supports)
    characters = Spectrum.from_terms(n, kernel.supports, np.eye(len(kernel.supports)))
    found, values = characters.convert(index, order)
    # One table with the numbers of all requested sets, and the values of those that have any.
    numbers = np.concatenate([np.arange(count) + 1.0, np.zeros(len(found))])
    table = np.column_stack([numbers, np.concatenate([np.zeros((count, values.shape[1])), values])])
    _, merged = sets.merge(sets.combine([supports, found], n), table, n)
    asked = merged[:, 0] > 0
    out = np.empty((values.shape[1], count))
    out[:, merged[asked, 0].astype(np.intp) - 1] = merged[asked, 1:].T
    return out


def _with_samples(
    kernel: ProductKernel, masks: BoolArray, rows: IntArray, nodes: FloatArray, weights: FloatArray
) -> FloatArray:
    """Return the prior covariance of every sample's value with the index at every row (U, t), (m, U)."""
    out = np.zeros((len(masks), len(rows)))
    for amplitude, e in zip(kernel.amplitudes, kernel.correlations, strict=True):
        # The factor of a feature outside the set, for samples that keep it and that mask it, (P, n).
        kept, lacking = _factor(-nodes, e), _factor(nodes, e)
        log = masks @ np.log(kept / lacking).T + np.log(lacking).sum(axis=1)
        polynomial = np.exp(log) * (amplitude * weights)  # (m, P)
        inside = np.stack([(1 - e) / 2 / lacking, (e - 1) / 2 / kept])  # (2, P, n): replaces it
        for states in product((False, True), repeat=rows.shape[1]):
            met = np.ones((len(masks), len(rows)), dtype=bool)
            ratio = np.ones((len(nodes), len(rows)))
            for state, features in zip(states, rows.T, strict=True):
                met &= masks[:, features] == state
                ratio *= inside[int(state)][:, features]
            out += np.where(met, polynomial @ ratio, 0.0)
    return out


def _prior_variance(
    kernel: ProductKernel, rows: IntArray, nodes: FloatArray, squared: FloatArray
) -> FloatArray:
    """Return the prior variance of the index at every row (U, t), shape (U,)."""
    out = np.zeros(len(rows))
    for amplitude, e in zip(kernel.amplitudes, kernel.correlations, strict=True):
        factors = _factor(nodes, e)
        polynomial = np.exp(np.log(factors).sum(axis=1)) * (amplitude * squared)  # (P,)
        out += polynomial @ ((1 - e) / 2 / factors)[:, rows].prod(axis=2)
    return out


def _factor(nodes: FloatArray, correlations: FloatArray) -> FloatArray:
    """Return (1 + e)/2 + u (1 − e)/2 for every node and feature, shape (P, n)."""
    return ((1 + correlations) + nodes[:, None] * (1 - correlations)) / 2
