"""The function of masks that values of features or of their sets stand for: the sum over what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.conjunctions import Conjunctions
from spex_plugins.core.basis.spectrum import Spectrum

__all__ = ["additive", "sum_of_sets"]


def additive(values: Any, constant: float = 0.0) -> Spectrum:
    """Return constant + Σ_i values_i m_i for values (n,)."""
    of_features = np.asarray(values, dtype=np.float64)
    n = len(of_features)
    supports = sets.combine([np.empty((1, 0), dtype=np.int32), sets.singletons(n)], n)
    return Spectrum.from_terms(n, supports, np.append(constant + of_features.sum() / 2, -of_features / 2))


def sum_of_sets(n: int, terms: Mapping[tuple[int, ...], float]) -> Spectrum:
    """Return Σ_S terms[S] Π_{i∈S} m_i, as its Fourier spectrum."""
    features = sets.from_sets(terms, n)
    values = np.fromiter(terms.values(), dtype=np.float64, count=len(terms))
    function = Conjunctions(n, features, features < n, values[:, None])
    supports, coefficients = function.index("Fourier", features.shape[1])
    return Spectrum.from_terms(n, supports, coefficients[:, 0])
