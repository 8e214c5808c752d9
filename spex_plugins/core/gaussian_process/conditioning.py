"""A Gaussian process on masks: the posterior mean given samples, and leave-one-out errors."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spex_plugins.core.basis.masks import complements
from spex_plugins.core.basis.scaling import Samples
from spex_plugins.core.gaussian_process.significant_sets import find_significant_sets
from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.kernels.paired_covariance import SampleCovariance, sample_covariance
from spex_plugins.core.kernels.sample_likelihood import JITTER
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "GaussianProcess",
    "condition",
    "condition_extended",
    "inner",
    "left_out_errors",
    "noise_of",
]


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The posterior of K functions with one kernel.

    Attributes
    ----------
    kernel : MaskKernel
        Kernel for values with unit variance.
    noise : float
        Variance of the part of such values that the kernel does not explain.
    samples : Samples
        m masks with K values each.
    weights : ndarray of float64, shape (m, K)
        The posterior mean at x is mean + spread · k(x, masks) @ weights.
    factor : Factor
        Factor of the Gram matrix with noise.
    untouched : ndarray of int
        Samples that were not used for learning the kernel.
    """

    kernel: MaskKernel
    noise: float
    samples: Samples
    weights: FloatArray
    factor: Factor
    untouched: IntArray

    @property
    def masks(self) -> BoolArray:
        """The masks of the samples, shape (m, n)."""
        return self.samples.masks

    @property
    def mean(self) -> FloatArray:
        """The mean of the values, shape (K,)."""
        return self.samples.mean

    @property
    def spread(self) -> FloatArray:
        """The standard deviation of the values, shape (K,)."""
        return self.samples.spread

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the posterior means at masks (l, n), shape (l, K)."""
        return self.mean + self.spread * (self.kernel.gram(masks, self.masks) @ self.weights)

    def solve(self, right: FloatArray) -> FloatArray:
        """Return the inverse of the Gram matrix with noise times ``right`` (m, …)."""
        return self.factor.solve(right)

    @cached_property
    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Errors of every sample without it and its complement (Rasmussen & Williams 2006, section 5.4.2).

        The complement would reveal the sample: for an odd function, one is minus the other.

        Returns
        -------
        errors : ndarray of float64, shape (m, K)
            Value minus prediction.
        scores : ndarray of float64, shape (m, K)
            Errors divided by the predicted standard deviations.
        """
        first, second = complements(self.masks)
        errors, variance = left_out_errors(self.weights, *self.precisions, first, second)
        return self.spread * errors, errors / np.sqrt(variance)

    @cached_property
    def precisions(self) -> tuple[FloatArray, FloatArray]:
        """The diagonal (m,) of the samples' inverse covariance, and its entries of complements (P,)."""
        return self.factor.precisions(*complements(self.masks))


def left_out_errors(
    weights: FloatArray, own: FloatArray, together: FloatArray, first: IntArray, second: IntArray
) -> tuple[FloatArray, FloatArray]:
    """Return the errors of scaled samples that are predicted without themselves and their complements.

    Parameters
    ----------
    weights : ndarray of float64, shape (m, K)
        The inverse C⁻¹ of the samples' covariance times their values.
    own : ndarray of float64, shape (m,)
        The diagonal of C⁻¹.
    together : ndarray of float64, shape (P,)
        Its entries at (first, second).
    first, second : ndarray of int, shape (P,)
        Where the complements are.

    Returns
    -------
    errors : ndarray of float64, shape (m, K)
        Value minus prediction.
    variance : ndarray of float64, shape (m, 1)
        Of the prediction.
    """
    # 2 × 2 blocks of complements; samples without a complement have none.
    shared, others, other_own = np.zeros(len(own)), np.zeros_like(weights), np.ones(len(own))
    shared[first] = shared[second] = together
    others[first], others[second] = weights[second], weights[first]
    other_own[first], other_own[second] = own[second], own[first]
    variance = (other_own / (own * other_own - shared**2))[:, None]
    return variance * (weights - (shared / other_own)[:, None] * others), variance


def condition(kernel: MaskKernel, noise: float, samples: Samples, untouched: IntArray) -> GaussianProcess:
    """Condition a kernel with a noise variance on samples.

    The "noise" is the part of exact values that the kernel does not explain. The empty and the full mask have
    none, so that Shapley values sum to their difference.

    Parameters
    ----------
    kernel : MaskKernel
        Kernel for values with unit variance.
    noise : float
        Variance of such values.
    samples : Samples
        m masks with K values each.
    untouched : ndarray of int
        Samples that were not used for learning the kernel.

    Returns
    -------
    GaussianProcess
    """
    covariance = sample_covariance(kernel, noise_of(noise, samples.masks), samples.masks)
    return _conditioned(kernel, covariance, noise, samples, untouched)


def condition_extended(
    kernel: MaskKernel, noise: float, samples: Samples, untouched: IntArray, found: IntArray
) -> GaussianProcess:
    """Condition after extending the kernel by the significant sets of the samples.

    ``found`` (T, d) are sets of a coded design, see `find_significant_sets`.
    """
    covariance = sample_covariance(kernel, noise_of(noise, samples.masks), samples.masks)
    factor = covariance.factorised(keep=True)
    extension = find_significant_sets(kernel, factor, samples.masks, samples.scaled, found)
    covariance.add_characters(*extension)
    return _conditioned(kernel.extended(*extension), covariance, noise, samples, untouched)


def _conditioned(
    kernel: MaskKernel, covariance: SampleCovariance, noise: float, samples: Samples, untouched: IntArray
) -> GaussianProcess:
    factor = covariance.factorised()
    return GaussianProcess(kernel, noise, samples, factor.solve(samples.scaled), factor, untouched)


def noise_of(noise: float, masks: BoolArray) -> FloatArray:
    """Return the noise variance of every sample, (m,), which is 0 for the end points."""
    return np.where(inner(masks), noise, 0.0) + JITTER


def inner(masks: BoolArray) -> BoolArray:
    """Return which masks are neither empty nor full, shape (m,)."""
    kept = masks.sum(axis=1)
    return (kept > 0) & (kept < masks.shape[1])
