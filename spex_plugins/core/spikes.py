"""Characters that stand out from what a smooth kernel expects, found by their marginal likelihood.

Given the posterior weights α = K⁻¹ y, adding the character χ_S with variance v to the kernel raises the
marginal likelihood most at v = (q² − s) / s² with q = χ_S'α and s = χ_S' K⁻¹ χ_S (Tipping & Faul 2003). Where
the function has no such spike, q² / s is χ² distributed, so that a threshold bounds how many sets are found
by chance. Sets are tested in classes of their own, each at its own threshold: pairs of neighbours (words form
idioms with the word next to them) need less evidence than any two features.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from spex_plugins.core import supports as sets
from spex_plugins.core.characters import characters, pack, project
from spex_plugins.core.mask_kernel import MaskKernel
from spex_plugins.types import BoolArray, FloatArray, IntArray, PackedMasks

__all__ = ["find_spikes"]

_BY_CHANCE = 0.1  # sets of every class that are expected to pass by chance
_ROUNDS = 4
_PER_ROUND = 100
_PROBES = 24  # random sets whose s stands for that of any one
_TRIPLES_AMONG = 24  # features with the largest rates


def find_spikes(
    kernel: MaskKernel, noise: FloatArray, masks: BoolArray, scaled: FloatArray, found: IntArray
) -> MaskKernel:
    """Add the characters to a kernel that the samples call for.

    Parameters
    ----------
    kernel : MaskKernel
    noise : ndarray of float64, shape (m,)
        Variance of the noise of every sample.
    masks : ndarray of bool, shape (m, n)
    scaled : ndarray of float64, shape (m, K)
        Values with mean 0 and variance 1.
    found : ndarray of int, shape (T, d)
        Sets that were decoded from a coded design, a class of their own.

    Returns
    -------
    MaskKernel
    """
    from scipy.linalg import cho_factor, cho_solve
    from scipy.special import chdtri

    m, n = masks.shape
    outputs = scaled.shape[1]
    gram = kernel.gram(masks, masks)
    gram[np.diag_indices(m)] += noise
    factor = cho_factor(gram, lower=True, overwrite_a=True, check_finite=False)
    packed = pack(masks)
    classes = _classes(kernel, n, found)
    least = [float(chdtri(outputs, _BY_CHANCE / len(rows))) for rows in classes]
    probes = _signs(packed, _random_sets(n), m)
    typical = (probes * cho_solve(factor, probes.T, check_finite=False).T).sum(axis=1).mean()

    smooth = weights = cho_solve(factor, scaled, check_finite=False)
    signs, solved, variances = np.empty((0, m)), np.empty((m, 0)), np.empty(0)
    for _ in range(_ROUNDS):
        scores = [(project(masks, rows, weights) ** 2).sum(axis=1) / typical for rows in classes]
        new = _passed(classes, scores, least, n)
        if len(new) == 0:
            break
        more = _signs(packed, new, m)
        plain = cho_solve(factor, more.T, check_finite=False)
        whole = plain - solved @ _corrected(signs, solved, variances, plain)
        s = (more.T * whole).sum(axis=0)
        variance = np.maximum(((more @ weights) ** 2).mean(axis=1) - s, 0.0) / s**2
        keep = variance > 0
        kernel = kernel.extended(new[keep], variance[keep])
        signs, solved = np.concatenate([signs, more[keep]]), np.concatenate([solved, plain[:, keep]], axis=1)
        variances = np.append(variances, variance[keep])
        weights = smooth - solved @ _corrected(signs, solved, variances, smooth)
    return kernel


def _classes(kernel: MaskKernel, n: int, found: IntArray) -> list[IntArray]:
    """Return the sets that are tested, those of one class together."""
    features = np.arange(n, dtype=np.int32)
    pairs = sets.all_of_order(n, 2)
    near = pairs[:, 1] - pairs[:, 0] == 1
    rows = np.column_stack([features[:-2], features[1:-1], features[2:]])
    leading = np.sort(np.argsort(-kernel.product.rates, kind="stable")[:_TRIPLES_AMONG]).astype(np.int32)
    triples = leading[sets.all_of_order(len(leading), 3)]
    high = found[sets.orders_of(found, n) > 2]
    return [one for one in (pairs[near], pairs[~near], rows, triples, high) if len(one)]


def _signs(packed: PackedMasks, rows: IntArray, m: int) -> FloatArray:
    return characters(packed, rows, m).astype(np.float64)


def _passed(
    classes: Sequence[IntArray], scores: Sequence[FloatArray], least: Sequence[float], n: int
) -> IntArray:
    """Return the sets whose score exceeds that of their class, at most so many, the clearest first."""
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


def _random_sets(n: int) -> IntArray:
    """Return sets of a few features, or of less where there are few, to probe with."""
    rng = np.random.default_rng(0)
    order = min(n, 4)
    return np.sort(rng.random((_PROBES, n)).argsort(axis=1)[:, :order], axis=1).astype(np.int32)
