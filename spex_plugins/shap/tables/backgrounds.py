"""Background tables with some cells replaced by those of a row, in the library and the types of the table."""

from __future__ import annotations

import pickle
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from spex_plugins.core.basis.masked_entries import unhidden
from spex_plugins.errors import InputError
from spex_plugins.shap.tables.column_types import ColumnKind, inferred, kind_of, loses_none

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, IntArray

__all__ = ["Background", "as_array", "background_of", "in_common_types"]

_NUMBERS = "biuf"
_NONE = ("None",)  # stands for None among cells that are compared


class Background(Protocol):
    """A table of S background rows and n columns."""

    shape: tuple[int, int]

    def rows(self, table: Any) -> NDArray[Any]:
        """Return the rows (r, n) of a table to explain, as the other methods take them, one at a time."""
        ...

    def equal(self, x: NDArray[Any]) -> BoolArray:
        """Tell which cells equal those of x (n,), shape (S, n); a missing value equals a missing value."""
        ...

    def masked(self, kept: BoolArray, samples: IntArray, x: NDArray[Any]) -> Any:
        """Return background rows ``samples`` (r,) with the cells of x where they are kept (r, n)."""
        ...


class ArrayBackground:
    """A table whose cells are numbers of one type: an array, a data frame or a tensor.

    Parameters
    ----------
    cells : ndarray, shape (S, n)
    like : object
        A table of the kind that the model gets.
    """

    def __init__(self, cells: NDArray[Any], like: Any) -> None:
        self.cells = cells
        self.like = like[:0]
        self.shape: tuple[int, int] = cells.shape

    def rows(self, table: Any) -> NDArray[Any]:
        cells = cells_of(table)
        if cells.dtype.kind == "c":
            raise InputError("rows: the background is real, the rows are complex.")
        try:
            return cells.astype(self.cells.dtype)
        except (TypeError, ValueError) as error:
            raise InputError(f"rows: the background is numeric, the rows are not: {error}.") from None

    def equal(self, x: NDArray[Any]) -> BoolArray:
        return np.asarray((self.cells == x) | (np.isnan(self.cells) & np.isnan(x)))

    def masked(self, kept: BoolArray, samples: IntArray, x: NDArray[Any]) -> Any:
        cells = np.where(kept, x, self.cells[samples])
        if isinstance(self.like, pd.DataFrame):
            return pd.DataFrame(cells, columns=self.like.columns)
        return cells if isinstance(self.like, np.ndarray) else _tensor(cells, self.like)


class ColumnBackground:
    """A table whose columns have types of their own, which change only for a cell that does not fit.

    Parameters
    ----------
    table : object
    kind : ColumnKind
    """

    def __init__(self, table: Any, kind: ColumnKind) -> None:
        self.columns = kind.columns(table)
        self.kind = kind
        self.shape = len(self.columns[0]), len(self.columns)
        self._row: Any = None
        self._extended: list[Any] = []

    def rows(self, table: Any) -> NDArray[Any]:
        cells = cells_of(table)
        return cells if cells.dtype == object else pd.DataFrame(cells).astype(object).to_numpy()

    def equal(self, x: NDArray[Any]) -> BoolArray:
        cells = (_hashable(_told_none(self.kind.cells(column))) for column in self._with_row(x))
        codes = [pd.factorize(column)[0] for column in cells]
        return np.stack([code[:-1] == code[-1] for code in codes], axis=1)

    def masked(self, kept: BoolArray, samples: IntArray, x: NDArray[Any]) -> Any:
        places = np.where(kept, self.shape[0], samples[:, None]).T
        columns = zip(self._with_row(x), places, strict=True)
        return self.kind.table([self.kind.take(column, where) for column, where in columns])

    def _with_row(self, x: NDArray[Any]) -> list[Any]:
        """Return the columns, each with its cell of x below; kept, because x is masked again and again."""
        if self._row is not x:
            pairs = zip(self.columns, x, strict=True)
            self._extended = [self.kind.with_cell(column, cell) for column, cell in pairs]
            self._row = x
        return self._extended


def background_of(table: Any, by_column: bool = False) -> Background | None:
    """Return a table with its operations, or None if it is no table.

    Parameters
    ----------
    table : object
        An array or tensor of two axes, a data frame of pandas or polars, or a table of pyarrow.
    by_column : bool
        Widen the type of one column at a time, where they are all the same.
    """
    array = None if by_column else as_array(table)
    if array is not None and array.dtype.kind in _NUMBERS and array.ndim == 2:
        return ArrayBackground(array, table)
    kind = kind_of(table)
    return None if kind is None else ColumnBackground(table, kind)


