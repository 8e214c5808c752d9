"""How likely samples are under a kernel, with the gradient in its parameters.

A kernel of differences between masks does not change when both are replaced by their complements, so that of
complementary masks x and x̄ the halves (f(x) + f(x̄)) / √2 and (f(x) − f(x̄)) / √2 are independent: two Gram
matrices of half the size, k(x, y) ± k(x, ȳ), say exactly what the whole one says, four times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.gaussian_process.product_kernel import SCALES, exponentials
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["JITTER", "Likelihood", "PairedLikelihood", "Slopes", "WholeLikelihood", "likelihood_of"]

JITTER = 1e-6  # added to every noise variance, of values with unit variance


class Slopes(NamedTuple):
    """Derivatives of the negative log likelihood in the logs of the parameters."""

    rates: FloatArray
    variances: FloatArray
    amplitudes: FloatArray
    noise: float


class Likelihood(Protocol):
    """The negative log density of samples, up to a constant."""

    def __call__(
        self, rates: FloatArray, variances: FloatArray, amplitudes: FloatArray, noise: float
    ) -> tuple[float, Slopes]:
        """Return it for the parameters of a kernel and the variance of the noise, with its slopes."""
        ...


def likelihood_of(masks: BoolArray, values: FloatArray, supports: IntArray) -> Likelihood:
    """Return the likelihood of values (m, K) at distinct masks (m, n), by halves where all are in pairs.

    ``supports`` (T, d) are the characters with variances of their own.
    """
    first, second = complements(masks)
    if 0 < 2 * len(first) == len(masks):
        even, odd = (
            (values[first] + values[second]) / np.sqrt(2),
            (values[first] - values[second]) / np.sqrt(2),
        )
        kept = masks[first]
        of_odd = orders_of(supports, masks.shape[1]) % 2 == 1
        return PairedLikelihood(kept, even, odd, _signs(kept, supports), of_odd)
    return WholeLikelihood(masks, values, _signs(masks, supports))


def _signs(masks: BoolArray, supports: IntArray) -> FloatArray:
    return characters(pack(masks), supports, len(masks)).astype(np.float64).T


@dataclass(frozen=True, eq=False)
class WholeLikelihood:
    """Of any samples.

    Attributes
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.
    signs : ndarray of float64, shape (m, T)
        The characters with variances of their own.
    """

    masks: BoolArray
    values: FloatArray
    signs: FloatArray

    def __call__(
        self, rates: FloatArray, variances: FloatArray, amplitudes: FloatArray, noise: float
    ) -> tuple[float, Slopes]:
        """Return the negative log density and its slopes, see `Likelihood`."""
        kernels = _kernels(self.masks, self.masks, rates, amplitudes)
        value, slope = _density(
            sum(kernels, start=(self.signs * variances) @ self.signs.T), self.values, noise
        )
        return value, Slopes(
            -rates * _differing(slope * _by_distance(kernels), self.masks),
            variances * _by_character(slope, self.signs),
            np.array([(slope * kernel).sum() for kernel in kernels]),
            noise * float(np.trace(slope)),
        )


@dataclass(frozen=True, eq=False)
class PairedLikelihood:
    """Of masks with their complements.

    Attributes
    ----------
    masks : ndarray of bool, shape (P, n)
        One mask of every pair.
    even, odd : ndarray of float64, shape (P, K)
        The sum and the difference of the values of its mask and of the complement, over √2.
    signs : ndarray of float64, shape (P, T)
        The characters with variances of their own.
    of_odd : ndarray of bool, shape (T,)
        Which of these have odd orders: they vanish in the sums, the others in the differences.
    """

    masks: BoolArray
    even: FloatArray
    odd: FloatArray
    signs: FloatArray
    of_odd: BoolArray

    def __call__(
        self, rates: FloatArray, variances: FloatArray, amplitudes: FloatArray, noise: float
    ) -> tuple[float, Slopes]:
        """Return the negative log density and its slopes, see `Likelihood`."""
        same = _kernels(self.masks, self.masks, rates, amplitudes)
        other = _kernels(self.masks, ~self.masks, rates, amplitudes)
        together, apart = sum(same[1:], start=same[0]), sum(other[1:], start=other[0])
        by_variance = np.empty_like(variances)
        total, slopes = 0.0, []
        for half, sign, at in ((self.even, 1, ~self.of_odd), (self.odd, -1, self.of_odd)):
            signs = self.signs[:, at]
            gram = (signs * (2 * variances[at])) @ signs.T
            gram += together
            gram += sign * apart
            value, slope = _density(gram, half, noise)
            by_variance[at] = 2 * variances[at] * _by_character(slope, signs)
            total += value
            slopes.append(slope)
        of_same, of_other = slopes[0] + slopes[1], slopes[0] - slopes[1]
        by_other = of_other * _by_distance(other)
        # A mask and a complement differ where the mask and the other one agree.
        differing = _differing(of_same * _by_distance(same) - by_other, self.masks) + by_other.sum()
        pairs = zip(same, other, strict=True)
        return total, Slopes(
            -rates * differing,
            by_variance,
            np.array([(of_same * one).sum() + (of_other * two).sum() for one, two in pairs]),
            noise * float(np.trace(of_same)),
        )


def _kernels(a: BoolArray, b: BoolArray, rates: FloatArray, amplitudes: FloatArray) -> list[FloatArray]:
    """Return the terms of the product kernel between masks."""
    terms = exponentials(a, b, rates)
    for amplitude, term in zip(amplitudes, terms, strict=True):
        term *= amplitude
    return terms


def _density(gram: FloatArray, values: FloatArray, noise: float) -> tuple[float, FloatArray]:
    """Return the negative log density of values (m, K), and its slope in the entries of their covariance.

    The matrix is overwritten.
    """
    from scipy.linalg import cholesky
    from scipy.linalg.lapack import dpotri

    gram[np.diag_indices_from(gram)] += noise + JITTER
    factor = cholesky(gram, lower=True, check_finite=False)
    inverse, _ = dpotri(factor, lower=1)
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights = inverse @ values
    outputs = values.shape[1]
    value = 0.5 * (values * weights).sum() + outputs * np.log(np.diag(factor)).sum()
    inverse *= outputs
    inverse -= weights @ weights.T
    inverse *= 0.5
    return float(value), inverse


def _by_distance(kernels: list[FloatArray]) -> FloatArray:
    """Return minus the derivative of the kernel in the distance Σ_i r_i [x_i ≠ y_i]."""
    total = SCALES[0] * kernels[0]
    for scale, kernel in zip(SCALES[1:], kernels[1:], strict=True):
        total += scale * kernel
    return total


def _differing(matrix: FloatArray, masks: BoolArray) -> FloatArray:
    """Return Σ_kl matrix_kl [x_ki ≠ x_li] of a symmetric matrix for every feature i, (n,)."""
    kept = masks.astype(np.float64)
    differing: FloatArray = 2 * (matrix.sum(axis=1) @ kept - (kept * (matrix @ kept)).sum(axis=0))
    return differing


def _by_character(slope: FloatArray, signs: FloatArray) -> FloatArray:
    """Return χ_S' slope χ_S for every character, (T,)."""
    total: FloatArray = (signs * (slope @ signs)).sum(axis=0)
    return total
