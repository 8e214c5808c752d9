"""Values of an interaction index as ``shapiq.InteractionValues``, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.index_inversion import spectrum_of_index
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.errors import InputError, MissingExtraError

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["interaction_values", "spectrum_of_values"]


def interaction_values(
    index: str,
    order: int,
    n: int,
    supports: IntArray,
    values: FloatArray,
    *,
    empty: float,
    baseline: float,
    budget: int | None,
    exact: bool,
) -> Any:
    """Return the values of an index as ``shapiq.InteractionValues``.

    Parameters
    ----------
    index : str
        A key of `INDICES`; shapiq has no Fourier coefficients.
    order, n : int
        Order of the index and number of features.
    supports : ndarray of int, shape (T, d)
        Sets without the empty set.
    values : ndarray of float64, shape (T,)
    empty : float
        The value of the empty set in the index.
    baseline : float
        f(∅).
    budget : int or None
        Number of masks that were evaluated.
    exact : bool
        Whether nothing was estimated.
    """
    if index not in INDICES:
        raise InputError(f"index: shapiq has no {index!r}; choose one of {list(INDICES)}.")
    try:
        from shapiq import InteractionValues
    except ImportError as error:
        raise MissingExtraError("to_shapiq needs shapiq: pip install shapiq.") from error
    table = dict(zip(sets.to_sets(supports, n), values.tolist(), strict=True))
    return InteractionValues(
        {(): empty} | table,
        index=index,
        max_order=order,
        n_players=n,
        min_order=0,
        interaction_lookup={term: place for place, term in enumerate([(), *table])},
        estimated=not exact,
        estimation_budget=budget,
        baseline_value=baseline,
    )


def spectrum_of_values(values: Any) -> Spectrum:
    """Return the function of order ≤ ``values.max_order`` with these values in their index."""
    if not hasattr(values, "interactions") or not hasattr(values, "max_order"):
        raise InputError(f"values: expected shapiq.InteractionValues, got {type(values).__name__}.")
    index, order, n = values.index, int(values.max_order), int(values.n_players)
    if index not in INDICES:
        raise InputError(
            f"values: a function cannot be read from the index {index!r}; "
            f"compute one of {list(INDICES)} with shapiq."
        )
    table = {tuple(sorted(map(int, term))): float(value) for term, value in values.interactions.items()}
    if values.min_order > 1:
        raise InputError(
            f"values: they lack the sets of fewer than {values.min_order} features, so that no function has "
            "them; compute all orders (min_order=0, top_order=False)."
        )
    table.setdefault((), float(values.baseline_value))
    supports = sets.from_sets(table, n)
    return spectrum_of_index(index, order, n, supports, np.array(list(table.values())))
