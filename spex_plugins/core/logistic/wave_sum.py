"""Sums of waves, Re Σ_l γ_l exp(i θ_l · x), whose indices have a closed form.

Every wave is a product over features, of 1 where the feature is masked and ρ = exp(i θ) where it is kept.
With the Fourier coefficients (1 ± ρ)/2 of a factor, an index is computed as in
`spex_plugins.core.sized_process.index`: by products of (1 + ρ)/2 + u (1 − ρ)/2 over the features outside a
set and of (1 − ρ)/2 inside, at the nodes u of a quadrature.

A function g of a weighted sum w · x becomes such a sum by its Fourier extension (Boyd 2002): a trigonometric
polynomial of a period longer than the range of w · x that is as near to g as possible within the range. A
curve that is steep there needs no fit: the series of a periodic function of such curves is known.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.gaussian_process.quadrature import index_nodes
from spex_plugins.core.logistic.curve import LogisticCurve
from spex_plugins.types import BoolArray, ComplexArray, FloatArray, IntArray

__all__ = ["WaveSum", "side_by_side", "waves_of"]

_PERIOD = 1.5  # of the extension, in ranges
_BASE, _PER_WIDTH = 10, 1.0  # number of waves: that of a straight line, and more for every width of the curve
_LEAST_WIDTH = 1e-6  # of a curve that is a constant
_POINTS = 4  # where both are compared, per wave
_STEP = 16  # numbers of waves are multiples, and factors for the same number are kept
_STEEP = 100.0  # range of w · x in widths of the curve, beyond which a series in closed form is shorter
_DECAY = 24.0  # exponent of what is neglected there
_CUT = 1e-12  # share of the singular values that is noise
_PER_PRODUCT = 8  # pairs that a matrix product computes in the time of one elsewhere
_BLOCK = 1 << 20  # complex entries of a matrix in memory at the same time


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
            step = max(1, _BLOCK // (len(nodes) * n))
            for k in range(self.n_outputs):
                of_output = np.flatnonzero(self.outputs == k)
                for start in range(0, len(of_output), step):
                    own = of_output[start : start + step]
                    outside, ratios = _factors(self.phases[own], nodes)
                    factors = (rule[:, None] * outside * self.weights[own]).ravel()
                    out[of_size, k] += _sums_of_products(factors, ratios, supports[of_size, :size])
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
    width = float(np.abs(curve.slopes).sum())
    series = _of_many_widths if width > _STEEP else _of_few_widths
    frequencies, weights = series(curve.shift - width / 2, max(width, _LEAST_WIDTH))
    begin = np.exp(1j * frequencies * (curve.shift - curve.slopes.sum() / 2))
    weights = factor * curve.height * weights * begin
    weights[0] += factor * curve.offset + constant
    return WaveSum(
        np.multiply.outer(frequencies, curve.slopes), weights, np.zeros(len(weights), dtype=np.intp), 1
    )


def _of_many_widths(low: float, width: float) -> tuple[FloatArray, ComplexArray]:
    """Return frequencies ω (L,) and weights γ (L,) of Re Σ_l γ_l exp(i ω_l z), near to σ(z) above ``low``.

    The sum of σ(z − k T) − σ(z − k T − T/2) over all k has the period T and a Fourier series in closed form,
    as ∫ σ'(z) exp(−i ω z) dz = π ω / sinh(π ω).
    """
    period = 2 * (max(-low, low + width) + _DECAY)
    count = math.ceil(_DECAY * period / (4 * np.pi**2))
    frequencies = 2 * np.pi / period * (2 * np.arange(count) + 1)
    weights = -4j * np.pi / (period * np.sinh(np.pi * frequencies))
    return np.append(0.0, frequencies), np.append(0.5, weights)


def _of_few_widths(low: float, width: float) -> tuple[FloatArray, ComplexArray]:
    """Return the same by a Fourier extension, which is accurate where all of σ(z) is almost 0, too."""
    from scipy.special import expit

    count = _STEP * math.ceil((_BASE + _PER_WIDTH * width) / _STEP)
    frequencies = 2 * np.pi / (_PERIOD * width) * np.arange(count)
    extension = _extension(count)
    found = extension.coefficients(expit(low + extension.points * width))
    weights = found[:count].astype(np.complex128)
    weights[1:] -= 1j * found[count:]
    return frequencies, weights * np.exp(-1j * frequencies * low)


@dataclass(frozen=True, eq=False)
class _Extension:
    """Least squares for the cosines and sines of a number of waves on the range from 0 to 1.

    Attributes
    ----------
    points : ndarray of float64, shape (p,)
        Where both are compared: Chebyshev's points, which are dense at the ends of the range.
    left, inverse, right : ndarray of float64
        Singular value decomposition, without what is noise.
    """

    points: FloatArray
    left: FloatArray
    inverse: FloatArray
    right: FloatArray

    def coefficients(self, values: FloatArray) -> FloatArray:
        """Return the coefficients of the cosines, then the sines, of values (p,) at the points."""
        return self.right.T @ (self.inverse * (self.left.T @ values))


@lru_cache(maxsize=8)  # many outputs and rows need the same few numbers of waves
def _extension(count: int) -> _Extension:
    points = (1 - np.cos(np.pi * (np.arange(_POINTS * count) + 0.5) / (_POINTS * count))) / 2
    angles = np.multiply.outer(points, 2 * np.pi / _PERIOD * np.arange(count))
    basis = np.hstack([np.cos(angles), np.sin(angles[:, 1:])])
    left, sizes, right = np.linalg.svd(basis, full_matrices=False)
    kept = sizes > _CUT * sizes[0]
    return _Extension(points, left[:, kept], 1 / sizes[kept], right[kept])


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
