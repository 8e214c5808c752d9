"""Marginal likelihood of samples under a kernel, with its gradient in the parameters.

A kernel of differences between masks is invariant when both are replaced by their complements, so that for
complementary masks x and x̄ the halves (f(x) + f(x̄)) / √2 and (f(x) − f(x̄)) / √2 are independent: two Gram
matrices of half the size, k(x, y) ± k(x, ȳ), give the same likelihood four times as fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.feature_sets import orders_of
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.kernels.product_kernel import SCALES, exponentials
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["JITTER", "Likelihood", "PairedLikelihood", "Slopes", "WholeLikelihood", "likelihood_of"]

JITTER = 1e-6  # added to every noise variance, for values with unit variance


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
        """Return the value and its derivatives for the parameters of a kernel and a noise variance."""
        ...


def likelihood_of(masks: BoolArray, values: FloatArray, supports: IntArray) -> Likelihood:
    """Return the likelihood of values (m, K) at distinct masks (m, n), by halves if all are in pairs.

    ``supports`` (T, d) are the characters with separate variances.
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
    """Likelihood of any samples.

    Attributes
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float64, shape (m, K)
        K outputs share the kernel.
    signs : ndarray of float64, shape (m, T)
        The characters with separate variances.
    """

    masks: BoolArray
    values: FloatArray
    signs: FloatArray

    def __call__(
        self, rates: FloatArray, variances: FloatArray, amplitudes: FloatArray, noise: float
    ) -> tuple[float, Slopes]:
        """Return the negative log density and its derivatives, see `Likelihood`."""
        kernels = _kernels(self.masks, self.masks, rates, amplitudes)
        gram = _total(kernels)
        gram += (self.signs * variances) @ self.signs.T
        value, slope = _density(gram, self.values, noise)
        by_amplitude = [np.vdot(slope, kernel) for kernel in kernels]
        return value, Slopes(
            -rates * _differing(slope * _by_distance(kernels), self.masks),
            variances * _by_character(slope, self.signs),
            np.array(by_amplitude),
            noise * float(np.trace(slope)),
        )


@dataclass(frozen=True, eq=False)
class PairedLikelihood:
    """Likelihood of samples at complementary masks.

    Attributes
    ----------
    masks : ndarray of bool, shape (P, n)
        One mask of every pair.
    even, odd : ndarray of float64, shape (P, K)
        The sums and differences of the values at the mask and at the complement, over √2.
    signs : ndarray of float64, shape (P, T)
        The characters with separate variances.
    of_odd : ndarray of bool, shape (T,)
        Which of these have odd orders: they cancel in the sums, the others in the differences.
    """

    masks: BoolArray
    even: FloatArray
    odd: FloatArray
    signs: FloatArray
    of_odd: BoolArray

    def __call__(
        self, rates: FloatArray, variances: FloatArray, amplitudes: FloatArray, noise: float
    ) -> tuple[float, Slopes]:
        """Return the negative log density and its derivatives, see `Likelihood`."""
        same = _kernels(self.masks, self.masks, rates, amplitudes)
        other = _kernels(self.masks, ~self.masks, rates, amplitudes)
        together, apart = _total(same), _total(other)
        grams = together + apart, np.subtract(together, apart, out=together)
        by_variance = np.empty_like(variances)
        total, slopes = 0.0, []
        for gram, half, at in zip(grams, (self.even, self.odd), (~self.of_odd, self.of_odd), strict=True):
            signs = self.signs[:, at]
            gram += (signs * (2 * variances[at])) @ signs.T
            value, slope = _density(gram, half, noise)
            by_variance[at] = 2 * variances[at] * _by_character(slope, signs)
            total += value
            slopes.append(slope)
        even, odd = slopes
        of_same, of_other = even + odd, np.subtract(even, odd, out=even)
        pairs = zip(same, other, strict=True)
        by_amplitude = [np.vdot(of_same, one) + np.vdot(of_other, two) for one, two in pairs]
        by_noise = noise * float(np.trace(of_same))
        of_same *= _by_distance(same)
        of_other *= _by_distance(other)
        # A mask and a complement differ in the features in which the mask and the other one agree.
        of_same -= of_other
        differing = _differing(of_same, self.masks) + of_other.sum()
        return total, Slopes(-rates * differing, by_variance, np.array(by_amplitude), by_noise)


def _kernels(a: BoolArray, b: BoolArray, rates: FloatArray, amplitudes: FloatArray) -> list[FloatArray]:
    """Return the terms of the product kernel between masks."""
    terms = exponentials(a, b, rates)
    for amplitude, term in zip(amplitudes, terms, strict=True):
        term *= amplitude
    return terms


def _density(gram: FloatArray, values: FloatArray, noise: float) -> tuple[float, FloatArray]:
    """Return the negative log density of values (m, K), and its derivatives in their covariance.

    The matrix is overwritten. The derivatives are not symmetric, but their products with symmetric matrices
    have the right sums.
    """
    from scipy.linalg.lapack import dpotrf, dpotri, dpotrs

    gram[np.diag_indices_from(gram)] += noise + JITTER
    factor, wrong = dpotrf(gram.T, lower=1, overwrite_a=1)  # transposed for LAPACK, to work in place
    if wrong:
        raise np.linalg.LinAlgError("The covariance matrix of the samples is not positive definite.")
    weights, _ = dpotrs(factor, values, lower=1)
    logs = np.log(np.diag(factor)).sum()
    outputs = values.shape[1]
    value = 0.5 * (values * weights).sum() + outputs * logs
    slope = dpotri(factor, lower=1, overwrite_c=1)[0].T  # one triangle of the inverse; the other is zero
    slope[np.diag_indices_from(slope)] *= 0.5
    slope *= outputs
    slope -= (0.5 * weights) @ weights.T
    return float(value), slope


def _total(kernels: list[FloatArray]) -> FloatArray:
    """Return the sum of matrices, in place, as allocation would cost as much as the sums."""
    total = kernels[0] + kernels[1]
    for kernel in kernels[2:]:
        total += kernel
    return total


def _by_distance(kernels: list[FloatArray]) -> FloatArray:
    """Return minus the derivative of the kernel in the distance Σ_i r_i [x_i ≠ y_i]; overwrites the terms."""
    total = kernels[0]
    total *= SCALES[0]
    for scale, kernel in zip(SCALES[1:], kernels[1:], strict=True):
        kernel *= scale
        total += kernel
    return total


def _differing(matrix: FloatArray, masks: BoolArray) -> FloatArray:
    """Return Σ_kl matrix_kl [x_ki ≠ x_li] for every feature i, (n,)."""
    kept = masks.astype(np.float64)
    sums = matrix.sum(axis=0) + matrix.sum(axis=1)
    differing: FloatArray = sums @ kept - 2 * (kept * (matrix @ kept)).sum(axis=0)
    return differing


def _by_character(slope: FloatArray, signs: FloatArray) -> FloatArray:
    """Return χ_S' slope χ_S for every character, (T,)."""
    total: FloatArray = (signs * (slope @ signs)).sum(axis=0)
    return total
