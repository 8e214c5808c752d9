"""A kernel on masks: a mixture of products over features, one rate per feature.

k(x, y) = Σ_q a_q exp(−s_q Σ_i r_i [x_i ≠ y_i]) with fixed scales s_q. The rate r_i tells how much feature i
matters; the small scale makes functions that are nearly additive likely, the large one rough functions.
Each term is a product over features, so that every linear reading of a posterior mean (Fourier
coefficients, semivalues) has a closed form.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.types import BoolArray, FloatArray

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
        return sum(
            amplitude * term
            for amplitude, term in zip(self.amplitudes, exponentials(a, b, self.rates), strict=True)
        )


def exponentials(a: BoolArray, b: BoolArray, rates: FloatArray) -> list[FloatArray]:
    """Return exp(−s_q Σ_i r_i [a_i ≠ b_i]) for every scale, each of shape (m, l)."""
    root = np.sqrt(rates)
    x, y = a * root, b * root
    distances = (x**2).sum(axis=1)[:, None] + (y**2).sum(axis=1) - 2 * (x @ y.T)
    terms = [np.exp(-SCALES[0] * np.maximum(distances, 0.0))]
    for _ in SCALES[1:]:
        squared = terms[-1] ** 2
        terms.append((squared**2) ** 2)  # the eighth power: far cheaper than another exponential
    return terms
