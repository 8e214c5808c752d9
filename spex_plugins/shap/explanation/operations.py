"""SHAP's operations on explanations, for every axis and for rows of different lengths.

SHAP reduces what it does not compute, such as standard deviations, to one row or leaves it unchanged: an
average over rows has the deviations of the first row.
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_tuple
from shap._explanation import OpHistoryItem
from slicer import Alias, Obj

from spex_plugins.errors import InputError
from spex_plugins.shap.explanation.indexing import axes_left, axes_of, replaced
from spex_plugins.shap.explanation.join_rows import objects

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

__all__ = ["NOTHING", "elementwise", "is_nested", "over_axes", "same_content", "side_by_side"]

NOTHING = Obj(None, [])  # in place of what an operation removes
_SAME_FOR_ALL = 1e-8  # as SHAP compares the clusterings of rows
_BY_FEATURE = ("values", "data", "display_data", "error_std", "main_effects", "lower_bounds", "upper_bounds")


def is_nested(content: Any) -> bool:
    """Tell whether rows are held one by one, as arrays of different lengths are."""
    if isinstance(content, np.ndarray):
        return (
            content.dtype == object and content.ndim == 1 and any(isinstance(x, np.ndarray) for x in content)
        )
    return isinstance(content, list | tuple)


def same_content(one: Any, other: Any) -> bool:
    """Tell whether two arrays, or lists of arrays, have the same shapes and numbers."""
    if is_nested(one):
        return is_nested(other) and len(one) == len(other) and all(map(same_content, one, other))
    return np.array_equal(one, other, equal_nan=True)


def elementwise(
    explanation: Any, name: str, function: Callable[..., Any], parts: Sequence[str], *others: Any
) -> Any:
    """Apply a function of arrays to parts of an explanation; all others are unchanged.

    Parameters
    ----------
    explanation : SpexExplanation
    name : str
        Of the operation, for the history.
    function : callable
        Of one array, or of one and the ``others``.
    parts : sequence of str
        Among "values", "base_values" and "data". Data that are no numbers stay.
    *others : number, ndarray or shap.Explanation
        Of an explanation its parts are taken.
    """
    new = copy(explanation)
    changed = {}
    for part in parts:
        operands = [getattr(one, part) if hasattr(one, "op_history") else one for one in (new, *others)]
        known = all(one is not None for one in operands)
        changed[part] = Obj(_mapped(function, *operands), axes_of(new._s, part)) if known else NOTHING
    new._s = replaced(new._s, **changed)
    new.op_history.append(OpHistoryItem(name=name, args=others, prev_shape=explanation.shape))
    return new


def over_axes(explanation: Any, name: str, function: Callable[..., Any], axis: Any, **history: Any) -> Any:
    """Reduce values over axes, and base values and data where they have these axes.

    What belongs to a reduced axis but cannot be reduced itself, such as names, standard deviations and
    interactions, is removed. Texts are combined by the names of their features.

    Parameters
    ----------
    explanation : SpexExplanation
    name : str
        Of the operation, for the history.
    function : callable
        Of an array and the keyword ``axis``, like `numpy.mean`.
    axis : int, tuple of int or None
        None for all axes.
    **history
        ``args`` or ``kwargs`` of the operation, as SHAP's plots expect them.
    """
    n_axes = len(explanation.shape)
    axes = set(normalize_axis_tuple(range(n_axes) if axis is None else axis, n_axes))
    slicer = explanation._s
    parts = {
        part: NOTHING if axes.intersection(one.dim) else type(one)(one.o, axes_left(one.dim, axes))
        for part, one in slicer._iter_tracked(include_aliases=True)
    }
    of_base = axes.intersection(axes_of(slicer, "base_values"))
    parts |= {"base_values": NOTHING, "interactions": NOTHING, "kept_outputs": NOTHING}
    if explanation.base_values is not None and (axis is None or of_base == axes):
        parts["base_values"] = _reduced(explanation, "base_values", function, axes)
    parts["clustering"] = _clustering(explanation, axes) if of_base == axes else NOTHING
    if axes == {0} and len(axes_of(slicer, "feature_names")) > 1:
        parts |= _by_feature_name(explanation, function)
    else:
        parts["values"] = _reduced(explanation, "values", function, axes)
        words = _has_words(explanation.data)  # which have no mean
        parts["data"] = NOTHING if words else _reduced(explanation, "data", function, axes)
    new = copy(explanation)
    new._s = replaced(slicer, **parts)
    new.output_dims = tuple(axes_left(explanation.output_dims, axes))
    collapsed = axes == {0}
    new.op_history.append(
        OpHistoryItem(name=name, prev_shape=explanation.shape, collapsed_instances=collapsed, **history)
    )
    return new


def side_by_side(one: Any, other: Any) -> Any:
    """Put the features of another explanation of the same rows beside those of an explanation.

    What both have of every feature is joined; base values, outputs and interactions stay those of the first.
    """
    axis = 1 if 0 in axes_of(one._s, "base_values") else 0
    parts = {"clustering": NOTHING, "hierarchical_values": NOTHING}
    for part in _BY_FEATURE:
        mine, theirs = getattr(one, part), getattr(other, part)
        known = mine is not None and theirs is not None
        parts[part] = Obj(_concatenated(mine, theirs, axis), axes_of(one._s, part)) if known else NOTHING
    names, dim = [one.feature_names, other.feature_names], axes_of(one._s, "feature_names")
    if any(one is None for one in names) or dim != axes_of(other._s, "feature_names"):
        parts["feature_names"] = NOTHING
    elif len(dim) == 1:
        parts["feature_names"] = Alias([*names[0], *names[1]], dim)
    else:
        parts["feature_names"] = Obj([[*a, *b] for a, b in zip(*names, strict=True)], dim)
    new = copy(one)
    new._s = replaced(one._s, **parts)
    new.op_history.append(OpHistoryItem(name="hstack", args=(other,), prev_shape=one.shape))
    return new


def _mapped(function: Callable[..., Any], first: Any, *others: Any) -> Any:
    """Apply a function to an array of numbers, or to every one that is held in a list, tuple or array."""
    if not is_nested(first):
        return function(first, *others) if np.asarray(first).dtype.kind in "iufc" else first
    by_row = [one if hasattr(one, "__len__") else [one] * len(first) for one in others]
    results = [_mapped(function, *row) for row in zip(first, *by_row, strict=True)]
    return objects(results) if isinstance(first, np.ndarray) else type(first)(results)


def _reduced(explanation: Any, part: str, function: Callable[..., Any], axes: Collection[int]) -> Any:
    """Reduce a part over those of the axes that it has."""
    content, dim = getattr(explanation, part), axes_of(explanation._s, part)
    places = tuple(k for k, axis in enumerate(dim) if axis in axes)
    left = axes_left(dim, axes)
    if content is None or not places:
        return Obj(content, left)
    if not is_nested(content):
        return Obj(function(np.asarray(content), axis=places), left)
    if 0 in places:
        raise InputError(f"axis: the rows have {part} of different shapes; use axis 0 alone, or one row.")
    inner = tuple(k - 1 for k in places)
    rows = [function(np.asarray(row), axis=inner) for row in content]
    return Obj(np.stack(rows) if len({np.shape(row) for row in rows}) == 1 else objects(rows), left)


def _has_words(data: Any) -> bool:
    """Tell whether inputs are not all numbers."""
    if data is None:
        return False
    rows = data if is_nested(data) else [data]
    return any(np.asarray(row).dtype.kind not in "biufc" for row in rows)


def _by_feature_name(explanation: Any, function: Callable[..., Any]) -> dict[str, Any]:
    """Reduce over all places where a feature occurs in any row, as SHAP does with the words of texts."""
    table: dict[str, list[Any]] = {}
    for names, values in zip(explanation.feature_names, explanation.values, strict=True):
        for name, value in zip(names, values, strict=True):
            table.setdefault(name, []).append(value)
    if len({np.shape(value) for values in table.values() for value in values}) > 1:
        raise InputError("axis: the rows have different outputs; choose one, as explanation[..., name].")
    values = np.array([function(np.array(values), axis=0) for values in table.values()])
    return {
        "values": Obj(values),
        "feature_names": Alias(list(table), 0),
        "data": NOTHING,
        "clustering": NOTHING,
    }


def _clustering(explanation: Any, axes: Collection[int]) -> Any:
    """Return the clustering that is left where only rows or outputs are reduced."""
    clustering = explanation.clustering
    if clustering is None or 0 not in axes_of(explanation._s, "clustering") or 0 not in axes:
        return Obj(clustering, axes_of(explanation._s, "clustering"))
    equal = np.ndim(clustering) == 3 and np.std(clustering, axis=0).sum() < _SAME_FOR_ALL
    return Obj(clustering[0], []) if equal else NOTHING


def _concatenated(one: Any, other: Any, axis: int) -> Any:
    if axis and is_nested(one):
        return objects([np.concatenate(rows, axis=axis - 1) for rows in zip(one, other, strict=True)])
    return np.concatenate([np.asarray(one), np.asarray(other)], axis=axis)
