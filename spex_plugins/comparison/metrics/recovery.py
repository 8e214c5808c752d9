"""Recovery of annotated features by the largest sets of features."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.ties import levels, not_zero
from spex_plugins.core.basis import feature_sets as sets

if TYPE_CHECKING:
    from spex_plugins.comparison.methods.method import Surrogate

__all__ = ["recovery"]

_TOP = 10
_ORDER = 3


def recovery(surrogate: Surrogate, annotated: Collection[int], top: int = _TOP) -> float:
    """Return the mean share of annotated features in the ``top`` largest sets (arXiv 2502.13870).

    The sets are those of the index that the method estimates, of up to three features, whose values are more
    than rounding.
    """
    function = surrogate.function
    index = surrogate.index or "FBII"
    order = 1 if index in ("SV", "BV") else min(_ORDER, max(1, function.spectrum.max_order))
    supports, values = function.convert(index, order)
    some = sets.orders_of(supports, function.n) > 0
    some &= not_zero(np.where(some, values, 0.0))
    supports, values = supports[some], values[some]
    largest = np.argsort(-levels(np.abs(values)), kind="stable")[:top]
    wanted = set(annotated)
    shares = [len(wanted & set(one)) / len(one) for one in sets.to_sets(supports[largest], function.n)]
    return float(np.mean(shares)) if shares else 0.0
