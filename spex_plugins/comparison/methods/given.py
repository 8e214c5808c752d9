"""Explanations that exist already: arrays, sets with values, `Interactions`, results of other libraries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.comparison.methods.sums import additive, sum_of_sets
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.index_inversion import spectrum_of_index
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.errors import InputError
from spex_plugins.result.index_table import IndexTable
from spex_plugins.result.interactions import Interactions
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["Given", "is_explanation", "surrogate_of"]

_NO_SUMS = ("Fourier", "BV", "SII", "BII")
"""Symbols whose values are not summed over the sets that are kept: the function that has them is another."""


class Given(Method):  # numpydoc ignore=RS01
    """An explanation that was made before; it is judged and asks for nothing.

    Parameters
    ----------
    explanations : sequence
        One for each input: an array (n,) of the values of the features, a dict ``{(0, 3): value}`` of sets,
        `Interactions`, a `Spectrum`, an `IndexTable`, a `shap.Explanation` of one row, or a
        `shapiq.InteractionValues`.
    name : str
        Name in the report.
    """

    kind: Kind = "marginal"  # until a run has interactions
    asks = False

    def __init__(self, explanations: Sequence[Any], name: str = "given") -> None:
        if isinstance(explanations, str) or not isinstance(explanations, Iterable):
            raise InputError(
                f"explanations: must be a list with one for each input, got {type(explanations).__name__}."
            )
        self._explanations = list(explanations)
        self.name = name

    def least(self, n: int) -> int:
        """Return 0."""
        return 0

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Return the explanation of the input, or raise InputError if it has none that fits."""
        if game.number >= len(self._explanations):
            raise InputError(f"{self.name}: has {len(self._explanations)} explanations, none for this input")
        return surrogate_of(self._explanations[game.number], game.n)


def is_explanation(value: Any) -> bool:
    """Tell whether an object is an explanation of one input."""
    known = isinstance(value, Interactions | Spectrum | IndexTable | Mapping)
    return known or _is_shapiq(value) or _is_shap(value) or np.ndim(_array(value)) == 1


def surrogate_of(value: Any, n: int) -> Surrogate:
    """Return the function that an explanation of n features stands for.

    Raises
    ------
    InputError
        If it has another number of features, several outputs, values that are not finite, or an unknown type.
    """
    surrogate = _read(value, n)
    function = surrogate.function
    if function.n != n:
        raise InputError(f"the explanation has {counted(function.n, 'feature')}, the input {n}")
    if function.output_shape:
        raise InputError(f"the explanation has {function.output_shape[0]} outputs; give output(k) of it")
    if not np.isfinite(function.spectrum.coefficients).all():
        raise InputError("the explanation holds NaN or inf")
    return surrogate


def _read(value: Any, n: int) -> Surrogate:
    if isinstance(value, Interactions):
        return Surrogate(value.function, "FBII", interactions=value)
    if isinstance(value, Spectrum):
        return Surrogate(value, "FBII")
    if isinstance(value, IndexTable):
        return _of_table(value)
    if _is_shapiq(value):
        return _of_shapiq(value)
    if isinstance(value, Mapping):
        terms = Spectrum.from_dict(n, value).as_dict()  # checks the sets
        return Surrogate(sum_of_sets(n, terms), has_constant=() in value)
    if _is_shap(value):
        return _of_shap(value)
    array = _array(value)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "fiub":
        raise InputError(f"{type(value).__name__} is not an explanation: give an array (n,) or Interactions")
    return Surrogate(additive(array), has_constant=False)


def _of_table(table: IndexTable) -> Surrogate:
    if table.values.ndim > 1:
        raise InputError(f"the table has {table.values.shape[1]} outputs; give one of output(k)")
    terms = {(): float(table.baseline)} | table.as_dict()
    spectrum = _of_index(table.index, table.order, table.n, terms)
    return Surrogate(spectrum, "FBII" if table.index == "Fourier" else table.index)


def _of_shapiq(values: Any) -> Surrogate:
    if values.min_order > 1:
        raise InputError(
            f"the values lack sets of fewer than {values.min_order} features, so that they predict nothing; "
            "compute all orders"
        )
    terms = {
        tuple(sorted(int(i) for i in members)): float(values.values[place])
        for members, place in values.interaction_lookup.items()
    }
    terms.setdefault((), float(values.baseline_value))
    spectrum = _of_index(values.index, int(values.max_order), values.n_players, terms)
    # Of these, some approximators of shapiq give f(∅) for the empty set, others its value in the index.
    return Surrogate(spectrum, values.index, has_constant=values.index not in _NO_SUMS)


def _of_index(index: str, order: int, n: int, terms: dict[tuple[int, ...], float]) -> Spectrum:
    """Return the function of up to ``order`` features that has these values in an index."""
    if index not in _NO_SUMS:
        return sum_of_sets(n, terms)
    return spectrum_of_index(index, order, n, sets.from_sets(terms, n), np.array(list(terms.values())))


def _of_shap(explanation: Any) -> Surrogate:
    values, base = np.asarray(explanation.values), explanation.base_values
    if values.ndim == 2 and len(values) == 1:
        values = values[0]
    if values.ndim != 1:
        raise InputError(
            f"the shap.Explanation has values of shape {values.shape}, of several rows or outputs; give one "
            "row and one output, such as explanation[0] or explanation[0, :, 1], or a list with one for each "
            "input"
        )
    if base is None:
        return Surrogate(additive(values), "SV", has_constant=False)
    if np.size(base) != 1:
        raise InputError(f"the shap.Explanation has {np.size(base)} base values for one row; give one output")
    return Surrogate(additive(values, float(np.ravel(base)[0])), "SV")


def _array(value: Any) -> Any:
    """Return an array-like without axes of length 1 in front."""
    if hasattr(value, "detach"):
        value = value.detach().cpu()
    try:
        array = np.asarray(value)
    except (TypeError, ValueError):
        return np.zeros((0, 0))
    while array.ndim > 1 and len(array) == 1:
        array = array[0]
    return array if array.dtype.kind in "fiub" else np.zeros((0, 0))


def _is_shapiq(value: Any) -> bool:
    return all(hasattr(value, name) for name in ("interaction_lookup", "n_players", "baseline_value"))


def _is_shap(value: Any) -> bool:
    return hasattr(value, "base_values") and hasattr(value, "values")
