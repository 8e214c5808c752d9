"""What every adapter needs to speak its host's language: a default budget, all inputs, values that add up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.indices import same_single_values
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.estimators.base import SingleValues
from spex_plugins.interactions import Interactions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import FloatArray, IntArray

__all__ = ["constant", "default_budget", "single_values", "widened"]

_LEAST_EVALS, _EVALS_PER_INPUT = 500, 16  # SHAP's permutation explainer takes 500, or 10 (2n + 1) if more


def default_budget(n: int) -> int:
    """Return how many masks to ask for n features when nobody says: max(500, 16 n), at most 2^n."""
    return min(2**n, max(_LEAST_EVALS, _EVALS_PER_INPUT * n))


def single_values(found: Interactions, index: str, difference: FloatArray, playing: IntArray) -> FloatArray:
    """Return the values of single features, (n,) or (n, K), adding up to f(x) − f(∅) if the index means to.

    What the fitted values leave of the difference is shared equally by the features that play. It belongs
    to the game f − f̂, which is known only at its two end points: nothing tells the players apart, and the
    Shapley value of the symmetric game through these points is an equal share. This is also the efficient
    normalisation of Ruiz, Valenciano & Zarzuelo (1998), the closest efficient values in least squares.

    Parameters
    ----------
    found : Interactions
    index : str
        A key of `spex_plugins.INDICES`.
    difference : ndarray of float64, shape () or (K,)
        f(x) − f(∅).
    playing : ndarray of int
        The features that can change anything.
    """
    values = found.single_values(index).values.copy()
    if len(playing) and same_single_values(index, "SV"):
        values[playing] += (difference - values.sum(axis=0)) / len(playing)
    return values


def widened(found: Interactions, at: IntArray, names: Sequence[str]) -> Interactions:
    """Place the features of an explanation among all inputs; the others are features without effect.

    Parameters
    ----------
    found : Interactions
        With n features.
    at : ndarray of int, shape (n,)
        Where they stand among all inputs.
    names : sequence of str
        Names of all inputs.
    """
    supports = np.append(at, len(names)).astype(np.int32)[found.spectrum.supports]
    spectrum = Spectrum(len(names), supports, found.spectrum.coefficients)
    singles = {
        index: SingleValues(
            _placed(single.values, at, len(names)), _placed(single.deviations, at, len(names))
        )
        for index, single in found.singles.items()
    }
    return replace(found, spectrum=spectrum, feature_names=tuple(names), singles=singles)


def constant(value: FloatArray, names: Sequence[str], budget: int) -> Interactions:
    """Return the explanation of an input that equals its baseline: one value, () or (K,), for all masks."""
    return Interactions(
        spectrum=Spectrum.from_dict(len(names), {(): value}),
        feature_names=tuple(names),
        n_calls=1,
        budget=budget,
        r2=np.full(value.shape, np.nan),
        r2_source="not measured",
        estimator="none",
        plan="1 mask; no input varies",
        empty_value=value,
        full_value=value,
    )


def _placed(values: FloatArray, at: IntArray, n: int) -> FloatArray:
    out = np.zeros((n, *values.shape[1:]))
    out[at] = values
    return out
