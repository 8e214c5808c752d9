"""Combinations of features that no mask shows: of these a function that meets all values says nothing.

A maximum is the largest of the values of the kept features. Where the three with the largest values are
masked, it depends on the fourth; if no mask lacks all four, it looks like a function of three features. Such
functions have most sets of their features in their spectrum, as conjunctions do, other than a parity.
"""

from __future__ import annotations

from itertools import chain, combinations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.types import BoolArray, IntArray

__all__ = ["has_unseen_combinations"]

_SCARCE = 0.4  # share of the masks; uniform masks, and those of all sizes with complements, have half of them


def has_unseen_combinations(masks: BoolArray, supports: IntArray) -> bool:
    """Return whether no mask (m, n) has the scarcer value at all features of a set that could act together.

    A feature has a scarcer value if less than two fifths of the masks have it, as where most features are
    kept. Any two features of the given sets (T, d) could act together, and so could the features of one set
    with another feature that shares a set with each of them. If all subsets of a set are given, its features
    could act with any other. If most sets of all given features are given, so could these, masked or kept.
    """
    n = masks.shape[1]
    kept = masks.mean(axis=0)
    given = {frozenset(one) for one in sets.to_sets(supports, n)} - {frozenset[int]()}
    everything = frozenset[int]().union(*given)
    dense, varying = 2 * len(given) >= 2 ** len(everything), np.flatnonzero(kept * (1 - kept) > 0)
    if dense and _has_unseen_neighbour(masks, everything, varying, (False, True)):
        return True
    scarce = np.minimum(kept, 1 - kept) < _SCARCE
    active = [i for i in np.unique(supports).tolist() if i < n and scarce[i]]
    has = (masks == (kept < 1 / 2))[:, active]
    together = has.T.astype(np.float64) @ has
    if not together.all():
        return True
    place = {feature: k for k, feature in enumerate(active)}
    found = {frozenset(place[i] for i in one if i in place) for one in sets.to_sets(supports, n)}
    near = [frozenset[int]().union(*(one for one in found if k in one)) for k in range(len(active))]
    for one in found - {frozenset()}:
        all_of = has[:, sorted(one)].all(axis=1)
        others = sorted(frozenset.intersection(*(near[k] for k in one)))
        if not (all_of.any() and has[all_of][:, others].any(axis=0).all()):
            return True
    rare = kept < 1 / 2
    flipped, among = masks == rare, np.intersect1d(np.flatnonzero(scarce), varying)
    return any(
        scarce[list(one)].all()
        and _is_closed(one, given)
        and _has_unseen_neighbour(flipped, one, among, (True,))
        for one in given
    )


def _is_closed(one: frozenset[int], given: set[frozenset[int]]) -> bool:
    """Return whether all sets of some features are given, but the empty one."""
    smaller = (combinations(sorted(one), size) for size in range(1, len(one) + 1))
    return 2 ** len(one) - 1 <= len(given) and all(frozenset(part) in given for part in chain(*smaller))


def _has_unseen_neighbour(
    masks: BoolArray, one: frozenset[int], among: IntArray, states: tuple[bool, ...]
) -> bool:
    """Return whether no mask has a state at all features of a set and at another feature ``among`` all."""
    at = sorted(one)
    return any(
        not (masks[(masks[:, at] == state).all(axis=1)] == state)[:, among].any(axis=0).all()
        for state in states
    )
