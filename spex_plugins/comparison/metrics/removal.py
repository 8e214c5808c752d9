"""Top-r removal: how much the features change the model that an explanation itself calls decisive."""

from __future__ import annotations

from collections.abc import Callable
from math import comb
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.fitted.all_terms import lists_all_terms
from spex_plugins.core.subsets.best_subset import best_subset, of_masked_features
from spex_plugins.core.subsets.predicted import best_of_all, exchanged

if TYPE_CHECKING:
    from spex_plugins.core.basis.fitted_function import FittedFunction
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["removal", "removal_sizes"]

_SIZES = (1, 2, 3, 5, 10)
_MAX_NODES = 50  # of the branch-and-bound tree: in many runs, a set near the best must do
_FEW_TERMS = 300  # with more, exchanges of features alone find the set
_FEW_SETS = 5000  # of one size, up to which all are predicted


def removal_sizes(n: int) -> list[int]:
    """Return the numbers r of features that are removed, at most half of them."""
    return [r for r in _SIZES if r <= max(1, n // 2)]


def removal(
    function: FittedFunction, ask: Callable[[BoolArray], FloatArray], full: float
) -> dict[int, float]:
    """Return |f(x) − f(x without S_r)| / |f(x)| by r, as in the paper of SPEX (arXiv 2502.13870).

    S_r are the up to r features whose removal changes the explanation's own function most, in either
    direction: by mixed-integer linear programming, or by exchanges where it has more than 300 terms. Where
    its terms cannot all be listed, all sets of a size are predicted if they are few; else the best sets of
    the listed terms are improved by exchanges.

    Parameters
    ----------
    function : FittedFunction
        The explanation's own, of one output.
    ask : callable
        Masks (m, n) → values (m,) of the value function.
    full : float
        f(x); where it is 0, the result is NaN.
    """
    sizes = removal_sizes(function.n)
    own = float(function.predict(np.ones((1, function.n), dtype=bool))[0])

    def change(masks: BoolArray) -> FloatArray:
        return np.abs(function.predict(masks) - own)

    if lists_all_terms(function):
        chosen = [max(_by_terms(function.spectrum, r), key=lambda one: change(one[None])[0]) for r in sizes]
    else:
        chosen = _by_predictions(function.spectrum, change, sizes)
    changes = np.abs(full - ask(np.array(chosen)))
    return {
        r: float(each / abs(full)) if full else float("nan") for r, each in zip(sizes, changes, strict=True)
    }


def _by_terms(spectrum: Spectrum, r: int) -> list[BoolArray]:
    """Return the masks without up to r features that have the lowest and the highest value."""
    removed, nodes = of_masked_features(spectrum), _MAX_NODES if len(spectrum) <= _FEW_TERMS else 0
    return [
        ~best_subset(removed, at_most=r, direction=direction, max_nodes=nodes).mask
        for direction in ("lowest", "highest")
    ]


def _by_predictions(
    spectrum: Spectrum, change: Callable[[BoolArray], FloatArray], sizes: list[int]
) -> list[BoolArray]:
    """Return the mask of the largest change for every size r, without up to r features."""
    n, best, searched = spectrum.n, np.ones(spectrum.n, dtype=bool), 0
    chosen = []
    for r in sizes:
        found = [best]
        if comb(n, r) <= _FEW_SETS:
            every = (best_of_all(change, n, n - size) for size in range(searched + 1, r + 1))
            found += [mask for mask in every if mask is not None]
            searched = r
        else:
            found += [exchanged(change, mask) for mask in _by_terms(spectrum, r)]
        best = max(found, key=lambda one: change(one[None])[0])
        chosen.append(best)
    return chosen
