"""A kernel on masks: a mixture of products over features, one rate per feature.

k(x, y) = Σ_q a_q exp(−s_q Σ_i r_i [x_i ≠ y_i]) with fixed scales s_q. The rate r_i tells how much feature i
matters; the small scale makes functions that are nearly additive likely, the large one rough functions.
Each term is a product over features, so that every linear reading of a posterior mean (Fourier
coefficients, semivalues) has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["SCALES", "ProductKernel", "exponentials"]

_BLOCK = 1 << 16  # entries of a Gram matrix that are computed at once
SCALES = (0.125, 1.0, 8.0)  # each eight times the one before


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
        step = max(1, _BLOCK // max(len(b), 1))
        for start in range(0, len(a), step):  # blocks that stay in the processor's cache
            rows = slice(start, start + step)
            terms = exponentials(a[rows], b, self.rates)
            np.multiply(terms[0], self.amplitudes[0], out=out[rows])
            for amplitude, term in zip(self.amplitudes[1:], terms[1:], strict=True):
                term *= amplitude
                out[rows] += term
        return out

    def prior_variances(self, supports: IntArray) -> FloatArray:
        """Return the prior variance of the Fourier coefficient of every set (T, d), shape (T,).

        With characters a factor of the kernel reads (1 + e_i)/2 + (1 − e_i)/2 · χ_i(x) χ_i(y), so that F(S)
        has the variance Σ_q a_q Π_i (1 + e_qi)/2 · Π_{i∈S} (1 − e_qi)/(1 + e_qi).
        """
        out = np.zeros(len(supports))
        for amplitude, e in zip(self.amplitudes, self.correlations, strict=True):
            ratios = np.append((1 - e) / (1 + e), 1.0)  # the last one for the empty slots
            out += amplitude * np.prod((1 + e) / 2) * ratios[supports].prod(axis=1)
        return out


def exponentials(a: BoolArray, b: BoolArray, rates: FloatArray) -> list[FloatArray]:
    """Return exp(−s_q Σ_i r_i [a_i ≠ b_i]) for every scale, each of shape (m, l)."""
    terms = [np.exp(-SCALES[0] * _distances(a, b, rates))]
    for _ in SCALES[1:]:
        power = terms[-1] * terms[-1]
        power *= power
        power *= power
        terms.append(power)  # the eighth power: far cheaper than another exponential
    return terms


def _distances(a: BoolArray, b: BoolArray, rates: FloatArray) -> FloatArray:
    """Return Σ_i r_i [a_i ≠ b_i], shape (m, l)."""
    root = np.sqrt(rates)
    x, y = a * root, b * root
    out = -2.0 * (x @ y.T)
    out += (x**2).sum(axis=1)[:, None]
    out += (y**2).sum(axis=1)
    return np.maximum(out, 0.0, out=out)
