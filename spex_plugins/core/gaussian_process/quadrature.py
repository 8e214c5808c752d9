"""Quadrature of the sums over all supersets of a set in an index.

An index is I(T) = Σ_{S ⊇ T} w(|S|, |T|) F(S). If F(S) is a product over the features of S, the terms of one
size sum to an elementary symmetric polynomial e_k of the features outside T, and the sum is a
linear functional of the polynomial

    P(u) = Π_{i ∉ T} (1 + u z_i) = Σ_k e_k u^k    ↦    Σ_k w(|T| + k, |T|) e_k = Σ_l c_l P(u_l)

The weights of the Gauss–Legendre nodes u_l follow from the values of the functional at the Legendre
polynomials, in exact arithmetic, as these have alternating coefficients. For the Shapley value it is the
integral over the diagonal u = 1 − 2p of the multilinear extension (Owen 1972).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import comb, lcm

import numpy as np

from spex_plugins.core.basis.indices import index_weight
from spex_plugins.types import FloatArray

__all__ = ["index_nodes", "index_quadrature"]

_MOST_NODES = 64  # exact for as many features; beyond, P is smooth


def index_nodes(index: str, order: int, size: int, n: int) -> tuple[FloatArray, FloatArray]:
    """Return the nodes and weights of `index_quadrature`; one node for Fourier coefficients, of T alone."""
    if index == "Fourier":
        return np.zeros(1), np.ones(1)
    return index_quadrature(index, order, size, n)[:2]


@lru_cache(maxsize=256)
def index_quadrature(index: str, order: int, size: int, n: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the nodes of an index and their weights for the sets of one size.

    Parameters
    ----------
    index, order
        As in `spex_plugins.core.basis.spectrum.Spectrum.convert`.
    size : int
        |T|.
    n : int
        Number of features.

    Returns
    -------
    nodes : ndarray of float64, shape (P,)
        u_l in (−1, 1).
    weights, squared : ndarray of float64, shape (P,)
        c_l for the weights w of the index, and for w².
    """
    count = min(n - size + 1, _MOST_NODES)
    nodes, lengths = np.polynomial.legendre.leggauss(count)
    w = [index_weight(index, order, size + k, size) for k in range(count)]
    legendre = np.polynomial.legendre.legvander(nodes, count - 1) * (np.arange(count) + 0.5)
    weights, squared = (
        lengths * (legendre @ _at_legendre(values)) for values in (w, [value**2 for value in w])
    )
    return nodes, weights, squared


def _at_legendre(values: list[Fraction]) -> FloatArray:
    """Return the functional u^k ↦ values[k] at the Legendre polynomials of the degrees below len(values)."""
    common = lcm(*(value.denominator for value in values))
    whole = [int(value * common) for value in values]
    out = np.empty(len(values))
    for j in range(len(values)):
        total = sum(
            (-1) ** k * comb(j, k) * comb(2 * j - 2 * k, j) * whole[j - 2 * k] for k in range(j // 2 + 1)
        )
        out[j] = Fraction(total, common * 2**j)
    return out
