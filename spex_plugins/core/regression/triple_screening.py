"""Screening of triples for a regression."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["strongest_triples"]

_AMONG = 40  # features whose 9,880 triples are compared
_EXPLAINED_BY = 400  # largest number of pairs that are fitted first, and their largest share of the samples
_RIDGE = 0.05  # per sample


def strongest_triples(masks: BoolArray, values: FloatArray, pairs: IntArray, keep: int) -> IntArray:
    """Return the triples whose characters correlate most with the residual of single features and pairs.

    With more than 40 features, only those with the strongest pairs are considered: an interaction of three
    features of which no two interact may be missed.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
    values : ndarray of float, shape (m, K)
        Standardised outputs.
    pairs : ndarray of int, shape (P, 2)
        Pairs that were screened on the same samples.
    keep : int

    Returns
    -------
    ndarray of int, shape (min(keep, number of triples compared), 3)
    """
    m, n = masks.shape
    packed = pack(masks)
    target = values - values.mean(axis=0)
    strength = ((characters(packed, pairs, m) @ target.astype(np.float32)) ** 2).sum(axis=1)
    best = np.argsort(-strength, kind="stable")[: min(_EXPLAINED_BY, m // 3)]
    explained = np.concatenate(
        [characters(packed, sets.singletons(n), m), characters(packed, pairs[best], m)]
    ).astype(np.float64)
    explained -= explained.mean(axis=1, keepdims=True)
    gram = explained @ explained.T
    gram[np.diag_indices_from(gram)] += _RIDGE * m
    left = target - explained.T @ np.linalg.solve(gram, explained @ target)
    named = np.bincount(pairs[best].ravel(), np.repeat(strength[best], 2), minlength=n)
    among = np.sort(np.argsort(-named, kind="stable")[:_AMONG]).astype(np.int32)
    rows = among[sets.all_of_order(len(among), 3)]
    found = ((characters(packed, rows, m) @ left.astype(np.float32)) ** 2).sum(axis=1)
    return rows[np.argsort(-found, kind="stable")[:keep]]
