"""Sums of waves, Re Σ_l γ_l exp(i θ_l · x), whose indices have a closed form.

Every wave is a product over features, of 1 where the feature is masked and ρ = exp(i θ) where it is kept.
With the Fourier coefficients (1 ± ρ)/2 of a factor, an index is computed as in
`spex_plugins.core.sized_process.index`: by products of (1 + ρ)/2 + u (1 − ρ)/2 over the features outside a
set and of (1 − ρ)/2 inside, at the nodes u of a quadrature.

A function g of a weighted sum w · x becomes such a sum by its Fourier extension (Boyd 2002): a trigonometric
polynomial of a period longer than the range of w · x that is as near to g as possible within the range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.gaussian_process.quadrature import index_nodes
from spex_plugins.core.logistic.curve import LogisticCurve
from spex_plugins.types import BoolArray, ComplexArray, FloatArray, IntArray

__all__ = ["WaveSum", "side_by_side", "waves_of"]

_PERIOD = 1.5  # of the extension, in ranges
_BASE, _PER_WIDTH = 10, 1.0  # number of waves: that of a straight line, and more for every width of the curve
_LEAST_WIDTH = 1e-6  # of a curve that is a constant
_POINTS = 6  # where both are compared, per wave
_CUT = 1e-12  # share of the singular values that is noise
_PER_PRODUCT = 8  # pairs that a matrix product computes in the time of one elsewhere
_BLOCK = 1 << 21  # complex entries of a matrix in memory at the same time


@dataclass(frozen=True, eq=False)
class WaveSum:
    """The function of K outputs, each with waves of its own.

    Attributes
    ----------
    phases : ndarray of float64, shape (L, n)
        θ.
    weights : ndarray of complex128, shape (L,)
        γ.
    outputs : ndarray of int, shape (L,)
        The output that every wave belongs to.
    n_outputs : int
        K.
    """

    phases: FloatArray
    weights: ComplexArray
    outputs: IntArray
    n_outputs: int

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the function at masks (l, n), shape (l, K)."""
        out = np.empty((len(masks), self.n_outputs))
        own = np.equal.outer(self.outputs, np.arange(self.n_outputs)).astype(np.float64)
        step = max(1, _BLOCK // max(len(self.phases), 1))
        for start in range(0, len(masks), step):
            block = slice(start, start + step)
            waves = np.exp(1j * (masks[block] @ self.phases.T)) * self.weights
            out[block] = waves.real @ own
        return out

    def index(self, supports: IntArray, index: str, order: int) -> FloatArray:
        """Return an index of sets (U, d), shape (U, K)."""
        n = self.phases.shape[1]
        out = np.zeros((len(supports), self.n_outputs))
        sizes = sets.orders_of(supports, n)
        for size in np.unique(sizes).tolist():
            of_size = np.flatnonzero(sizes == size)
            nodes, rule = index_nodes(index, order, size, n)
            for k in range(self.n_outputs):
                own = self.outputs == k
                outside, ratios = _factors(self.phases[own], nodes)
                factors = (rule[:, None] * outside * self.weights[own]).ravel()
                out[of_size, k] = _sums_of_products(factors, ratios, supports[of_size, :size])
        return out

    def output(self, columns: IntArray) -> WaveSum:
        """Return some outputs, ``columns`` of shape (K',)."""
        found = [np.flatnonzero(self.outputs == column) for column in columns]
        rows = np.concatenate([np.empty(0, dtype=np.intp), *found])
        numbers = np.repeat(np.arange(len(columns)), [len(some) for some in found])
        return WaveSum(self.phases[rows], self.weights[rows], numbers, len(columns))

    def scaled(self, factor: FloatArray) -> WaveSum:
        """Return the function times ``factor`` (K,) or ()."""
        factors = np.broadcast_to(factor, self.n_outputs)
        return replace(self, weights=self.weights * factors[self.outputs])

    def parts(self, odd: FloatArray, even: FloatArray) -> WaveSum:
        """Return the odd part (f(x) − f(x̄)) / 2 times a factor (K,) plus the even part times another."""
        opposite = np.conj(self.weights * np.exp(1j * self.phases.sum(axis=1)))
        own, other = ((even + odd) / 2)[self.outputs], ((even - odd) / 2)[self.outputs]
        return replace(self, weights=own * self.weights + other * opposite)


def side_by_side(functions: Sequence[WaveSum]) -> WaveSum:
    """Return the outputs of one function after the other."""
    starts = np.cumsum([0, *(one.n_outputs for one in functions)])
    outputs = [one.outputs + start for one, start in zip(functions, starts[:-1], strict=True)]
    phases, weights = [one.phases for one in functions], [one.weights for one in functions]
    return WaveSum(np.concatenate(phases), np.concatenate(weights), np.concatenate(outputs), int(starts[-1]))


def waves_of(curve: LogisticCurve, factor: float = 1.0, constant: float = 0.0) -> WaveSum:
    """Return a sum of waves that is near to a logistic curve at all masks, times a factor plus a constant."""
    from scipy.special import expit

    low = curve.shift - np.abs(curve.slopes).sum() / 2
    width = max(float(np.abs(curve.slopes).sum()), _LEAST_WIDTH)
    count = int(_BASE + _PER_WIDTH * width)
    frequencies = 2 * np.pi / (_PERIOD * width) * np.arange(count)
    # Chebyshev's points, which are dense at the ends of the range
    points = (1 - np.cos(np.pi * (np.arange(_POINTS * count) + 0.5) / (_POINTS * count))) / 2 * width
    angles = np.multiply.outer(points, frequencies)
    basis = np.hstack([np.cos(angles), np.sin(angles[:, 1:])])
    found = np.linalg.lstsq(basis, expit(low + points), rcond=_CUT)[0]
    weights = found[:count].astype(np.complex128)
    weights[1:] -= 1j * found[count:]
    # The sum begins at its least value `low`, and every slope is counted from the masked feature.
    weights *= np.exp(1j * frequencies * (np.abs(curve.slopes) - curve.slopes).sum() / 2)
    weights *= factor * curve.height
    weights[0] += factor * curve.offset + constant
    phases = np.multiply.outer(frequencies, curve.slopes)
    return WaveSum(phases, weights, np.zeros(count, dtype=np.intp), 1)


def _factors(phases: FloatArray, nodes: FloatArray) -> tuple[ComplexArray, ComplexArray]:
    """Return the products over all features outside a set, (P, L), and what replaces one inside, (P L, n)."""
    kept = np.exp(1j * phases)
    outside = (1 + kept) / 2 + nodes[:, None, None] * (1 - kept) / 2
    ratios = (1 - kept) / 2 / outside
    return outside.prod(axis=2), ratios.reshape(-1, phases.shape[1])


def _sums_of_products(factors: ComplexArray, ratios: ComplexArray, rows: IntArray) -> FloatArray:
    """Return Re Σ_l a_l Π_{i∈T} r_li of sets T of one size (U, s), shape (U,)."""
    n = ratios.shape[1]
    if rows.shape[1] == 2 and _PER_PRODUCT * len(rows) > n**2:
        of_all = ((factors[:, None] * ratios).T @ ratios).real
        return of_all[rows[:, 0], rows[:, 1]]
    out, step = np.empty(len(rows)), max(1, _BLOCK // max(len(factors), 1))
    for start in range(0, len(rows), step):
        block = slice(start, start + step)
        product = np.ones((len(factors), len(rows[block])), dtype=np.complex128)
        for features in rows[block].T:
            product *= ratios[:, features]
        out[block] = (factors @ product).real
    return out
