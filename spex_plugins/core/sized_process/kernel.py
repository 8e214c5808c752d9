"""A kernel on masks: products over features, and an amplitude that depends on the size of a mask.

k(x, y) = Σ_q a_q A_q(|x|) A_q(|y|) exp(−s_q Σ_i r_i [x_i ≠ y_i]),    A_q(k) = exp(t_q (k/n − ½)),

with fixed scales s_q. The rate r_i is the importance of feature i; with the small scale nearly additive
functions are likely, with the large one rough functions. With the tilt t_q the variance increases, or
decreases, with the number of kept features. Every term is a product over features with the factor

    [[1, e τ], [e τ, τ²]] exp(−t/n),    e = exp(−s r_i), τ = exp(t/n)

(rows: x_i masked, kept; columns: y_i)

so that every index of a function with this prior has a closed form.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["SCALES", "SizedKernel", "size_offsets", "to_powers"]

SCALES = (0.125, 1.0, 8.0)  # ratios of 8
_TILE = 256  # rows and columns of the blocks of a Gram matrix, which fit into the cache


@dataclass(frozen=True, eq=False)
class SizedKernel:
    """The kernel with given parameters.

    Attributes
    ----------
    rates : ndarray of float64, shape (n,)
        r_i ≥ 0.
    amplitudes, tilts : ndarray of float64, shape (Q,)
        a_q, variances, and t_q, one for each of `SCALES`.
    """

    rates: FloatArray
    amplitudes: FloatArray
    tilts: FloatArray

    @property
    def n(self) -> int:
        """Number of features."""
        return len(self.rates)

    @property
    def correlations(self) -> FloatArray:
        """E = exp(−s_q r_i), the correlation of two masks that differ in feature i, shape (Q, n)."""
        return np.exp(-np.multiply.outer(SCALES, self.rates))

    def gram(self, a: BoolArray, b: BoolArray) -> FloatArray:
        """Return k between masks a (m, n) and b (l, n), shape (m, l)."""
        out = np.empty((len(a), len(b)))
        left, right = _factors(a, b, self.rates)
        rows, columns = self._size_factors(a), self._size_factors(b)
        first, last = (np.empty((min(_TILE, len(a)), min(_TILE, len(b)))) for _ in range(2))
        for top in range(0, len(a), _TILE):
            for start in range(0, len(b), _TILE):
                tile = out[top : top + _TILE, start : start + _TILE]
                shape = tile.shape
                terms = [tile, first[: shape[0], : shape[1]], last[: shape[0], : shape[1]]]
                np.matmul(left[top : top + _TILE], right[:, start : start + _TILE], out=tile)
                to_powers(terms)
                for q, term in enumerate(terms):
                    term *= rows[q, top : top + _TILE, None]
                    term *= columns[q, start : start + _TILE]
                tile += terms[1]
                tile += terms[2]
        return out

    def variances(self, masks: BoolArray) -> FloatArray:
        """Return k(x, x) of masks (m, n), shape (m,)."""
        return (self._size_factors(masks) ** 2).sum(axis=0)

    def _size_factors(self, masks: BoolArray) -> FloatArray:
        """Return √a_q A_q(|x|), shape (Q, m)."""
        tilted = np.exp(np.multiply.outer(self.tilts, size_offsets(masks)))
        return np.sqrt(self.amplitudes)[:, None] * tilted


def size_offsets(masks: BoolArray) -> FloatArray:
    """Return |x|/n − ½ of masks (m, n), shape (m,)."""
    return masks.mean(axis=1) - 0.5


def to_powers(terms: Sequence[FloatArray]) -> None:
    """Replace the distances Σ_i r_i [x_i ≠ y_i] in the first array by exp(−s_q distance) in all of them."""
    distances = terms[0]
    np.maximum(distances, 0.0, out=distances)  # rounding errors
    distances *= -SCALES[0]
    np.exp(distances, out=distances)
    for term, power in pairwise(terms):
        np.multiply(term, term, out=power)
        power *= power
        power *= power  # the eighth power is cheaper than another exponential


def _factors(a: BoolArray, b: BoolArray, rates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (m, n + 2) and (n + 2, l) with the product Σ_i r_i [a_i ≠ b_i], by a_i + b_i − 2 a_i b_i."""
    left = np.column_stack([-2.0 * rates * a, a @ rates, np.ones(len(a))])
    right = np.vstack([b.T, np.ones(len(b)), b @ rates])
    return left, right
