"""Characters with larger coefficients than a smooth kernel expects, found by their marginal likelihood.

Given the posterior weights α = K⁻¹ y, adding the character χ_S with variance v to the kernel raises the
marginal likelihood most at v = (q² − s) / s² with q = χ_S'α and s = χ_S' K⁻¹ χ_S (Tipping & Faul 2003). For
sets without such a coefficient, q² / ‖α‖² has about a χ² distribution, so that a threshold bounds the number
of sets found by chance, even if the kernel misjudges the size of the rest. Sets are tested in classes, each
at its own threshold: pairs of neighbours (words form idioms with adjacent words) need less evidence than
others.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack, project
from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray, PackedMasks

__all__ = ["find_significant_sets"]

_BY_CHANCE = 0.1  # expected number of sets of every class that pass by chance
_ROUNDS = 4
_PER_ROUND = 100
_TRIPLES_AMONG = 24  # features with the largest rates


def find_significant_sets(
    kernel: MaskKernel,
    factor: Factor,
    masks: BoolArray,
    scaled: FloatArray,
    found: IntArray,
) -> tuple[IntArray, FloatArray]:
    """Find the characters by which the samples extend a kernel.

    Parameters
    ----------
    kernel : MaskKernel
    factor : Factor
        Factor of the covariance of noisy values at the masks.
    masks : ndarray of bool, shape (m, n)
    scaled : ndarray of float64, shape (m, K)
        Values with mean 0 and variance 1.
    found : ndarray of int, shape (T, d)
        Sets that were decoded from a coded design, a class of their own.

    Returns
    -------
    supports : ndarray of int32, shape (T, d)
        Distinct sets.
    variances : ndarray of float64, shape (T,)
        Their variances, of functions with unit variance.
    """
    from scipy.special import chdtri

    m, n = masks.shape
    packed = pack(masks)
    classes = _classes(kernel, n, found)
    if not classes or not scaled.any():
        return np.empty((0, 0), dtype=np.int32), np.empty(0)
    smooth = weights = factor.solve(scaled)
    signs, solved, variances = np.empty((0, m)), np.empty((m, 0)), np.empty(0)
    rows: list[IntArray] = []
    for _ in range(_ROUNDS):
        total, degrees = _chance(weights)
        least = [float(chdtri(degrees, _BY_CHANCE / len(one))) for one in classes]
        scores = [(project(masks, one, weights) ** 2).sum(axis=1) * degrees / total for one in classes]
        new = _passed(classes, scores, least, n)
        if len(new) == 0:
            break
        more = _signs(packed, new, m)
        plain = factor.solve(more.T)
        whole = plain - solved @ _corrected(signs, solved, variances, plain)
        s = (more.T * whole).sum(axis=0)
        variance = np.maximum(((more @ weights) ** 2).mean(axis=1) - s, 0.0) / s**2
        keep = variance > 0
        rows.append(new[keep])
        signs, solved = np.concatenate([signs, more[keep]]), np.concatenate([solved, plain[:, keep]], axis=1)
        variances = np.append(variances, variance[keep])
        weights = smooth - solved @ _corrected(signs, solved, variances, smooth)
    return sets.merge(sets.combine(rows, n), variances, n)


def _classes(kernel: MaskKernel, n: int, found: IntArray) -> list[IntArray]:
    """Return the sets to test, one array for each class."""
    features = np.arange(n, dtype=np.int32)
    pairs = sets.all_of_order(n, 2)
    near = pairs[:, 1] - pairs[:, 0] == 1
    rows = np.column_stack([features[:-2], features[1:-1], features[2:]])
    leading = np.sort(np.argsort(-kernel.product.rates, kind="stable")[:_TRIPLES_AMONG]).astype(np.int32)
    triples = leading[sets.all_of_order(len(leading), 3)]
    high = found[sets.orders_of(found, n) > 2]
    return [one for one in (pairs[near], pairs[~near], rows, triples, high) if len(one)]


def _chance(weights: FloatArray) -> tuple[float, float]:
    """Return the mean of Σ_k q_k² over all 2^n sets, and the degrees of freedom of its χ² distribution.

    Correlated outputs have fewer degrees of freedom (Satterthwaite 1946).
    """
    products = weights.T @ weights
    total = float(np.trace(products))
    return total, total**2 / float((products**2).sum())


def _signs(packed: PackedMasks, rows: IntArray, m: int) -> FloatArray:
    return characters(packed, rows, m).astype(np.float64)


def _passed(
    classes: Sequence[IntArray], scores: Sequence[FloatArray], least: Sequence[float], n: int
) -> IntArray:
    """Return the sets whose score exceeds the threshold of their class, at most a number, best first."""
    rows = [one[score > bound] for one, score, bound in zip(classes, scores, least, strict=True)]
    ratio = [score[score > bound] / bound for score, bound in zip(scores, least, strict=True)]
    best = np.argsort(-np.concatenate(ratio), kind="stable")[:_PER_ROUND]
    chosen = sets.combine(rows, n)[best]
    return sets.merge(chosen, np.zeros(len(chosen)), n)[0]


def _corrected(signs: FloatArray, solved: FloatArray, variances: FloatArray, right: FloatArray) -> FloatArray:
    """Return (V⁻¹ + χ K⁻¹ χ')⁻¹ χ right, with which K⁻¹ is corrected for characters χ (Woodbury)."""
    if len(signs) == 0:
        return np.zeros((0, right.shape[1]))
    return np.linalg.solve(np.diag(1 / variances) + signs @ solved, signs @ right)
