"""Explanations that exist already: arrays, sets with values, `Interactions`, results of other libraries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.comparison.methods.sums import additive, sum_of_sets
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.errors import InputError
from spex_plugins.result.index_table import IndexTable
from spex_plugins.result.interactions import Interactions
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.comparison.counted_game import CountedGame

__all__ = ["Given", "is_explanation", "surrogate_of"]


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

    asks = False

    def __init__(self, explanations: Sequence[Any], name: str = "given") -> None:
        self._explanations = list(explanations)
        self.name = name
        additive_only = all(np.ndim(_array(one)) == 1 for one in self._explanations)
        self.kind: Kind = "marginal" if additive_only else "interaction"

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
        terms = {(): float(value.baseline)} | value.as_dict()
        return Surrogate(sum_of_sets(value.n, terms), value.index)
    if _is_shapiq(value):
        terms = {
            tuple(int(i) for i in members): float(value.values[place])
            for members, place in value.interaction_lookup.items()
        }
        terms.setdefault((), float(value.baseline_value))
        return Surrogate(sum_of_sets(value.n_players, terms), value.index)
    if isinstance(value, Mapping):
        terms = Spectrum.from_dict(n, value).as_dict()  # checks the sets
        return Surrogate(sum_of_sets(n, terms), has_constant=() in value)
    if _is_shap(value):
        row = value[0] if np.ndim(value.values) == 2 else value
        return Surrogate(additive(row.values, float(np.ravel(row.base_values)[0])), "SV")
    array = _array(value)
    if array.ndim != 1 or not array.size or array.dtype.kind not in "fiub":
        raise InputError(f"{type(value).__name__} is not an explanation: give an array (n,) or Interactions")
    return Surrogate(additive(array), has_constant=False)


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
