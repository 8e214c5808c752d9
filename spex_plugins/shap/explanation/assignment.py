"""Assignment of values, base values or names of an explanation.

One class of a classifier is often selected by ``e.values = e.values[:, :, 1]``, and so for the base values.
Whatever belongs to the other classes is removed.
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Any

import numpy as np
from shap._explanation import _compute_shape
from slicer import Alias, Obj

from spex_plugins.result.interactions import Interactions
from spex_plugins.shap.explanation.indexing import axes_of, replaced
from spex_plugins.shap.explanation.join_rows import objects
from spex_plugins.shap.explanation.operations import NOTHING, is_nested, same_content

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["with_base_values", "with_feature_names", "with_values"]

_OF_VALUES = ("error_std", "main_effects", "lower_bounds", "upper_bounds", "hierarchical_values")


def with_values(explanation: Any, values: Any) -> Any:
    """Return the slicer of an explanation with other values.

    Values equal to those of one output have its interactions, name and deviations. Any other values have no
    interactions, since their origin is unknown.
    """
    slicer, old = explanation._s, explanation.values
    if values is not old and same_content(old, values):
        return replaced(slicer, values=Obj(values, axes_of(slicer, "values")))
    matching = [k for k in range(_n_outputs(explanation)) if same_content(_output(old, k), values)]
    if len(matching) == 1:
        items = (*[slice(None)] * (len(explanation.shape) - 1), matching[0])
        base = Obj(explanation.base_values, axes_of(slicer, "base_values"))
        return replaced(slicer[items], values=Obj(values), base_values=base)
    gone = ["interactions", "kept_outputs"]
    if _compute_shape(values) != explanation.shape:
        gone += [*_OF_VALUES, *(["output_names"] if axes_of(slicer, "output_names") else [])]
    return replaced(slicer, values=Obj(values), **dict.fromkeys(gone, NOTHING))


def with_base_values(explanation: Any, base_values: Any) -> Any:
    """Return the slicer of an explanation with other base values: one number, one per row or per output."""
    slicer = explanation._s
    axes = axes_of(slicer, "base_values") or [0, len(explanation.shape) - 1]
    n_axes = len(axes) if is_nested(base_values) else np.ndim(base_values)
    return replaced(slicer, base_values=Obj(base_values, axes[:n_axes]))


def with_feature_names(explanation: Any, names: Any) -> Any:
    """Return the slicer of an explanation with other names of the features, also in the interactions."""
    slicer, old = explanation._s, explanation.feature_names
    axes = axes_of(slicer, "feature_names")
    if names is None or isinstance(names, str):
        tracked = Obj(names, [])
    elif len(axes) > 1:
        tracked = Obj([list(row) for row in names], axes)
    else:
        tracked = Alias(list(names), axes or [min(1, len(explanation.shape) - 1)])
    found = slicer.interactions
    if found is None or old is None or names is None:
        return replaced(slicer, feature_names=tracked)
    pairs = zip(old, tracked.o, strict=True) if len(axes) > 1 else repeat((_listed(old), _listed(tracked.o)))
    rows = [found] if isinstance(found, Interactions) else found
    renamed = [_renamed(row, *pair) for row, pair in zip(rows, pairs, strict=False)]
    content = renamed[0] if found is rows[0] else objects(renamed)
    interactions = Obj(content, axes_of(slicer, "interactions"))
    return replaced(slicer, feature_names=tracked, interactions=interactions)


def _renamed(found: Interactions, old: Sequence[Any], new: Sequence[Any]) -> Interactions:
    """Rename features by position, as a word may occur twice; if that is impossible, by name."""
    if len(new) == found.n and list(found.feature_names) == [str(name) for name in old]:
        return found.renamed(new)
    names = {str(a): b for a, b in zip(old, new, strict=False)}
    return found.renamed([names.get(name, name) for name in found.feature_names])


def _listed(names: Any) -> list[Any]:
    return [names] if isinstance(names, str) else list(names)


def _n_outputs(explanation: Any) -> int:
    """Return the number of outputs on the last axis, the same for every row, or 0."""
    names_by_row = len(axes_of(explanation._s, "output_names")) > 1
    return 0 if names_by_row or not explanation.output_dims else int(explanation.shape[-1] or 0)


def _output(values: Any, k: int) -> Any:
    return [row[..., k] for row in values] if is_nested(values) else values[..., k]
