"""Indices of a function with a `SizedKernel` as its prior, in closed form (O'Hagan 1991).

An index is I(T) = Σ_{S ⊇ T} w(|S|, |T|) F(S). Of one feature, as a function of x_i, the kernel is
g = (g(masked), g(kept)) with the Fourier coefficients (g₀ + g₁)/2 and (g₀ − g₁)/2. So Σ_S z^|S∖T| F(S) is a
product over features, of (g₀ + g₁)/2 + z (g₀ − g₁)/2 outside T and of (g₀ − g₁)/2 inside, and
`index_quadrature` computes the sum with the weights of the index.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.gaussian_process.quadrature import index_quadrature
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["index_covariance", "index_variance"]


def index_covariance(
    kernel: SizedKernel, masks: BoolArray, supports: IntArray, index: str, order: int
) -> FloatArray:
    """Return the prior covariance of values at masks (m, n) and the index of sets (U, d), shape (m, U)."""
    out = np.zeros((len(masks), len(supports)))
    sizes = sets.orders_of(supports, kernel.n)
    for size in np.unique(sizes).tolist():
        of_size = np.flatnonzero(sizes == size)
        nodes, weights = _nodes(index, order, size, kernel.n)
        out[:, of_size] = _covariance(kernel, masks, supports[of_size, :size], nodes, weights)
    return out


def index_variance(kernel: SizedKernel, supports: IntArray, index: str, order: int) -> FloatArray:
    """Return the prior variance of the index at sets (U, d), shape (U,)."""
    out = np.empty(len(supports))
    sizes = sets.orders_of(supports, kernel.n)
    for size in np.unique(sizes).tolist():
        of_size = np.flatnonzero(sizes == size)
        nodes, weights = _nodes(index, order, size, kernel.n)
        out[of_size] = _variance(kernel, supports[of_size, :size], nodes, weights)
    return out


def _nodes(index: str, order: int, size: int, n: int) -> tuple[FloatArray, FloatArray]:
    if index == "Fourier":  # T only
        return np.zeros(1), np.ones(1)
    return index_quadrature(index, order, size, n)[:2]


def _terms(kernel: SizedKernel) -> list[tuple[float, FloatArray, float]]:
    """Return the factor of all features together, e (n,), and τ of every scale."""
    tau = np.exp(kernel.tilts / kernel.n)
    alone = kernel.amplitudes * np.exp(-kernel.tilts)
    return list(zip(alone.tolist(), kernel.correlations, tau.tolist(), strict=True))


def _covariance(
    kernel: SizedKernel, masks: BoolArray, rows: IntArray, nodes: FloatArray, weights: FloatArray
) -> FloatArray:
    out = np.zeros((len(masks), len(rows)))
    part = np.empty_like(out)
    states = [
        (state, np.logical_and.reduce([masks[:, f] == s for s, f in zip(state, rows.T, strict=True)]))
        for state in product((False, True), repeat=rows.shape[1])
    ]
    for alone, e, tau in _terms(kernel):
        # For features that a sample masks, and that it keeps.
        lacking, lacking_in = _outside(1.0, e * tau, nodes), (1 - e * tau) / 2
        kept, kept_in = _outside(e * tau, tau**2, nodes), (e * tau - tau**2) / 2
        log = masks @ np.log(kept / lacking).T + np.log(lacking).sum(axis=1)
        polynomial = np.exp(log, out=log)
        polynomial *= alone * weights  # (m, P)
        inside = np.stack([lacking_in / lacking, kept_in / kept])  # (2, P, n): replaces it
        for state, met in states:
            ratio = np.ones((len(nodes), len(rows)))
            for s, features in zip(state, rows.T, strict=True):
                ratio *= inside[int(s)][:, features]
            np.matmul(polynomial, ratio, out=part)
            np.add(out, part, out=out, where=met)
    return out


def _variance(kernel: SizedKernel, rows: IntArray, nodes: FloatArray, weights: FloatArray) -> FloatArray:
    out = np.zeros(len(rows))
    masked, kept = (1 + nodes) / 2, (1 - nodes) / 2  # weights of the two values of a feature outside T
    neither, mixed = np.multiply.outer(masked, masked), np.multiply.outer(masked, kept)
    both, mixed = np.multiply.outer(kept, kept), mixed + mixed.T
    neither, mixed, both = (part.reshape(-1, 1) for part in (neither, mixed, both))
    together = np.multiply.outer(weights, weights).ravel()
    for alone, e, tau in _terms(kernel):
        factor = neither + mixed * (e * tau) + both * tau**2
        polynomial = np.exp(np.log(factor).sum(axis=1)) * (alone * together)  # (P²,)
        inside = (1 - 2 * e * tau + tau**2) / 4 / factor
        ratio = np.ones((len(together), len(rows)))
        for features in rows.T:
            ratio *= inside[:, features]
        out += polynomial @ ratio
    return out


def _outside(masked: float | FloatArray, kept: float | FloatArray, nodes: FloatArray) -> FloatArray:
    """Return (g₀ + g₁)/2 + u (g₀ − g₁)/2 for every node u and feature, shape (P, n)."""
    u = nodes[:, None]
    return (1 + u) / 2 * masked + (1 - u) / 2 * kept
