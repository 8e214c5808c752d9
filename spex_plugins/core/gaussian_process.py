"""A Gaussian process on masks: the posterior mean given samples, and honest errors by leaving one out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.marginal_likelihood import JITTER, learn_kernel
from spex_plugins.core.mask_kernel import MaskKernel
from spex_plugins.core.spikes import find_spikes
from spex_plugins.core.standardise import standardised
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["GaussianProcess", "condition", "fit_gaussian_process", "inner", "noise_of"]

_LEARNED = 400  # masks that the kernel is learned from
_SHARE_LEARNED = 0.75  # at most; the others measure the faithfulness


@dataclass(frozen=True, eq=False)
class GaussianProcess:
    """The posterior of K functions with one kernel.

    Attributes
    ----------
    kernel : MaskKernel
        Of values with unit variance.
    masks : ndarray of bool, shape (m, n)
    weights : ndarray of float64, shape (m, K)
        The posterior mean at x is mean + spread · k(x, masks) @ weights.
    factor : ndarray of float64, shape (m, m)
        Lower Cholesky factor of the Gram matrix with noise.
    mean, spread : ndarray of float64, shape (K,)
    untouched : ndarray of int
        Samples that the kernel was not learned from.
    """

    kernel: MaskKernel
    masks: BoolArray
    weights: FloatArray
    factor: FloatArray
    mean: FloatArray
    spread: FloatArray
    untouched: IntArray

    def predict(self, masks: BoolArray) -> FloatArray:
        """Return the posterior means at masks (l, n), shape (l, K)."""
        return self.mean + self.spread * (self.kernel.gram(masks, self.masks) @ self.weights)

    def solve(self, right: FloatArray) -> FloatArray:
        """Return the Gram matrix with noise, inverted, times ``right`` (m, …)."""
        from scipy.linalg import cho_solve

        return cho_solve((self.factor, True), right, check_finite=False)

    def left_out(self) -> tuple[FloatArray, FloatArray]:
        """Leave every sample out in turn and predict it (Rasmussen & Williams 2006, section 5.4.2).

        Returns
        -------
        errors : ndarray of float64, shape (m, K)
            Value minus prediction.
        scores : ndarray of float64, shape (m, K)
            Errors in predicted standard deviations.
        """
        from scipy.linalg.lapack import dtrtri

        inverse, _ = dtrtri(self.factor, lower=1)
        precision = (np.tril(inverse) ** 2).sum(axis=0)[:, None]
        return self.spread * self.weights / precision, self.weights / np.sqrt(precision)


def fit_gaussian_process(masks: BoolArray, values: FloatArray, rng: np.random.Generator) -> GaussianProcess:
    """Learn the kernel from some samples and condition on all; masks (m, n), values (m, K)."""
    scaled, mean, spread = standardised(values)
    order = rng.permutation(np.flatnonzero(inner(masks)))
    n_learned = min(_LEARNED, int(_SHARE_LEARNED * len(order)))
    kernel, noise = learn_kernel(masks[order[:n_learned]], scaled[order[:n_learned]])
    kernel = find_spikes(kernel, noise_of(noise, masks), masks, scaled, np.empty((0, 0), dtype=np.int32))
    return condition(kernel, noise, masks, scaled, mean, spread, order[n_learned:])


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
    from scipy.linalg import cho_solve, cholesky

    gram = kernel.gram(masks, masks)
    gram[np.diag_indices_from(gram)] += noise_of(noise, masks)
    factor = cholesky(gram, lower=True, overwrite_a=True, check_finite=False)
    weights = cho_solve((factor, True), scaled, check_finite=False)
    return GaussianProcess(kernel, masks, weights, factor, mean, spread, untouched)


def noise_of(noise: float, masks: BoolArray) -> FloatArray:
    """Return the variance of the noise of every sample, (m,): the end points have none."""
    return np.where(inner(masks), noise, 0.0) + JITTER


def inner(masks: BoolArray) -> BoolArray:
    """Tell which masks are neither empty nor full, shape (m,)."""
    kept = masks.sum(axis=1)
    return (kept > 0) & (kept < masks.shape[1])
