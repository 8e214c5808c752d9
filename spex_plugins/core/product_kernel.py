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
        term = np.exp(-SCALES[0] * _distances(a, b, self.rates))
        out = self.amplitudes[0] * term
        for amplitude in self.amplitudes[1:]:
            for _ in range(3):  # the eighth power, in place: 20,000 masks fill 3 GB
                np.multiply(term, term, out=term)
            out += amplitude * term
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
        squared = terms[-1] ** 2
        terms.append((squared**2) ** 2)  # the eighth power: far cheaper than another exponential
    return terms


def _distances(a: BoolArray, b: BoolArray, rates: FloatArray) -> FloatArray:
    """Return Σ_i r_i [a_i ≠ b_i], shape (m, l)."""
    root = np.sqrt(rates)
    x, y = a * root, b * root
    out = -2.0 * (x @ y.T)
    out += (x**2).sum(axis=1)[:, None]
    out += (y**2).sum(axis=1)
    return np.maximum(out, 0.0, out=out)
