"""The largest terms of several rows, single features and interactions alike, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.core.basis.indices import INDICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import FloatArray

__all__ = ["largest_terms", "products"]

_LARGEST_DEFAULT_ORDER = 3


def largest_terms(
    rows: Sequence[Interactions], index: str, order: int | None, top: int
) -> tuple[list[tuple[int, ...]], FloatArray]:
    """Return the largest terms over all rows and their values, shape (rows, T) or (rows, T, K)."""
    if order is None and INDICES[index].fixed_order is None:
        order = min(max(2, *(row.spectrum.max_order for row in rows)), _LARGEST_DEFAULT_ORDER)
    tables = [row.index(index, order).as_dict() for row in rows]
    terms = list(dict.fromkeys(term for table in tables for term in table))
    values = np.zeros((len(rows), len(terms), *rows[0].output_shape))
    column = {term: t for t, term in enumerate(terms)}
    for row, table in zip(values, tables, strict=True):
        for term, value in table.items():
            row[column[term]] = value
    magnitude = np.abs(values).sum(axis=(0, *range(2, values.ndim)))
    largest = np.argsort(-magnitude, kind="stable")[:top]
    return [terms[t] for t in largest], values[:, largest]


def products(
    terms: Sequence[tuple[int, ...]], data: Any, names: Sequence[str], columns: Any
) -> FloatArray | None:
    """Return the products of the data of terms, and 0 for the rest, shape (rows, T + 1).

    Parameters
    ----------
    terms : sequence of tuple of int
        Numbers of features.
    data : array_like or None
        A table, of whose columns there may be fewer than features, in any order.
    names : sequence of str
        Of the features.
    columns : sequence of str
        Names of the columns of the table.

    Returns
    -------
    ndarray of float64 or None
        None if the data are no table of numbers, if a feature of the terms has no column, or if features
        have equal names, which leave open whose column it is.
    """
    table = np.asarray(data)
    if table.ndim != 2 or table.dtype.kind not in "iufb":
        return None
    if len(set(names)) < len(names):
        return None
    places = {str(name): k for k, name in enumerate(columns)}
    if not {names[i] for term in terms for i in term} <= set(places):
        return None
    each = [table[:, [places[names[i]] for i in term]].astype(np.float64).prod(axis=1) for term in terms]
    return np.stack([*each, np.zeros(len(table))], axis=1)
