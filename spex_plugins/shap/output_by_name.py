"""Choose an output by its name where every row has outputs of its own, as texts that a model generated do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["all_axes", "has_outputs_by_row", "rows_of_one_output"]


def has_outputs_by_row(explanation: Any) -> bool:
    """Tell whether the names of the outputs differ from row to row."""
    names = explanation._s._objects.get("output_names")
    return names is not None and len(names.dim) > 1


def all_axes(item: Any, n_axes: int) -> tuple[Any, ...]:
    """Write an index out without ``...``, after which SHAP misses the name of an output."""
    items = item if isinstance(item, tuple) else (item,)
    dots = [k for k, one in enumerate(items) if one is Ellipsis]
    if len(dots) != 1:
        return items
    rest = (slice(None),) * (n_axes + 1 - len(items))
    return (*items[: dots[0]], *rest, *items[dots[0] + 1 :])


def rows_of_one_output(explanation: Any, name: str) -> tuple[Any, list[tuple[int, int]]]:
    """Collect every occurrence of an output.

    Parameters
    ----------
    explanation : shap.Explanation
        With an axis of rows, and outputs by row.
    name : str
        Of the output; a row where it occurs twice is there twice.

    Returns
    -------
    explanation : shap.Explanation
        Without the axis of outputs.
    places : list of (int, int)
        Row and output that each of its rows comes from.
    """
    places = list(_places(explanation.output_names, name))
    if not places:
        known = list(dict.fromkeys(str(one) for names in explanation.output_names for one in names))
        raise InputError(f"output: {name!r} is in no row; choose one of {known!r:.300}.")
    parts = [explanation[i][..., j] for i, j in places]
    by_row = isinstance(explanation.feature_names[0], list | np.ndarray)
    chosen = shap.Explanation(
        _packed([part.values for part in parts]),
        base_values=np.array([part.base_values for part in parts]),
        data=None if explanation.data is None else _packed([part.data for part in parts]),
        feature_names=[part.feature_names for part in parts] if by_row else parts[0].feature_names,
        main_effects=None if parts[0].main_effects is None else _packed([p.main_effects for p in parts]),
        clustering=None if parts[0].clustering is None else np.stack([p.clustering for p in parts]),
    )
    chosen.output_names = name  # SHAP's constructor takes a name for an axis where the values have only one
    return chosen, places


def _places(names_of_rows: Sequence[Sequence[str]], name: str) -> Iterator[tuple[int, int]]:
    for i, names in enumerate(names_of_rows):
        for j, one in enumerate(names):
            if one == name:
                yield i, j


def _packed(parts: Sequence[Any]) -> Any:
    """Return one array where the parts have one shape, else an array of arrays."""
    if len({np.shape(part) for part in parts}) == 1:
        return np.array(parts)
    out = np.empty(len(parts), dtype=object)
    out[:] = parts
    return out
