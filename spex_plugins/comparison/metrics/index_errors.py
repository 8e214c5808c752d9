"""Errors of values and pairs where the truth is known, and the coverage of stated deviations."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis.indices import INDICES, same_single_values

if TYPE_CHECKING:
    from spex_plugins.comparison.methods.method import Surrogate
    from spex_plugins.core.basis.fitted_function import FittedFunction
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.types import FloatArray

__all__ = ["index_errors"]

_WIDTH = 1.959964  # standard deviations of a 95 % interval


def index_errors(surrogate: Surrogate, truth: Spectrum) -> dict[str, float]:
    """Return the errors in the index that a method estimates, and the coverage of its deviations.

    Values are judged by a name that single features share ("SV" or "BV"): other indices have no truth for
    them. The pairs of a method that estimates Shapley or Banzhaf values are those of k-SII or FBII; an
    additive function has none, and is not judged by them.
    """
    function, index = surrogate.function, surrogate.index
    nothing = {"value_error": float("nan"), "pair_error": float("nan"), "coverage": float("nan")}
    if index is None or index not in INDICES:
        return nothing
    found = nothing
    # The singles of FSII and STII are not those of the function's Shapley values.
    value_index = next(
        (own for own in ("SV", "BV") if index not in ("FSII", "STII") and same_single_values(index, own)),
        None,
    )
    if value_index is not None:
        single, right = (
            (surrogate.interactions or function).single_values(value_index),
            truth.single_values(value_index).values,
        )
        found = found | {"value_error": _relative(single.values, right)}
        if np.isfinite(single.deviations).all():
            within = np.abs(single.values - right) <= _WIDTH * single.deviations + 1e-9 * np.abs(right).max()
            found = found | {"coverage": float(within.mean())}
    if function.spectrum.max_order > 1:
        pair_index = {"SV": "k-SII", "BV": "FBII"}.get(index, index)
        found = found | {"pair_error": _relative(_pairs(function, pair_index), _pairs(truth, pair_index))}
    return found


def _pairs(function: FittedFunction, index: str) -> FloatArray:
    supports, values = function.convert(index, 2)
    known = {tuple(row): value for row, value in zip(supports.tolist(), values.tolist(), strict=True)}
    return np.array([known.get(pair, 0.0) for pair in combinations(range(function.n), 2)])


def _relative(given: FloatArray, right: FloatArray) -> float:
    size = float((right**2).sum())
    return float(np.sqrt(((given - right) ** 2).sum() / size)) if size > 0 else float("nan")
