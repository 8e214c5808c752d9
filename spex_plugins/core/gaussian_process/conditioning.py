"""A Gaussian process on masks: the posterior mean given samples, and honest errors by leaving one out."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from spex_plugins.core.basis.masks import complements
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.gaussian_process.cholesky import Factor, factorised
from spex_plugins.core.gaussian_process.marginal_likelihood import JITTER, learn_kernel
from spex_plugins.core.gaussian_process.mask_kernel import MaskKernel, character_gram
from spex_plugins.core.gaussian_process.significant_sets import find_spikes
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "GaussianProcess",
    "condition",
    "condition_with_spikes",
    "fit_gaussian_process",
    "inner",
    "noise_of",
]

_LEARNED = 400  # masks that the kernel is learned from
_ROW = 2  # longer rows gain nothing on masks of all sizes, and cost functions of unordered features a tenth
_SHARE_LEARNED = 0.75  # at most; the others measure the faithfulness


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The posterior of K functions with one kernel.

    Attributes
    ----------
    kernel : MaskKernel
        Of values with unit variance.
    noise : float
        Variance of what the kernel cannot explain of such values.
    masks : ndarray of bool, shape (m, n)
    weights : ndarray of float64, shape (m, K)
        The posterior mean at x is mean + spread · k(x, masks) @ weights.
    factor : Factor
        Of the Gram matrix with noise.
    mean, spread : ndarray of float64, shape (K,)
    untouched : ndarray of int
        Samples that the kernel was not learned from.
    """

    kernel: MaskKernel
    noise: float
    masks: BoolArray
    weights: FloatArray
    factor: Factor
    mean: FloatArray
    spread: FloatArray
    untouched: IntArray

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the posterior means at masks (l, n), shape (l, K)."""
        return self.mean + self.spread * (self.kernel.gram(masks, self.masks) @ self.weights)

    def solve(self, right: FloatArray) -> FloatArray:
        """Return the Gram matrix with noise, inverted, times ``right`` (m, …)."""
        return self.factor.solve(right)

    @cached_property
    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Every sample predicted without it and its complement (Rasmussen & Williams 2006, section 5.4.2).

        The complement would give the sample away: of an odd function, one is minus the other.

        Returns
        -------
        errors : ndarray of float64, shape (m, K)
            Value minus prediction.
        scores : ndarray of float64, shape (m, K)
            Errors in predicted standard deviations.
        """
        first, second = complements(self.masks)
        own, together = self.factor.precisions(first, second)
        # What the weights and precisions of two complements make of each other; nothing where one is alone.
        shared, others, other_own = np.zeros(len(own)), np.zeros_like(self.weights), np.ones(len(own))
        shared[first] = shared[second] = together
        others[first], others[second] = self.weights[second], self.weights[first]
        other_own[first], other_own[second] = own[second], own[first]
        variance = (other_own / (own * other_own - shared**2))[:, None]
        errors = variance * (self.weights - (shared / other_own)[:, None] * others)
        return self.spread * errors, errors / np.sqrt(variance)


def fit_gaussian_process(masks: BoolArray, values: FloatArray, rng: np.random.Generator) -> GaussianProcess:
    """Learn the kernel from some samples and condition on all; masks (m, n), values (m, K)."""
    scaled, mean, spread = standardised(values)
    order = rng.permutation(np.flatnonzero(inner(masks)))
    n_learned = min(_LEARNED, int(_SHARE_LEARNED * len(order)))
    kernel, noise = learn_kernel(masks[order[:n_learned]], scaled[order[:n_learned]], _ROW)
    none = np.empty((0, 0), dtype=np.int32)
    return condition_with_spikes(kernel, noise, masks, scaled, mean, spread, order[n_learned:], none)


def condition(
    kernel: MaskKernel,
    noise: float,
    masks: BoolArray,
    scaled: FloatArray,
    mean: FloatArray,
    spread: FloatArray,
    untouched: IntArray,
) -> GaussianProcess:
    """Condition a kernel with a noise variance on scaled values (m, K) = (values − mean) / spread.

    The "noise" is what the kernel cannot explain of an exact answer. The empty and the full mask are met
    without it: Shapley values add up to their difference.
    """
    gram = kernel.gram(masks, masks)
    return _conditioned(kernel, gram, noise, masks, scaled, mean, spread, untouched)


def condition_with_spikes(
    kernel: MaskKernel,
    noise: float,
    masks: BoolArray,
    scaled: FloatArray,
    mean: FloatArray,
    spread: FloatArray,
    untouched: IntArray,
    found: IntArray,
) -> GaussianProcess:
    """Condition as `condition` does, after the kernel has got the spikes that the samples call for.

    ``found`` (T, d) are sets of a coded design, see `find_spikes`.
    """
    gram = kernel.gram(masks, masks)
    spikes = find_spikes(kernel, gram, noise_of(noise, masks), masks, scaled, found)
    gram += character_gram(*spikes, masks, masks)
    return _conditioned(kernel.extended(*spikes), gram, noise, masks, scaled, mean, spread, untouched)


def _conditioned(
    kernel: MaskKernel,
    gram: FloatArray,
    noise: float,
    masks: BoolArray,
    scaled: FloatArray,
    mean: FloatArray,
    spread: FloatArray,
    untouched: IntArray,
) -> GaussianProcess:
    gram[np.diag_indices_from(gram)] += noise_of(noise, masks)
    factor = factorised(gram)
    weights = factor.solve(scaled)
    return GaussianProcess(kernel, noise, masks, weights, factor, mean, spread, untouched)


def noise_of(noise: float, masks: BoolArray) -> FloatArray:
    """Return the variance of the noise of every sample, (m,): the end points have none."""
    return np.where(inner(masks), noise, 0.0) + JITTER


def inner(masks: BoolArray) -> BoolArray:
    """Tell which masks are neither empty nor full, shape (m,)."""
    kept = masks.sum(axis=1)
    return (kept > 0) & (kept < masks.shape[1])
