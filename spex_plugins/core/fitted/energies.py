"""The shares of the variance of an explanation by the number of features that act together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.core.fitted.all_terms import lists_all_terms
from spex_plugins.core.fitted.stacked import StackedFunction
from spex_plugins.core.fitted.summed import SummedFunction

if TYPE_CHECKING:
    from spex_plugins.core.basis.fitted_function import FittedFunction
    from spex_plugins.types import BoolArray, FloatArray

__all__ = ["energies"]

_MASKS = 2000  # uniform masks at which the rest is measured; its share is then known to some 3 % of itself


def energies(function: FittedFunction) -> dict[str, float]:
    """Return the shares of the variance over uniform masks by order; NaN for a constant.

    Where not all terms can be listed, those of single features and pairs are, and what they leave of the
    predictions is measured: at all masks of up to 12 features, else at 2,000 uniform masks.
    """
    single, pairs, larger = _listed(function) if lists_all_terms(function) else _measured(function)
    total = single + pairs + larger
    shares = np.array([single, pairs, larger]) / total if total > 0 else np.full(3, np.nan)
    return {f"energy_{k}": float(share) for k, share in enumerate(shares, 1)}


def _listed(function: FittedFunction) -> tuple[float, float, float]:
    energy, orders = function.spectrum.energy(), function.spectrum.orders
    return energy[orders == 1].sum(), energy[orders == 2].sum(), energy[orders > 2].sum()


def _measured(function: FittedFunction) -> tuple[float, float, float]:
    n = function.n
    constant, single, pairs = _up_to_pairs(function)
    if n <= CHEAP_FEATURES:
        masks: BoolArray = masks_of_numbers(np.arange(2**n), n)
    else:
        masks = np.random.default_rng(0).random((_MASKS, n)) < 0.5
    signs = np.where(masks, -1.0, 1.0)
    explained = constant + signs @ single + ((signs @ pairs) * signs).sum(axis=1)
    rest = float(((function.predict(masks) - explained) ** 2).mean())
    return float((single**2).sum()), float((pairs**2).sum()), rest


def _up_to_pairs(function: FittedFunction) -> tuple[float, FloatArray, FloatArray]:
    """Return the Fourier coefficients of no feature, of one, (n,), and of two, (n, n), above the diagonal."""
    n = function.n
    if isinstance(function, SummedFunction):
        one, other = _up_to_pairs(function.known), _up_to_pairs(function.estimated)
        return one[0] + other[0], one[1] + other[1], one[2] + other[2]
    supports = sets.combine([sets.all_of_order(n, order) for order in range(3)], n)
    if isinstance(function, StackedFunction):
        values = function.values_at(supports, "Fourier", 2)
    else:
        values = sets.looked_up(supports, *function.convert("Fourier", 2), n)
    pairs = np.zeros((n, n))
    pairs[tuple(supports[n + 1 :].T)] = values[n + 1 :]
    return float(values[0]), values[1 : n + 1], pairs
