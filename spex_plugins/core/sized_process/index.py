"""Indices of a function with a `SizedKernel` as its prior, in closed form (O'Hagan 1991).

An index is I(T) = Σ_{S ⊇ T} w(|S|, |T|) F(S). Of one feature, as a function of x_i, the kernel is
g = (g(masked), g(kept)) with the Fourier coefficients (g₀ + g₁)/2 and (g₀ − g₁)/2. So Σ_S z^|S∖T| F(S) is a
product over features, of (g₀ + g₁)/2 + z (g₀ − g₁)/2 outside T and of (g₀ − g₁)/2 inside, and
`index_quadrature` computes the sum with the weights of the index.

The factor of a feature in T is even + odd χ_i(x) as a function of the sample x. So the product over T is a
sum over the subsets R of T of Π_{i∈R} odd_i Π_{i∈T∖R} even_i χ_R(x), and an expansion Σ_j k(·, x_j) w_j needs
only sums of characters over samples: no value for each sample and set.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import project
from spex_plugins.core.gaussian_process.quadrature import index_nodes
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["expansion_index", "index_covariance", "index_variance", "most_nodes"]


def index_covariance(
    kernel: SizedKernel, masks: BoolArray, supports: IntArray, index: str, order: int
) -> FloatArray:
    """Return the prior covariance of values at masks (m, n) and the index of sets (U, d), shape (m, U)."""
    out = np.zeros((len(masks), len(supports)))
    sizes = sets.orders_of(supports, kernel.n)
    for size in np.unique(sizes).tolist():
        of_size = np.flatnonzero(sizes == size)
        nodes, weights = index_nodes(index, order, size, kernel.n)
        out[:, of_size] = _covariance(kernel, masks, supports[of_size, :size], nodes, weights)
    return out


def expansion_index(
    kernel: SizedKernel, masks: BoolArray, weights: FloatArray, supports: IntArray, index: str, order: int
) -> FloatArray:
    """Return an index of Σ_j k(·, x_j) w_j, masks (m, n) and weights (m,), at sets (U, d), shape (U,)."""
    out = np.zeros(len(supports))
    sizes = sets.orders_of(supports, kernel.n)
    rules = {size: index_nodes(index, order, size, kernel.n) for size in np.unique(sizes).tolist()}
    for count in {len(nodes) for nodes, _ in rules.values()}:  # the nodes depend on their number only
        same = {size: rule for size, rule in rules.items() if len(rule[0]) == count}
        members = {size: np.flatnonzero(sizes == size) for size in same}
        rows = {size: supports[members[size], :size] for size in same}
        subsets = [_subsets(part, kernel.n, supports.shape[1]) for part in rows.values()]
        distinct, number = np.unique(np.concatenate(subsets), axis=0, return_inverse=True)
        numbers = np.split(number.ravel(), np.cumsum([len(part) for part in subsets])[:-1])
        for alone, e, tau in _terms(kernel):
            polynomial, inside = _factors(masks, e, tau, next(iter(same.values()))[0])
            sums = project(masks, distinct, polynomial * (alone * weights)[:, None])
            parts = np.stack([inside.sum(axis=0), inside[0] - inside[1]]) / 2  # even, odd
            for (size, (_, of_nodes)), found in zip(same.items(), numbers, strict=True):
                of_subsets = found.reshape(-1, len(rows[size]))
                for state, at in zip(product((0, 1), repeat=size), of_subsets, strict=True):
                    term = sums[at]
                    for part, features in zip(state, rows[size].T, strict=True):
                        term *= parts[part][:, features].T
                    out[members[size]] += term @ of_nodes
    return out


def most_nodes(kernel: SizedKernel, supports: IntArray, index: str, order: int) -> int:
    """Return the number of nodes of an index, at which `expansion_index` has a value for each set."""
    sizes = np.unique(sets.orders_of(supports, kernel.n)).tolist()
    return max((len(index_nodes(index, order, size, kernel.n)[0]) for size in sizes), default=1)


def index_variance(kernel: SizedKernel, supports: IntArray, index: str, order: int) -> FloatArray:
    """Return the prior variance of the index at sets (U, d), shape (U,)."""
    out = np.empty(len(supports))
    sizes = sets.orders_of(supports, kernel.n)
    for size in np.unique(sizes).tolist():
        of_size = np.flatnonzero(sizes == size)
        nodes, weights = index_nodes(index, order, size, kernel.n)
        out[of_size] = _variance(kernel, supports[of_size, :size], nodes, weights)
    return out


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
        polynomial, inside = _factors(masks, e, tau, nodes)
        polynomial *= alone * weights
        for state, met in states:
            ratio = np.ones((len(nodes), len(rows)))
            for s, features in zip(state, rows.T, strict=True):
                ratio *= inside[int(s)][:, features]
            np.matmul(polynomial, ratio, out=part)
            np.add(out, part, out=out, where=met)
    return out


def _factors(masks: BoolArray, e: FloatArray, tau: float, nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the products over all features outside T, (m, P), and what replaces those in T, (2, P, n)."""
    # For features that a sample masks, and that it keeps.
    lacking, lacking_in = _outside(1.0, e * tau, nodes), (1 - e * tau) / 2
    kept, kept_in = _outside(e * tau, tau**2, nodes), (e * tau - tau**2) / 2
    log = masks @ np.log(kept / lacking).T + np.log(lacking).sum(axis=1)
    return np.exp(log, out=log), np.stack([lacking_in / lacking, kept_in / kept])


def _subsets(rows: IntArray, n: int, width: int) -> IntArray:
    """Return all subsets of sets (U, s) of one size, (2^s U, width) with n in the empty slots."""
    kept = np.array(list(product((False, True), repeat=rows.shape[1])), dtype=bool)
    chosen = np.where(kept[:, None], rows, np.int32(n))
    padded = np.pad(chosen, ((0, 0), (0, 0), (0, max(width, 1) - rows.shape[1])), constant_values=n)
    return np.sort(padded.reshape(-1, max(width, 1)), axis=1)


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
