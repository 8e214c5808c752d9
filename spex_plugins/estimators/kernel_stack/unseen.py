"""What samples tell of the masks that were not asked, as an index weighs them."""

from __future__ import annotations

from math import comb

import numpy as np

from spex_plugins.core.designs.size_law import reading_law
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["unseen_masks", "unseen_weights"]

_DRAWN = 400


def unseen_weights(masks: BoolArray, index: str) -> FloatArray:
    """Return how much an error at each mask (m, n) tells of the masks that were not asked, (m,).

    Where all were, their values are noisy, or no errors would matter: it tells of the noise at its own then.
    """
    n = masks.shape[1]
    kept = masks.sum(axis=1)
    total = np.array([float(comb(n, s)) for s in range(n + 1)])
    asked = np.bincount(kept, minlength=n + 1)
    each = reading_law(n, index) / np.maximum(asked, 1)
    unseen = each * (1 - asked / total)
    return unseen[kept] if unseen.any() else each[kept]


def unseen_masks(masks: BoolArray, index: str, rng: np.random.Generator) -> BoolArray:
    """Draw masks that were not asked, as the index weighs them."""
    n = masks.shape[1]
    kept = masks.sum(axis=1)
    total = np.array([float(comb(n, s)) for s in range(n + 1)])
    law = reading_law(n, index) * (1 - np.bincount(kept, minlength=n + 1) / total)
    if not law.sum() > 0:
        return np.zeros((0, n), dtype=bool)
    sizes = rng.choice(n + 1, size=_DRAWN, p=law / law.sum())
    drawn = rng.random((_DRAWN, n)).argsort(axis=1).argsort(axis=1) < sizes[:, None]
    together = np.concatenate([masks, drawn])
    first = np.unique(np.packbits(together, axis=1), axis=0, return_index=True)[1]
    return together[np.sort(first[first >= len(masks)])]
