"""Top-r removal: how much the features change the model that an explanation itself calls decisive."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.subsets.best_subset import best_subset, of_masked_features

if TYPE_CHECKING:
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["removal", "removal_sizes"]

_SIZES = (1, 2, 3, 5, 10)
_MAX_NODES = 50  # of the branch-and-bound tree: in many runs, a set near the best must do
_FEW_TERMS = 300  # with more, exchanges of features alone find the set


def removal_sizes(n: int) -> list[int]:
    """Return the numbers r of features that are removed, at most half of them."""
    return [r for r in _SIZES if r <= max(1, n // 2)]


def removal(spectrum: Spectrum, ask: Callable[[BoolArray], FloatArray], full: float) -> dict[int, float]:
    """Return |f(x) − f(x without S_r)| / |f(x)| by r, as in the paper of SPEX (arXiv 2502.13870).

    S_r are the up to r features whose removal changes the explanation's own function most, in either
    direction: by mixed-integer linear programming, or by exchanges where it has more than 300 terms.

    Parameters
    ----------
    spectrum : Spectrum
        Of the explanation.
    ask : callable
        Masks (m, n) → values (m,) of the value function.
    full : float
        f(x); where it is 0, the result is NaN.
    """
    sizes = removal_sizes(spectrum.n)
    own = float(spectrum.predict(np.ones((1, spectrum.n), dtype=bool))[0])
    removed, nodes = of_masked_features(spectrum), _MAX_NODES if len(spectrum) <= _FEW_TERMS else 0
    chosen = []
    for r in sizes:
        found = [
            best_subset(removed, at_most=r, direction=direction, max_nodes=nodes)
            for direction in ("lowest", "highest")
        ]
        chosen.append(~max(found, key=lambda one: abs(one.value - own)).mask)
    changes = np.abs(full - ask(np.array(chosen)))
    return {
        r: float(change / abs(full)) if full else float("nan")
        for r, change in zip(sizes, changes, strict=True)
    }
