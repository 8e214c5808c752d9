"""Columns of pandas, polars and Arrow: to append a cell, to take cells, and to make a table again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import IntArray

__all__ = ["Arrow", "ColumnKind", "Pandas", "Polars", "inferred", "kind_of", "loses_none", "names_of"]


class ColumnKind(Protocol):
    """Operations of a library on the columns of a table."""

    def columns(self, table: Any) -> list[Any]:
        """Return the columns of a table, each in its own type."""
        ...

    def with_cell(self, column: Any, cell: Any) -> Any:
        """Append a cell to a column, whose type is widened only if it would change the cell."""
        ...

    def take(self, column: Any, places: IntArray) -> Any:
        """Return the cells at some places of a column."""
        ...

    def cells(self, column: Any) -> Any:
        """Return the cells of a column: a list, or a column of pandas that compares by itself."""
        ...

    def table(self, columns: Sequence[Any]) -> Any:
        """Return the table of these columns."""
        ...


@dataclass(frozen=True)
class Pandas:
    """Data frames; or, where ``array_type`` is given, arrays of text, dates or objects."""

    names: Any
    array_type: Any = None

    def columns(self, table: Any) -> list[Any]:
        if self.array_type is None:
            frame = table.reset_index(drop=True)
        else:
            frame = inferred(pd.DataFrame(table, dtype=object if table.dtype == object else None))
        return [frame.iloc[:, i] for i in range(frame.shape[1])]

    def with_cell(self, column: Any, cell: Any) -> Any:
        missing, kind = _is_missing(cell), column.dtype
        if isinstance(kind, pd.CategoricalDtype) and not missing and cell not in column.cat.categories:
            column = column.cat.add_categories([cell])
        if missing and isinstance(kind, np.dtype) and kind.kind == "f":
            cell = np.nan  # floats know no other missing value
        if cell is None and isinstance(kind, pd.StringDtype):
            column = column.astype(object)  # texts would make NaN of it
        one = _in_type(cell, column.dtype)
        if one is None:
            one = pd.Series([cell])
            if _is_number(kind) and _is_number(one.dtype):  # of bool and float pandas would make objects
                column = column.astype(np.result_type(kind, one.dtype))
        return pd.concat([column, one], ignore_index=True)

    def take(self, column: Any, places: IntArray) -> Any:
        # With its type, or pandas makes texts, and NaN of None, of objects.
        return pd.Series(column.array.take(places), dtype=column.dtype)

    def cells(self, column: Any) -> Any:
        return list(column) if column.dtype == object else column

    def table(self, columns: Sequence[Any]) -> Any:
        frame = pd.DataFrame(dict(enumerate(columns)))
        if self.array_type is not None:
            dates = np.dtype(self.array_type).kind in "Mm"  # as objects they would lose nanoseconds
            return frame.to_numpy(self.array_type if dates else object).astype(self.array_type)
        frame.columns = self.names
        return frame


@dataclass(frozen=True)
class Polars:
    """Data frames of polars."""

    names: tuple[str, ...]

    def columns(self, table: Any) -> list[Any]:
        return list(table.get_columns())

    def with_cell(self, column: Any, cell: Any) -> Any:
        import polars

        try:
            one = polars.Series(column.name, [cell], dtype=column.dtype)
            if one.to_list() == [cell]:
                return polars.concat([column, one])
        except (TypeError, ValueError, OverflowError, polars.exceptions.PolarsError):
            pass
        widest = [polars.DataFrame([column]), polars.DataFrame({column.name: [cell]})]
        return polars.concat(widest, how="vertical_relaxed").to_series()

    def take(self, column: Any, places: IntArray) -> Any:
        return column.gather(places)

    def cells(self, column: Any) -> list[Any]:
        return list(column.to_list())

    def table(self, columns: Sequence[Any]) -> Any:
        import polars

        return polars.DataFrame(list(columns))


@dataclass(frozen=True)
class Arrow:
    """Tables of pyarrow."""

    names: tuple[str, ...]

    def columns(self, table: Any) -> list[Any]:
        return list(table.columns)

    def with_cell(self, column: Any, cell: Any) -> Any:
        import pyarrow

        try:
            one = pyarrow.array([cell], column.type)
            if one.to_pylist() == [cell]:
                return pyarrow.chunked_array([*column.chunks, one], column.type)
        except (TypeError, ValueError, OverflowError, pyarrow.ArrowException):
            pass
        widest = [pyarrow.table({"": column}), pyarrow.table({"": [cell]})]
        return pyarrow.concat_tables(widest, promote_options="permissive").column(0)

    def take(self, column: Any, places: IntArray) -> Any:
        return column.take(places)

    def cells(self, column: Any) -> list[Any]:
        return list(column.to_pylist())

    def table(self, columns: Sequence[Any]) -> Any:
        import pyarrow

        return pyarrow.table(list(columns), names=list(self.names))


def kind_of(table: Any) -> ColumnKind | None:
    """Return what can be done with the columns of a table, or None if it is none that is known."""
    if isinstance(table, pd.DataFrame):
        return Pandas(table.columns)
    if isinstance(table, np.ndarray) and table.ndim == 2:
        kind = table.dtype
        return Pandas(None, kind if kind.kind in "Mm" else kind.type)  # texts may be longer in a row
    library = type(table).__module__.partition(".")[0]
    if library == "polars" and hasattr(table, "get_columns"):
        return Polars(tuple(table.columns))
    if library == "pyarrow" and hasattr(table, "column_names"):
        return Arrow(tuple(table.column_names))
    return None


def inferred(frame: pd.DataFrame) -> pd.DataFrame:
    """Return a data frame whose columns of objects have the types of their cells, if that keeps every None.

    Encoders tell None from the missing values of texts.
    """
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    typed = {
        i: column if loses_none(column, found.dtype) else found
        for i, column in enumerate(columns)
        for found in [column.infer_objects()]
    }
    new = pd.DataFrame(typed, index=frame.index)
    new.columns = frame.columns
    return new


def loses_none(column: Any, kind: Any) -> bool:
    """Tell whether a column has a None that would be another missing value of texts in a type."""
    return isinstance(kind, pd.StringDtype) and any(cell is None for cell in column)


def names_of(table: Any) -> list[Any] | None:
    """Return the names of the columns of a table, or None if they have no names."""
    names = getattr(table, "column_names", getattr(table, "columns", None))
    return None if names is None else list(names)


def _is_missing(cell: Any) -> bool:
    missing = pd.isna(cell)  # of a list in a cell, one for every item
    return bool(missing) if np.ndim(missing) == 0 else False


def _is_number(kind: Any) -> bool:
    return isinstance(kind, np.dtype) and kind.kind in "biufc"


def _in_type(cell: Any, kind: Any) -> Any:
    """Return a column of one cell in a type, or None if the cell is not the same then."""
    try:
        one = pd.Series([cell], dtype=kind)
        same = _is_missing(one[0]) if _is_missing(cell) else one[0] is cell or bool(one[0] == cell)
    except (TypeError, ValueError, OverflowError):
        return None
    return one if same else None