def in_common_types(background: Any, rows: Any, known: bool) -> Any:
    """Return a background table in the types that hold its cells and those of the rows.

    Parameters
    ----------
    background, rows : object
        Tables.
    known : bool
        Whether the types of the background are the original ones; if not, those of the rows are used, where
        they do not change the cells of the background.
    """
    if isinstance(background, pd.DataFrame) and not isinstance(rows, pd.DataFrame):
        return background if known else inferred(background)
    if isinstance(background, pd.DataFrame):
        pairs = [(background.iloc[:, i], rows.dtypes.iloc[i]) for i in range(rows.shape[1])]
        if all(column.dtype == kind for column, kind in pairs):
            return background
        frame = pd.DataFrame({i: _in_common_type(*pair, known) for i, pair in enumerate(pairs)})
        frame.columns = background.columns
        return frame
    given = as_array(rows)
    if given is None or given.dtype.kind not in _NUMBERS + "O":
        return background
    kind = np.dtype(float) if given.dtype == object else given.dtype
    if isinstance(background, np.ndarray) and background.dtype.kind in _NUMBERS:
        return background.astype(np.result_type(background, kind), copy=False)
    if _is_tensor(background) and kind.kind == "f" and not background.is_floating_point():
        return background.double()
    return background


def as_array(table: Any) -> NDArray[Any] | None:
    """Return the cells of an array, a tensor or a data frame of one NumPy type; of other tables None."""
    if isinstance(table, np.ndarray):
        return np.asarray(unhidden(table))
    if isinstance(table, pd.DataFrame):
        kinds = list(set(table.dtypes))
        return table.to_numpy() if len(kinds) == 1 and isinstance(kinds[0], np.dtype) else None
    if not _is_tensor(table):
        return None
    wide = table.float() if table.is_floating_point() and table.element_size() < 4 else table
    return np.asarray(wide.detach().cpu().numpy())


def _is_tensor(table: Any) -> bool:
    return type(table).__module__.partition(".")[0] == "torch" and hasattr(table, "detach")


def _tensor(cells: NDArray[Any], like: Any) -> Any:
    import torch

    tensor = torch.from_numpy(cells)
    return tensor.to(like.device, like.dtype if like.is_floating_point() else None)


def cells_of(table: Any) -> NDArray[Any]:
    """Return the cells of a table, of one NumPy type or as objects of Python."""
    array = as_array(table)
    if array is not None:
        return array
    if isinstance(table, pd.DataFrame):
        return table.astype(object).to_numpy()
    kind = kind_of(table)
    if kind is None:
        raise InputError(f"rows: expected an array or DataFrame, got {type(table).__name__}.")
    columns = [_objects(kind.cells(column)) for column in kind.columns(table)]
    return np.stack(columns, axis=1)


def _in_common_type(column: Any, kind: Any, known: bool) -> Any:
    if not known:
        same = _cast(column, kind)
        if same is not None:
            return same
        column = inferred(column.to_frame()).iloc[:, 0]
    if all(isinstance(one, np.dtype) and one.kind in _NUMBERS for one in (column.dtype, kind)):
        return column.astype(np.result_type(column.dtype, kind))
    wider = None if isinstance(kind, np.dtype) else _cast(column, kind)
    return column if wider is None else wider


def _cast(column: Any, kind: Any) -> Any:
    """Return a column in another type, or None if that changes a cell."""
    if loses_none(column, kind):
        return None
    try:
        cast = column.astype(kind)
    except (TypeError, ValueError, OverflowError):
        return None
    codes = pd.factorize(_hashable([*column, *cast]))[0]
    return cast if (codes[: len(cast)] == codes[len(cast) :]).all() else None


def _told_none(cells: Any) -> Any:
    """Return cells of which None equals no other missing value, as models may tell them apart."""
    return [_NONE if cell is None else cell for cell in cells] if isinstance(cells, list) else cells


def _hashable(cells: Any) -> Any:
    """Return cells that can be compared: of lists, arrays and the like their bytes."""
    return _objects([_key(cell) for cell in cells]) if isinstance(cells, list) else cells


def _key(cell: Any) -> Any:
    try:
        hash(cell)
    except TypeError:
        return pickle.dumps(cell)
    return cell


def _objects(cells: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(cells), dtype=object)
    for i, cell in enumerate(cells):
        array[i] = cell
    return array
