"""Where values add up: from f(∅) to f(x) as they were evaluated, or as the fitted function predicts them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis.indices import INDICES, same_single_values
from spex_plugins.types import FloatArray

if TYPE_CHECKING:
    from spex_plugins.result.interactions import Interactions

__all__ = ["measured_ends"]

_ROUNDING = 1e-9  # share of the largest value


def measured_ends(
    found: Interactions, index: str, order: int, values: FloatArray
) -> tuple[FloatArray, FloatArray] | None:
    """Return f(∅) and f(x) as evaluated, if an index of order 1 has values (T,) or (T, K) that lead there.

    None for other indices and orders: their values add up to what the fitted function predicts, if at all.
    """
    if order > 1 or index not in INDICES or not same_single_values(index, "SV"):
        return None
    empty, full = found.empty_value, found.full_value
    scale = max(float(np.abs(end).max()) for end in (empty, full, values.sum(axis=0)))
    lacking = np.abs(full - empty - values.sum(axis=0))
    return (empty, full) if (lacking <= _ROUNDING * scale).all() else None
