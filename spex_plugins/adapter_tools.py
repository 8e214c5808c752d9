"""Functions that the adapters share: budgets, options of model calls, efficient values, constant inputs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.core.basis.indices import same_single_values
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.designs.all_masks import CHEAP_FEATURES
from spex_plugins.errors import InputError, ValueFunctionError
from spex_plugins.estimators.common.held_out import EQUAL
from spex_plugins.queries import Queries
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.queries.store.fingerprint import fingerprint_of
from spex_plugins.result.interactions import Interactions
from spex_plugins.wording import counted

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

_OWN = {"batch_size", "progress"}  # the hosts have their own arguments for these
_SIDE_BY_SIDE = ("executor", "in_flight", "timeout")
_LEAST_EVALS, _EVALS_PER_INPUT = 500, 16  # SHAP's permutation explainer takes 500, or 10 (2n + 1) if more


def default_budget(n: int, most_listed: int = CHEAP_FEATURES) -> int:
    """Return the default number of masks for n features.

    This is 2^n for up to ``most_listed`` features, else max(500, 16 n).
    """
    return 2**n if n <= most_listed else max(_LEAST_EVALS, _EVALS_PER_INPUT * n)


def query_options(queries: Queries | None, model: Any) -> dict[str, Any]:
    """Return options that were given to an adapter as keywords of `spex_plugins.explain`.

    Parameters
    ----------
    queries : Queries, optional
        The options; None for the defaults.
    model : object
        Its attribute ``fingerprint`` is used if the queries have none.

    Returns
    -------
    dict
        Options that differ from None, without those for which the host has an argument.

    Raises
    ------
    InputError
        If an option is not supported through this host, or a store is given without a fingerprint.
    """
    if queries is None:
        return {}
    if not isinstance(queries, Queries):
        raise InputError(f"queries: must be spex_plugins.Queries(…), got {type(queries).__name__}.")
    for name in (*_SIDE_BY_SIDE, "batch_size"):
        if getattr(queries, name) is not None:
            remedy = "the host has an argument for it"
            if name in _SIDE_BY_SIDE:
                remedy = "the host evaluates batches one at a time, spex_plugins.explain several"
            raise InputError(f"queries: {name} is not supported here; {remedy}.")
    given = {name: value for name, value in vars(queries).items() if value is not None}
    options = {name: value for name, value in given.items() if name not in _OWN}
    if "store" in options:
        options["fingerprint"] = fingerprint_of(model, queries.fingerprint)
    return options


def about(options: dict[str, Any], *parts: str | NDArray[Any]) -> dict[str, Any]:
    """Extend the fingerprint of a model in the options by the data that it is evaluated on, such as a row."""
    if "store" not in options:
        return options
    return options | {"fingerprint": digest_of_data(options["fingerprint"], *parts)}


def telling_masks(n: int) -> BoolArray:
    """Return masks (2 + ⌈log2 n⌉, n) that identify to which of n features each part of an input belongs.

    These are the empty mask, the full mask, and for every binary digit the mask of the features whose number
    has that digit set: the masks at which a part is kept are the binary digits of its feature's number.
    """
    digits = np.arange(max(n - 1, 1).bit_length())
    spelled = (np.arange(n) >> digits[:, None]) & 1
    return np.concatenate([np.zeros((1, n)), np.ones((1, n)), spelled]).astype(bool)


def name_rows(
    error: BaseException, what: str, rows: Sequence[int], explained: Mapping[int, Interactions]
) -> None:
    """Add the failed rows of the input to an error, and attach the explanations of the completed ones.

    The error gets the attributes ``rows``, a list of int, and ``explained``, a dict from the number of a row
    to its `Interactions`, so that model calls already made are not lost.

    Parameters
    ----------
    error : BaseException
        The error to modify.
    what : str
        The host's word for a row.
    rows : sequence of int
        Numbers of the rows that were being explained.
    explained : mapping of int to Interactions
        Explanations of the rows before, by number.
    """
    vars(error).update(rows=list(rows), explained=dict(explained))
    named = f"{what} {', '.join(map(str, rows))}"
    if isinstance(error, ValueFunctionError):
        error.args = (f"{named}: {error}", *error.args[1:])
    else:
        error.add_note(f"Raised at {named}.")
    if explained:
        error.add_note(f"The explanations of {counted(len(explained), 'other')} are in error.explained.")


def single_values(found: Interactions, index: str, difference: FloatArray, playing: IntArray) -> FloatArray:
    """Return the values of single features; those of an efficient index sum to f(x) − f(∅).

    The difference between f(x) − f(∅) and the sum of the fitted values is divided equally among the features
    that vary. It is due to the game f − f̂, which is known only at the empty and the full mask, so that no
    feature can be distinguished from another; the Shapley value of the symmetric game with these two values
    is an equal share. This is the efficient normalisation of Ruiz, Valenciano & Zarzuelo (1998), which gives
    the closest efficient values in least squares.

    Parameters
    ----------
    found : Interactions
        Explanation of n features.
    index : str
        A key of `spex_plugins.INDICES`.
    difference : ndarray of float64, shape () or (K,)
        f(x) − f(∅).
    playing : ndarray of int
        Numbers of the features that can change the value.

    Returns
    -------
    ndarray of float64, shape (n,) or (n, K)
        In the unit of the value function.
    """
    values = found.single_values(index).values.copy()
    if len(playing) and same_single_values(index, "SV"):
        values[playing] += (difference - values.sum(axis=0)) / len(playing)
    return values


def widened(found: Interactions, at: IntArray, names: Sequence[str]) -> Interactions:
    """Extend an explanation to all inputs; the added features have no effect.

    Parameters
    ----------
    found : Interactions
        Explanation of n features.
    at : ndarray of int, shape (n,)
        Their positions among all inputs, ascending.
    names : sequence of str
        Names of all inputs.
    """
    return replace(found, function=found.function.placed(at, len(names)), feature_names=tuple(names))


def constant(value: FloatArray, names: Sequence[str], budget: int) -> Interactions:
    """Return the explanation of an input that equals its baseline: the value () or (K,) at all masks."""
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
