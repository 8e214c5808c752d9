"""What every adapter needs to speak its host's language: budgets, stores, all inputs, values that add up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.core.basis.indices import same_single_values
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.errors import InputError, ValueFunctionError
from spex_plugins.estimators.held_out import EQUAL
from spex_plugins.queries import Queries
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.queries.store.fingerprint import fingerprint_of
from spex_plugins.result.interactions import Interactions

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = [
    "about",
    "constant",
    "default_budget",
    "name_rows",
    "query_options",
    "single_values",
    "telling_masks",
    "widened",
]

_OWN = {"batch_size", "progress"}  # hosts have arguments of their own for these
_SIDE_BY_SIDE = ("executor", "in_flight", "timeout")
_LEAST_EVALS, _EVALS_PER_INPUT = 500, 16  # SHAP's permutation explainer takes 500, or 10 (2n + 1) if more


def default_budget(n: int, most_listed: int = CHEAP_FEATURES) -> int:
    """Return how many masks to ask for n features when nobody says.

    All 2^n masks of up to ``most_listed`` features, else max(500, 16 n).
    """
    return 2**n if n <= most_listed else max(_LEAST_EVALS, _EVALS_PER_INPUT * n)


def query_options(queries: Queries | None, model: Any) -> dict[str, Any]:
    """Return the keywords of `spex_plugins.explain` for what a user of the host asked for.

    Parameters
    ----------
    queries : Queries, optional
    model : object
        Names itself by its ``fingerprint`` where the queries name it by none.

    Raises
    ------
    InputError
        If the host cannot ask so, or a store would not know the model.
    """
    if queries is None:
        return {}
    if not isinstance(queries, Queries):
        raise InputError(f"queries: must be spex_plugins.Queries(…), got {type(queries).__name__}.")
    for name in (*_SIDE_BY_SIDE, "batch_size"):
        if getattr(queries, name) is not None:
            remedy = "the host has an argument for it"
            if name in _SIDE_BY_SIDE:
                remedy = "hosts mask one batch after another; spex_plugins.explain asks many at a time"
            raise InputError(f"queries: leave {name} out here; {remedy}.")
    given = {name: value for name, value in vars(queries).items() if value is not None}
    options = {name: value for name, value in given.items() if name not in _OWN}
    if "store" in options:
        options["fingerprint"] = fingerprint_of(model, queries.fingerprint)
    return options


def about(options: dict[str, Any], *parts: str | NDArray[Any]) -> dict[str, Any]:
    """Make the fingerprint that names a model one of what it is asked about, such as a row."""
    if "store" not in options:
        return options
    return options | {"fingerprint": digest_of_data(options["fingerprint"], *parts)}


def telling_masks(n: int) -> BoolArray:
    """Return masks (2 + log2 n, n) at which inputs show what belongs to which of n features.

    Nothing is kept, everything, and for every binary digit the features whose number has it: what is kept
    at which of these masks spells the number of its feature.
    """
    digits = np.arange(max(n - 1, 1).bit_length())
    spelled = (np.arange(n) >> digits[:, None]) & 1
    return np.concatenate([np.zeros((1, n)), np.ones((1, n)), spelled]).astype(bool)


def name_rows(
    error: BaseException, what: str, rows: Sequence[int], explained: Mapping[int, Interactions]
) -> None:
    """Say in an error which rows of the input it is about, and attach the explanations of others.

    They have been paid for. The error gets the attributes ``rows``, a list of int, and ``explained``, a dict
    from the number of a row to its `Interactions`.

    Parameters
    ----------
    error : BaseException
    what : str
        The host's word for a row.
    rows : sequence of int
        The rows that were being explained.
    explained : mapping of int to Interactions
        Those that were explained before.
    """
    vars(error).update(rows=list(rows), explained=dict(explained))
    named = f"{what} {', '.join(map(str, rows))}"
    if isinstance(error, ValueFunctionError):
        error.args = (f"{named}: {error}", *error.args[1:])
    else:
        error.add_note(f"This was at {named}.")
    if explained:
        error.add_note(f"The explanations of {len(explained)} others are in error.explained.")


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
    return replace(found, function=found.function.placed(at, len(names)), feature_names=tuple(names))


def constant(value: FloatArray, names: Sequence[str], budget: int) -> Interactions:
    """Return the explanation of an input that equals its baseline: one value, () or (K,), for all masks."""
    return Interactions(
        function=Spectrum.from_dict(len(names), {(): value}),
        feature_names=tuple(names),
        n_calls=1,
        budget=budget,
        r2=np.full(value.shape, np.nan),
        r2_source=EQUAL,
        estimator="none",
        design="1 mask",
        method="no input varies",
        empty_value=value,
        full_value=value,
        exact=True,
    )
