"""Orthogonal matching pursuit in characters: the sets of a sparse function whose values have no noise.

Pati, Rezaiifar & Krishnaprasad (1993). T of N characters are found from about T log N values (Tropp & Gilbert
2007). Values of complements are taken apart into odd and even part, and each part has half of the sets.
"""

from __future__ import annotations

from math import comb, log2

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.characters import characters, pack
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.basis.scaling import standardised
from spex_plugins.core.regression.linear_odd_part import ROUNDING, linear_odd_part
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["exact_sets"]

_PAIRED = 0.8  # share of the masks whose complement is known, from which on these are taken apart
_SEARCHED = 700  # values, or pairs of them
_OUTPUTS = 4  # mixtures of more outputs are searched instead
# Entries of the characters of the sets of every order, at most. Of more sets up to order 4, those of the
# features with the largest correlations are tried; of more sets of higher order, none.
_ENTRIES = {0: 5e6, 1: 5e6, 2: 5e6, 3: 3e7, 4: 1e6, 5: 2.5e6, 6: 2.5e6, 7: 2.5e6, 8: 2.5e6}
_SELECTED = 4
_ODD, _EVEN = tuple(range(1, 9, 2)), tuple(range(0, 9, 2))
_LESS_LIKELY = 0.6  # squared correlations count so much less with every feature of a set
_AT_ONCE, _ALONE, _ALIKE = (
    6,
    30,
    0.5,
)  # sets of a step, one for so many values, correlated so much of the best
_TESTED = 8  # one of so many values is predicted from the others
_PATIENCE = 3  # steps without a better prediction
_DIFFERENT, _OWN = 1e-5, 20.0  # share of the largest value; bits of a value of its own
_OF_PART, _OF_ALL = 5.0, 10.0  # bits beyond the choice of the sets that are needed
_NOTHING, _ROUNDINGS = 1e-13, 3  # share of the largest value, and multiple of the largest error


def exact_sets(masks: BoolArray, values: FloatArray) -> IntArray | None:
    """Return the sets that a function is made of.

    They are fewer than half of the values, and predict values that they were not fitted to, up to rounding in
    single precision.

    Parameters
    ----------
    masks : ndarray of bool, shape (m, n)
        Distinct masks.
    values : ndarray of float64, shape (m, K)

    Returns
    -------
    ndarray of int, shape (T, d), or None
        Sets of one feature and more; None if no such sets of up to eight features are found.
    """
    n = masks.shape[1]
    searched, parts, scale = _parts(masks, values)
    if len(searched) < _TESTED:
        return None
    found, evidence = [], []
    for orders, part in parts.items():
        linear = linear_odd_part(searched, part) if orders == _ODD else None
        if linear is None:
            candidates = _candidates(searched, part, orders)
            columns, sizes = (
                characters(pack(searched), candidates, len(searched)),
                sets.orders_of(candidates, n),
            )
            made_of = _pursuit(columns, sizes, part, scale)
            if made_of is None:
                return None
            made_of = made_of[sizes[made_of] > 0]
        else:
            candidates = sets.singletons(n)
            left = part - np.where(searched, 1.0, -1.0) @ linear
            made_of = np.flatnonzero(_present(linear, left, scale))
        found.append(candidates[made_of])
        if len(made_of):
            evidence.append(_evidence(part, len(made_of), len(candidates), scale))
    told = not evidence or (min(evidence) >= _OF_PART and sum(evidence) >= _OF_ALL)
    return sets.combine(found, n) if told else None


def _parts(
    masks: BoolArray, values: FloatArray
) -> tuple[BoolArray, dict[tuple[int, ...], FloatArray], float]:
    """Return some masks (p, n), the parts (p, K) of their values by the orders of their sets, and a scale."""
    mixed, rng = standardised(values)[0], np.random.default_rng(0)
    if values.shape[1] > _OUTPUTS:
        mixed = mixed @ rng.standard_normal((values.shape[1], _OUTPUTS))
    scale = float(np.abs(mixed).max())
    first, second = complements(masks)
    if 2 * len(first) < _PAIRED * len(masks):
        chosen = rng.permutation(len(masks))[:_SEARCHED]
        return masks[chosen], {tuple(_ENTRIES): mixed[chosen]}, scale
    chosen = rng.permutation(len(first))[:_SEARCHED]
    one, other = mixed[first[chosen]], mixed[second[chosen]]
    return masks[first[chosen]], {_ODD: one - other, _EVEN: one + other}, scale


