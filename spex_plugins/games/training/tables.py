"""Training data of any kind whose rows can be selected: arrays, data frames, sparse matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spex_plugins.errors import InputError
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.queries.store.value_digest import digest_of_value
from spex_plugins.types import BoolArray

__all__ = ["as_rows", "as_table", "digest_of_table", "rows_of"]


def as_table(name: str, data: Any) -> Any:
    """Return a copy: a data frame, whose columns a model may name, a sparse matrix, or an array of others.

    The digest of a game is that of its data when it was made, which an edit in place must not change.
    """
    if _is_frame(data):
        return data.copy()
    return data.tocsr(copy=True) if hasattr(data, "tocsr") else as_rows(name, data)


def as_rows(name: str, data: Any) -> NDArray[Any]:
    """Return an array with a row for each training point, which is a copy."""
    rows = np.array(data)
    if not rows.ndim:
        raise InputError(f"{name}: must be an array with one entry for every row of data, got {data!r:.80}.")
    return rows


def rows_of(table: Any, kept: BoolArray) -> Any:
    """Return the rows that are kept."""
    return table.iloc[kept] if _is_frame(table) else table[kept]


def digest_of_table(table: Any) -> str | None:
    """Return a digest of all entries, and of the names and types of columns; None where some are unknown."""
    if _is_frame(table):
        columns = [table.iloc[:, i] for i in range(table.shape[1])]
        parts = [table.columns.tolist(), [str(column.dtype) for column in columns]]
        parts += [column.to_numpy() for column in columns]
    elif hasattr(table, "tocsr"):
        whole = table.copy()
        whole.sum_duplicates()  # in the order of columns
        parts = [list(whole.shape), whole.data, whole.indices, whole.indptr]
    else:
        return digest_of_value(table)
    found = [digest_of_value(part) for part in parts]
    return None if None in found else digest_of_data("table", *map(str, found))


def _is_frame(data: Any) -> bool:
    return hasattr(data, "iloc") and getattr(data, "ndim", 0) == 2
