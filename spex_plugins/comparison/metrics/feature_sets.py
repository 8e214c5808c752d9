"""Metrics of the sets of features: recovery of annotated features, and energy by order."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.comparison.metrics.ties import levels, not_zero
from spex_plugins.core.basis import feature_sets as sets

if TYPE_CHECKING:
    from spex_plugins.comparison.methods.method import Surrogate
    from spex_plugins.core.basis.spectrum import Spectrum

__all__ = ["energies", "recovery"]

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


def energies(spectrum: Spectrum) -> dict[str, float]:
    """Return the shares of the variance over uniform masks by order; NaN for a constant."""
    energy, orders = spectrum.energy(), spectrum.orders
    total = energy[orders > 0].sum()
    if not total > 0:
        return dict.fromkeys(("energy_1", "energy_2", "energy_3"), float("nan"))
    parts = (energy[orders == 1], energy[orders == 2], energy[orders > 2])
    return {f"energy_{k}": float(part.sum() / total) for k, part in enumerate(parts, 1)}