def _candidates(masks: BoolArray, part: FloatArray, orders: tuple[int, ...]) -> IntArray:
    """Return sets of the given orders, of the features with the largest correlations where there are many."""
    m, n = masks.shape
    signs = np.where(masks, 1.0, -1.0)
    pairs = np.sum([((signs * column[:, None]).T @ signs) ** 2 for column in part.T], axis=0)
    np.fill_diagonal(pairs, 0.0)
    strength = ((signs.T @ part) ** 2).sum(axis=1) * (1 in orders) + pairs.max(axis=1) * (2 in orders)
    ranked = np.argsort(-strength, kind="stable").astype(np.int32)
    found = []
    for order in orders:
        among = n
        while order and comb(among, order) * m > _ENTRIES[order]:
            among -= 1
        if among == n or order <= _SELECTED:
            features = np.sort(ranked[:among])
            found.append(features[sets.all_of_order(among, order)])
    return sets.combine(found, n)


def _pursuit(columns: FloatArray, orders: IntArray, part: FloatArray, scale: float) -> IntArray | None:
    """Return which columns (N, p) make a part (p, K) of values up to ``scale``; None if few do not.

    The constant, if it is among them, is the first one, and always used.
    """
    tested = len(part) - len(part) // _TESTED
    train, test, target, unseen = columns[:, :tested], columns[:, tested:], part[:tested], part[tested:]
    chosen, weights = np.flatnonzero(orders == 0), _LESS_LIKELY**orders
    if len(chosen):
        weights = weights / np.maximum(1 - train.mean(axis=1) ** 2, _NOTHING)  # what the constant leaves
    left = target - target.mean(axis=0) * len(chosen)
    at_once = int(np.clip(len(target) // _ALONE, 1, _AT_ONCE))
    best, error, waited = chosen, np.abs(unseen - (target - left)[0]).max(initial=0.0), 0
    while waited < _PATIENCE and np.abs(left).max(initial=0.0) > _NOTHING * scale:
        score = ((train @ left.astype(np.float32)) ** 2).sum(axis=1) * weights
        score[chosen] = 0.0
        rounded = np.round(score / score.max(), 6)  # of sets that the masks do not tell apart, the smallest
        likely = np.argsort(-rounded, kind="stable")[:at_once]
        chosen = np.concatenate([chosen, likely[rounded[likely] > _ALIKE**2]])
        if 2 * len(chosen) > len(target):
            break
        used = train[chosen].T.astype(np.float64)
        try:
            coefficients = np.linalg.solve(used.T @ used, used.T @ target)
        except np.linalg.LinAlgError:  # the masks do not tell the sets apart
            break
        left = target - used @ coefficients
        found = np.abs(unseen - test[chosen].T @ coefficients).max(initial=0.0)
        waited = 0 if found < error else waited + 1
        if found < error:
            error, best = found, chosen[_present(coefficients, left, scale)]
    return best if error <= ROUNDING * scale else None


def _evidence(part: FloatArray, chosen: int, among: int, scale: float) -> float:
    """Return how many bits values (p, K) tell beyond the choice of so many sets among all.

    Of values that are all different, a coincidence up to rounding is very unlikely; the outputs of a
    classifier have one bit.
    """
    counts = np.unique(np.round(part / (_DIFFERENT * scale)), axis=0, return_counts=True)[1]
    shares = counts / len(part)
    bits = _OWN if 2 * len(counts) > len(part) else float(-(shares * np.log2(shares)).sum())
    return bits * (len(part) - chosen) - log2(comb(among, chosen))


def _present(coefficients: FloatArray, left: FloatArray, scale: float) -> BoolArray:
    """Return which coefficients (T, K) are larger than rounding errors."""
    least = max(_ROUNDINGS * float(np.abs(left).max(initial=0.0)), _NOTHING * scale)
    present: BoolArray = np.abs(coefficients).max(axis=1) > least
    return present
