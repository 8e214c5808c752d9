"""The subset of a given size with the largest predicted value."""

from __future__ import annotations

from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import BoolArray

__all__ = ["best_subset"]

_MOST_SWAPS = 1000


def best_subset(interactions: Any, size: int, *, output: int | None = None) -> BoolArray:
    """Return the features of a given number whose predicted value is the largest that a local search finds.

    Features are removed one after another, each time the one whose removal costs least; then features are
    exchanged as long as that raises the predicted value. No model is called.

    Parameters
    ----------
    interactions : Interactions
        An explanation, or an object with the attribute ``interactions``.
    size : int
        Number of features to keep, 0 ≤ size ≤ n.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.

    Returns
    -------
    ndarray of bool, shape (n,)
        True for a feature that is kept.

    Raises
    ------
    InputError
        If an argument cannot be used.
    """
    found = getattr(interactions, "interactions", interactions)
    if not isinstance(found, Interactions):
        raise InputError(f"interactions: expected Interactions, got {type(found).__name__}.")
    if found.output_shape:
        if output is None:
            raise InputError(
                f"output: there are {found.n_outputs} outputs; choose one, for example output=0."
            )
        found = found.output(output)
    if check.count("size", size, 0, "features to keep") > found.n:
        raise InputError(f"size: must be at most {found.n}, the number of features, got {size}.")
    mask = np.ones(found.n, dtype=bool)
    while mask.sum() > size:
        mask = _best(found, mask, True)
    for _ in range(_MOST_SWAPS if 0 < size < found.n else 0):
        swapped = _best(found, _best(found, mask, False), True)
        before, after = found.predict(np.stack([mask, swapped]))
        if not after > before:
            break
        mask = swapped
    return mask


def _best(found: Interactions, mask: BoolArray, kept: bool) -> BoolArray:
    """Return the mask after the best change of one of the features that are kept, or masked."""
    at = np.flatnonzero(mask == kept)
    changed = np.repeat(mask[None], len(at), axis=0)
    changed[np.arange(len(at)), at] = not kept
    return changed[np.argmax(found.predict(changed))]
