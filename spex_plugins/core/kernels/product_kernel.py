"""A kernel on masks: a mixture of products over features, one rate per feature.

k(x, y) = Σ_q a_q exp(−s_q Σ_i r_i [x_i ≠ y_i]) with fixed scales s_q. The rate r_i is the importance of
feature i; with the small scale nearly additive functions are likely, with the large one rough functions. Each
term is a product over features, so that every linear functional of a posterior mean (Fourier coefficients,
semivalues) has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["SCALES", "ProductKernel", "exponentials"]

_TILE = 256  # rows and columns of the blocks of a Gram matrix, which fit into the cache
SCALES = (0.125, 1.0, 8.0)  # ratios of 8


@dataclass(frozen=True, eq=False)
class ProductKernel:
    """The kernel with given parameters.

    Attributes
    ----------
    rates : ndarray of float64, shape (n,)
        r_i ≥ 0.
    amplitudes : ndarray of float64, shape (Q,)
        a_q, one for each of `SCALES`; variances.
    """

    rates: FloatArray
    amplitudes: FloatArray

    @property
    def correlations(self) -> FloatArray:
        """exp(−s_q r_i), the factor of a feature on which two masks differ, shape (Q, n)."""
        return np.exp(-np.multiply.outer(SCALES, self.rates))

    def gram(self, a: BoolArray, b: BoolArray) -> FloatArray:
        """Return k between masks a (m, n) and b (l, n), shape (m, l)."""
        out = np.empty((len(a), len(b)))
        left, right = _factors(a, b, self.rates)
        for top in range(0, len(a), _TILE):
            for start in range(0, len(b), _TILE):
                tile = out[top : top + _TILE, start : start + _TILE]
                terms = _powers(left[top : top + _TILE], right[:, start : start + _TILE])
                np.multiply(terms[0], self.amplitudes[0], out=tile)
                for amplitude, term in zip(self.amplitudes[1:], terms[1:], strict=True):
                    term *= amplitude
                    tile += term
        return out

    def prior_variances(self, supports: IntArray) -> FloatArray:
        """Return the prior variance of the Fourier coefficient of every set (T, d), shape (T,).

        With characters a factor of the kernel is (1 + e_i)/2 + (1 − e_i)/2 · χ_i(x) χ_i(y), so that F(S)
        has the variance Σ_q a_q Π_i (1 + e_qi)/2 · Π_{i∈S} (1 − e_qi)/(1 + e_qi).
        """
        out = np.zeros(len(supports))
        for amplitude, e in zip(self.amplitudes, self.correlations, strict=True):
            ratios = np.append((1 - e) / (1 + e), 1.0)  # the last one stands for empty slots
            out += amplitude * np.prod((1 + e) / 2) * ratios[supports].prod(axis=1)
        return out


def exponentials(a: BoolArray, b: BoolArray, rates: FloatArray) -> list[FloatArray]:
    """Return exp(−s_q Σ_i r_i [a_i ≠ b_i]) for every scale, each of shape (m, l)."""
    return _powers(*_factors(a, b, rates))


def _powers(left: FloatArray, right: FloatArray) -> list[FloatArray]:
    distances = left @ right
    np.maximum(distances, 0.0, out=distances)  # rounding errors
    distances *= -SCALES[0]
    terms = [np.exp(distances, out=distances)]
    for _ in SCALES[1:]:
        power = terms[-1] * terms[-1]
        power *= power
        power *= power
        terms.append(power)  # the eighth power is cheaper than another exponential
    return terms


def _factors(a: BoolArray, b: BoolArray, rates: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (m, n + 2) and (n + 2, l) with the product Σ_i r_i [a_i ≠ b_i], by a_i + b_i − 2 a_i b_i."""
    left = np.column_stack([-2.0 * rates * a, a @ rates, np.ones(len(a))])
    right = np.vstack([b.T, np.ones(len(b)), b @ rates])
    return left, right
