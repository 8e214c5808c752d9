"""The largest terms of several rows, single features and interactions alike, in one table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis.indices import INDICES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import FloatArray

__all__ = ["largest_terms"]

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
