"""Names of columns, and data, in explanations of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from slicer import Alias

from spex_plugins.errors import InputError
from spex_plugins.shap.explanation.indexing import replaced
from spex_plugins.shap.tables.column_types import names_of
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["column_names", "label_columns"]


def column_names(tables: Sequence[Any], masker: Any, given: Any) -> list[list[str] | None]:
    """Return the names of the columns of every model input.

    Parameters
    ----------
    tables : sequence
        The inputs to explain. Their names are used, or else those of the user, or of the background.
    masker : object
    given : sequence of str, or of sequences of str, optional
        Names from the user; for several inputs a sequence for each.

    Returns
    -------
    list of list of str or None
        None for an input whose columns have no names.

    Raises
    ------
    InputError
        If the user's names are not a sequence for each input, or not one for each column.
    """
    by_user = [None] * len(tables) if given is None else _names_by_input(given, tables)
    names = []
    for table, part, chosen in zip(tables, _maskers(masker, tables), by_user, strict=True):
        sources = (names_of(table), chosen, getattr(part, "column_names", None))
        first = next((source for source in sources if source is not None), None)
        names.append(None if first is None else [str(name) for name in first])
    return names


def label_columns(
    explanations: Sequence[Any], names: Sequence[list[str] | None], tables: Sequence[Any], masker: Any
) -> None:
    """Put the names of columns into explanations, and numbers in place of objects where all are numbers.

    SHAP's plots and slices need strings; integers and tuples they take for positions.

    Parameters
    ----------
    explanations : sequence of shap.Explanation
        One for every model input; changed in place.
    names : sequence of list of str or None
        As from `column_names`.
    tables : sequence
        The inputs that were explained.
    masker : object
    """
    for one, columns, part in zip(explanations, names, _maskers(masker, tables), strict=True):
        if columns is not None and len(columns) == one.shape[1]:
            # SHAP's slicer cannot change names in place where two of them are equal.
            one._s = replaced(one._s, feature_names=Alias(columns, 1))
        if hasattr(part, "masked_rows") and one.data.dtype == object:
            typed = pd.DataFrame(one.data).infer_objects()
            if all(kind.kind in "biuf" for kind in typed.dtypes):
                one.data = typed.to_numpy(np.float64)


def _maskers(masker: Any, tables: Sequence[Any]) -> Sequence[Any]:
    """Return the masker of every model input."""
    maskers: Sequence[Any] = getattr(masker, "maskers", (masker,) * len(tables))
    return maskers


def _names_by_input(given: Any, tables: Sequence[Any]) -> list[Any]:
    """Return the names from the user for each input."""
    each = list(given) if len(given) and isinstance(given[0], list | tuple) else [given]
    shapes: list[tuple[int, ...]] = [getattr(table, "shape", ()) for table in tables]
    columns = [shape[1] if len(shape) == 2 else None for shape in shapes]
    if len(each) != len(tables) or any(
        size not in (None, len(names)) for size, names in zip(columns, each, strict=False)
    ):
        expected = " and ".join("names" if size is None else counted(size, "name") for size in columns)
        raise InputError(f"feature_names: expected {expected}, got {given!r:.80}.")
    return each
