"""From the value function of a row to what SHAP shows of it: interactions and values over all its columns."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.api import explain
from spex_plugins.core.indices import INDICES
from spex_plugins.core.spectrum import Spectrum
from spex_plugins.errors import InputError
from spex_plugins.interactions import Interactions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.shap.masked_value_function import MaskedValueFunction
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["feature_names_of_row", "find_interactions", "output_labels", "single_values"]

_LEAST_EVALS, _EVALS_PER_INPUT = 500, 16  # SHAP's permutation explainer takes 500, or 10 (2n + 1) if more


def find_interactions(f: MaskedValueFunction, max_evals: int | None, **settings: Any) -> Interactions:
    """Explain f and number the features like SHAP's columns.

    Inputs that do not vary are features without effect.

    Parameters
    ----------
    f : MaskedValueFunction
    max_evals : int, optional
        By default max(500, 16 n), or 2^n when that is less.
    **settings
        Further arguments of `spex_plugins.explain`.
    """
    n = len(f.varying)
    budget = min(2**n, max(_LEAST_EVALS, _EVALS_PER_INPUT * n)) if max_evals is None else max_evals
    if n == 0:
        return _constant(f, budget)
    found = explain(f, n, budget=budget, **settings)
    spectrum = _widened(found.spectrum, f.varying, f.n_inputs)
    return replace(found, spectrum=spectrum, feature_names=_numbered(f.n_inputs))


def single_values(found: Interactions, index: str, f: MaskedValueFunction) -> FloatArray:
    """Return the values of single features, (M,) or (M, K), adding up to f(x) − f(∅) if the index means to.

    What the fitted values leave of the difference is shared equally by the inputs that vary. It belongs to
    the game f − f̂, which is known only at its two end points: nothing tells the players apart, and the
    Shapley value of the symmetric game through these points is an equal share. This is also the efficient
    normalisation of Ruiz, Valenciano & Zarzuelo (1998), the closest efficient values in least squares.
    """
    values = found.index(index, 1).first_order()
    if len(f.varying) and _is_efficient(index):
        values[f.varying] += (f.full - f.empty - values.sum(axis=0)) / len(f.varying)
    return values


def output_labels(indices: IntArray | None, given: Sequence[str] | None, model: Any) -> dict[str, Any]:
    """Label the outputs for SHAP: it picks from the user's names by number and takes the model's as given.

    Parameters
    ----------
    indices : ndarray of int, shape (K,), or None
        The outputs that are explained.
    given : sequence of str, optional
        Names from the user.
    model : shap.models.Model
        Perhaps with ``output_names``, which a language model only knows after it was called.
    """
    if indices is None:
        return {}
    if given is not None:
        _check_names(indices, given)
        return {"output_indices": indices}
    names = getattr(model, "output_names", None)
    chosen = None if names is None else [str(names[k]) for k in indices]
    return {"output_indices": np.arange(len(indices)), "output_names": chosen}


def feature_names_of_row(masker: Any, explanations: Sequence[Any], row: int) -> list[str]:
    """Return the names as SHAP has them, over all model inputs: columns, or the tokens of this row."""
    per_row = callable(getattr(masker, "feature_names", None))
    parts = [one.feature_names[row] if per_row else one.feature_names for one in explanations]
    return [str(name) for part in parts for name in part]


def _check_names(indices: IntArray, given: Sequence[str]) -> None:
    if isinstance(given, str) or max(indices) >= len(given) or min(indices) < -len(given):
        count = max(max(indices) + 1, -min(indices))
        raise InputError(f"output_names: expected a list of {count} names or more, got {given!r:.80}.")


def _is_efficient(index: str) -> bool:
    """Tell whether the single features of an index of order 1 add up to f(x) − f(∅).

    They do when every dividend a(R) is shared out completely among the members of R. ("Efficient" in
    `INDICES` is about all orders together: Möbius is, its single features alone are not.)
    """
    weight = INDICES[index].moebius_weight
    return all(r * weight(r, 1, 1) == 1 for r in range(1, 9))


def _widened(spectrum: Spectrum, varying: IntArray, n_inputs: int) -> Spectrum:
    supports = np.append(varying, n_inputs).astype(np.int32)[spectrum.supports]
    return Spectrum(n_inputs, supports, spectrum.coefficients)


def _numbered(n: int) -> tuple[str, ...]:
    return tuple(f"x{i}" for i in range(n))


def _constant(f: MaskedValueFunction, budget: int) -> Interactions:
    """Return the explanation of a row that equals its background."""
    return Interactions(
        spectrum=Spectrum.from_dict(f.n_inputs, {(): f.empty}),
        feature_names=_numbered(f.n_inputs),
        n_calls=1,
        budget=budget,
        r2=np.full(f.empty.shape, np.nan),
        r2_source="not measured",
        estimator="none",
        plan="1 mask; no input varies",
        empty_value=f.empty,
        full_value=f.full,
    )
