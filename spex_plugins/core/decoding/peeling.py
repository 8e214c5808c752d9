"""Detection of the sets with significant coefficients from the bins of a coded design.

Rounds of detection and least squares. Detectors are tried in order of their cost: hard decoding of the bins
that still have energy, an exact matched filter over all sets of low order, soft decoding with few and with
many flips. After every success all coefficients are fitted jointly and subtracted (rather than peeled off
one by one, so that early errors do not stay in the bins), and the search starts again from the cheapest.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from math import comb

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.decoding.aliased_transform import (
    Signatures,
    aliased_transform,
    correlate,
    fit_support,
    residual,
)
from spex_plugins.core.decoding.coded_design import CodedDesign
from spex_plugins.core.decoding.soft_decoding import decode_words
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["find_support"]

_MATCHED = 1_000_000  # largest number of sets that are tested individually
_FLIPS = (4, 8)  # least reliable bits that are flipped, by soft and by extended decoding
_ROUNDS = 50
_PROGRESS = 1e-3  # least share of the remaining energy that a round must explain
_DONE = 1e-24  # share of the total energy that is attributed to rounding errors
_SIGNIFICANT = 5.0  # standard errors; about one in 10^6 sets passes in pure noise
_LEADING = 0.2  # a round accepts matches of at least this share of its best, which interfere less
_AGREEMENT = 0.3  # least squared correlation of a bin with the set decoded from it
_EXCESS = 2.5  # standard deviations by which the energy of a bin must exceed noise for soft decoding
_OUTPUTS = 4  # principal components of the outputs that are searched


def find_support(values: FloatArray, coded: CodedDesign) -> IntArray:
    """Find the sets with significant coefficients.

    Parameters
    ----------
    values : ndarray of float, shape (m, K)
        At the masks of the design.
    coded : CodedDesign

    Returns
    -------
    ndarray of int, shape (T, d)
        Distinct sets of at most t features, canonical order.
    """
    bins = aliased_transform(_principal(values), coded)
    detectors = _detectors(coded)
    found: IntArray = np.empty((0, 0), dtype=np.int32)
    rest, stage = bins, 0
    for _ in range(_ROUNDS):
        if stage == len(detectors) or _energy(rest).mean() <= _DONE * _energy(bins).mean():
            break
        merged = _union(found, detectors[stage](rest), coded.code.n)
        if len(merged) == len(found):
            stage += 1
            continue
        kept, left = _refitted(bins, coded, merged)
        if _energy(left).mean() < (1 - _PROGRESS) * _energy(rest).mean():
            found, rest, stage = kept, left, 0
        else:
            stage += 1
    return found


def _detectors(coded: CodedDesign) -> list[Callable[[FloatArray], IntArray]]:
    low = _low_orders(coded.code.n, coded.code.t)
    signature = cache(lambda: Signatures.of(coded, low))  # many sets, unnecessary if hard decoding suffices
    soft = [partial(_decoded, coded=coded, flips=flips) for flips in _FLIPS]
    return [
        partial(_decoded, coded=coded, flips=0),
        lambda rest: low[_standing_out(rest, signature())],
        *soft,
    ]


def _principal(values: FloatArray) -> FloatArray:
    """Reduce K standardised outputs to their first principal components."""
    spread = values.std(axis=0)
    scaled = values / np.where(spread > 0, spread, 1.0)
    if values.shape[1] <= _OUTPUTS:
        return scaled
    _, directions = np.linalg.eigh(np.cov(scaled.T))
    return scaled @ directions[:, -_OUTPUTS:]


def _energy(bins: FloatArray) -> FloatArray:
    """Mean over delays of U², summed over outputs, (C, 2^b)."""
    return np.einsum("cjqk,cjqk->cj", bins, bins) / bins.shape[2]


def _low_orders(n: int, t: int) -> IntArray:
    """All sets of orders 0, 1, … as long as testing them individually is cheap."""
    parts: list[IntArray] = []
    total = 0
    for order in range(min(n, t) + 1):
        total += comb(n, order)
        if total > _MATCHED and order > 1:
            break
        parts.append(sets.all_of_order(n, order))
    return sets.combine(parts, n)


def _union(found: IntArray, more: IntArray, n: int) -> IntArray:
    both = sets.combine([found, more], n)
    return sets.merge(both, np.zeros(len(both)), n)[0]


def _refitted(bins: FloatArray, coded: CodedDesign, supports: IntArray) -> tuple[IntArray, FloatArray]:
    """Fit all sets jointly, drop the insignificant ones, and return the rest with its residual."""
    groups, _, delays, _ = bins.shape
    coefficients = fit_support(bins, coded, supports)
    left = residual(bins, coded, supports, coefficients)
    variance = _energy(left).mean() / (groups * delays)
    keep = (coefficients**2).sum(axis=1) > _SIGNIFICANT**2 * variance
    if keep.all():
        return supports, left
    supports = supports[keep]
    return supports, residual(bins, coded, supports, fit_support(bins, coded, supports))


def _standing_out(rest: FloatArray, signature: Signatures) -> IntArray:
    """Return which sets are significant in the mean over the groups, and not because of a single group."""
    groups, size, delays, _ = rest.shape
    by_group = correlate(rest, signature)  # (C, T, K)
    mean = by_group.mean(axis=0)
    strength = np.linalg.norm(mean, axis=1)
    error = np.sqrt(_energy(rest).mean() / (groups * delays))
    strong = np.flatnonzero(strength > max(_SIGNIFICANT * error, _LEADING * strength.max()))
    along = np.median((by_group[:, strong] * mean[strong]).sum(axis=2), axis=0)
    stand_out = strong[along > 0.5 * strength[strong] ** 2]
    # More sets than bins would fit each other's interference.
    return stand_out[np.argsort(-strength[stand_out])[: groups * size]]


def _decoded(rest: FloatArray, coded: CodedDesign, flips: int) -> IntArray:
    """Return the sets decoded from all bins (hard decoding) or from those above the noise (soft decoding)."""
    energy = _energy(rest)
    deviation = np.sqrt(2 / rest.shape[2])  # relative, of the energy of pure noise
    noise = np.quantile(energy, 0.25) / (1 - 0.67 * deviation)  # its normal quartile lies at −0.67
    least = (1 + _EXCESS * deviation) * noise if flips else 0.0
    group, at = np.nonzero(energy > max(least, _DONE * energy.max()))
    received = _dominant(rest[group, at])  # (N, p + 1)
    word, supports = decode_words(coded.code, received[:, 1:], flips)
    signature = Signatures.of(coded, supports)
    fits = signature.bins[group[word], np.arange(len(word))] == at[word]
    sums = np.einsum("dq,dq->d", signature.signs, received[word])
    agreement = sums**2 / (rest.shape[2] * (received[word] ** 2).sum(axis=1))
    return supports[_best_of_each(word, np.where(fits, agreement, 0.0))]


def _dominant(signals: FloatArray) -> FloatArray:
    """Reduce (N, p + 1, K) to the combination of outputs with the largest energy, (N, p + 1)."""
    if signals.shape[2] == 1:
        return signals[:, :, 0]
    _, directions = np.linalg.eigh(np.swapaxes(signals, 1, 2) @ signals)
    return np.einsum("nqk,nk->nq", signals, directions[:, :, -1])


def _best_of_each(word: IntArray, agreement: FloatArray) -> BoolArray:
    """Mark the candidate with the best agreement for every word, if it exceeds the threshold."""
    order = np.lexsort([-agreement, word])
    first = np.ones(len(word), dtype=bool)
    first[1:] = word[order][1:] != word[order][:-1]
    best = np.zeros(len(word), dtype=bool)
    best[order[first]] = True
    return best & (agreement > _AGREEMENT)
