"""Combinations of features that no mask shows: of these a function that meets all values says nothing."""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.types import BoolArray, IntArray

__all__ = ["has_unseen_combinations"]

_SCARCE = 0.4  # share of the masks; uniform masks, and those of all sizes with complements, have half of them


def has_unseen_combinations(masks: BoolArray, supports: IntArray) -> bool:
    """Return whether no mask (m, n) has the scarcer value at all features of a set that could act together.

    A feature has a scarcer value if less than two fifths of the masks have it, as where most features are
    kept. Any two features of the given sets (T, d) could act together, and so could the features of one set
    with another feature that shares a set with each of them.
    """
    n = masks.shape[1]
    kept = masks.mean(axis=0)
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
    return False
