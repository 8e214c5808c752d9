"""Selection by name where every row has names of its own: words of texts, outputs that a model generated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.explanation.indexing import axes_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["has_outputs_by_row", "plain_names", "rows_of_one_feature", "rows_of_one_output"]


def has_outputs_by_row(explanation: Any) -> bool:
    """Tell whether the names of the outputs differ from row to row."""
    return len(axes_of(explanation._s, "output_names")) > 1


def plain_names(names: Any) -> Any:
    """Return names in any nesting as Python's strings, which print without their type."""
    if isinstance(names, str):
        return str(names)
    return names.astype(object) if isinstance(names, np.ndarray) else [plain_names(one) for one in names]


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
    places = _places("output", explanation.output_names, name)
    parts = [explanation[i][..., j] for i, j in places]
    by_row = isinstance(explanation.feature_names[0], list | np.ndarray)
    chosen = shap.Explanation(
        _packed([part.values for part in parts]),
        base_values=np.array([part.base_values for part in parts]),
        data=None if explanation.data is None else _packed([part.data for part in parts]),
        feature_names=[part.feature_names for part in parts] if by_row else parts[0].feature_names,
        main_effects=None if parts[0].main_effects is None else _packed([p.main_effects for p in parts]),
        clustering=None if parts[0].clustering is None else _packed([p.clustering for p in parts]),
    )
    chosen.output_names = name  # SHAP's constructor takes a name for an axis where the values have only one
    return chosen, places


def rows_of_one_feature(explanation: Any, name: str) -> tuple[Any, list[int]]:
    """Collect every occurrence of a feature.

    Parameters
    ----------
    explanation : shap.Explanation
        With an axis of rows, and features by row.
    name : str
        Of the feature; a row where it occurs twice is there twice.

    Returns
    -------
    explanation : shap.Explanation
        Without the axis of features.
    rows : list of int
        Row that each of its rows comes from.
    """
    places = _places("feature", explanation.feature_names, name)
    parts = [explanation[i][j] for i, j in places]
    chosen = shap.Explanation(
        _packed([part.values for part in parts]),
        base_values=np.array([part.base_values for part in parts]),
        data=None if explanation.data is None else _packed([part.data for part in parts]),
        main_effects=None if parts[0].main_effects is None else _packed([p.main_effects for p in parts]),
    )
    chosen.feature_names, chosen.output_names = name, parts[0].output_names
    return chosen, [i for i, _ in places]


def _places(kind: str, names_of_rows: Sequence[Sequence[str]], name: str) -> list[tuple[int, int]]:
    """Return the rows where a name occurs, and where."""
    places = [(i, j) for i, names in enumerate(names_of_rows) for j, one in enumerate(names) if one == name]
    if not places:
        known = list(dict.fromkeys(str(one) for names in names_of_rows for one in names))
        raise InputError(f"{kind}: {name!r} is in no row; choose one of {known!r:.300}.")
    return places


def _packed(parts: Sequence[Any]) -> Any:
    """Return one array where the parts have one shape, else an array of arrays."""
    if len({np.shape(part) for part in parts}) == 1:
        return np.array(parts)
    out = np.empty(len(parts), dtype=object)
    out[:] = parts
    return out
