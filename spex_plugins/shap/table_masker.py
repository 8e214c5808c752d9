"""Background tables for SHAP: numbers as SHAP masks them, other columns each in its own type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shap
from shap._serializable import Deserializer, Serializer
from shap.utils import MaskedModel

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray, IntArray

__all__ = ["MixedTable", "table_masker"]

_SAMPLES = 100  # as many background rows as SHAP's own maskers keep
_SERIAL = "spex_plugins.shap.MixedTable"


class MixedTable(shap.maskers.Masker):  # type: ignore[misc]
    """Mask cells of a table with text, categories, dates or nullable columns by those of background rows.

    `shap.maskers.Independent` turns such a table into an array of objects, on which it fails, and forgets the
    types of the columns, without which models refuse it. Here every column keeps its type; it is widened only
    when a cell of the row to explain does not fit.

    Parameters
    ----------
    data : DataFrame
        Background rows; of more than 100 a sample is taken, the one that SHAP takes.
    output_dataframe : bool
        Give the model data frames, or arrays of objects.
    clustering : ndarray, optional
        Groups the bars of SHAP's plots.

    Attributes
    ----------
    shape : tuple of int
        Background rows and columns.
    feature_names : Index
        The columns.
    """

    supports_delta_masking = True
    immutable_outputs = True

    def __init__(self, data: Any, output_dataframe: bool = True, clustering: Any = None) -> None:
        self.data = shap.utils.sample(data, _SAMPLES).reset_index(drop=True)
        self.output_dataframe = output_dataframe
        self.clustering = clustering
        self.shape = self.data.shape
        self.feature_names = self.data.columns
        self._row: Any = None
        self._columns: list[Any] = []

    def __call__(self, mask: Any, x: Any) -> Any:
        """Return the background with cells of x: of one mask, or of many given as SHAP's flips."""
        mask = self._standardize_mask(mask, x)
        if mask.dtype == bool:
            return (self._masked(mask[None], x),)
        flipped = _flipped(mask, self.shape[1])
        changed = flipped.astype(np.int64) @ (~self.invariants(x)).T > 0
        changed[:1] = True
        return (self._masked(np.logical_xor.accumulate(flipped), x),), changed

    def invariants(self, x: Any) -> BoolArray:
        """Tell which cells of the background equal those of x; a missing value equals a missing value."""
        codes = [pd.factorize(column)[0] for column in self._with_row(x)]
        return np.stack([code[:-1] == code[-1] for code in codes], axis=1)

    def save(self, out_file: Any) -> None:
        super().save(out_file)
        with Serializer(out_file, _SERIAL, version=0) as s:
            s.save("data", self.data)
            s.save("output_dataframe", self.output_dataframe)
            s.save("clustering", self.clustering)

    @classmethod
    def load(cls, in_file: Any, instantiate: bool = True) -> Any:
        if instantiate:
            return cls._instantiated_load(in_file)
        settings = super().load(in_file, instantiate=False)
        with Deserializer(in_file, _SERIAL, min_version=0, max_version=0) as s:
            for name in ("data", "output_dataframe", "clustering"):
                settings[name] = s.load(name)
        return settings

    def _masked(self, masks: BoolArray, x: Any) -> Any:
        """Return the background once for every mask (m, n), stacked."""
        samples = self.shape[0]
        background = np.arange(samples)
        columns = [
            column.take(np.where(mask[:, None], samples, background).ravel())
            for mask, column in zip(masks.T, self._with_row(x), strict=True)
        ]
        frame = pd.DataFrame({i: column.array for i, column in enumerate(columns)})
        frame.columns = self.feature_names
        return frame if self.output_dataframe else frame.to_numpy(dtype=object)

    def _with_row(self, x: Any) -> list[Any]:
        """Return the columns, each with its cell of x below; kept, because SHAP asks again and again."""
        if self._row is not x:
            cells = (self.data.iloc[:, i] for i in range(self.shape[1]))
            self._columns = [_with_cell(column, cell) for column, cell in zip(cells, x, strict=True)]
            self._row = x
        return self._columns


def table_masker(masker: Any) -> Any:
    """Return a masker of a table of any column types; whatever is no table as it is.

    Parameters
    ----------
    masker : object
        What the user passed: a DataFrame, an array, `shap.maskers.Independent` or `Partition`, anything else.

    Raises
    ------
    InputError
        If the table is a sparse matrix.
    """
    if type(masker) in (shap.maskers.Independent, shap.maskers.Partition):
        return _of_masker(masker)
    _refuse_sparse(masker)
    if isinstance(masker, pd.DataFrame):
        if all(isinstance(kind, np.dtype) and kind.kind in "fiub" for kind in masker.dtypes):
            return shap.maskers.Independent(masker.astype(np.float64))
        return MixedTable(masker)
    if isinstance(masker, np.ndarray) and masker.ndim == 2:
        return _of_masker(shap.maskers.Independent(masker))
    return masker


def _of_masker(masker: Any) -> Any:
    """Give a masker of SHAP float64 cells, or replace it where the cells are no numbers."""
    data, clustering = masker.data, masker.clustering
    _refuse_sparse(data)
    if data.dtype == np.float64:
        return masker
    columns = masker.feature_names if masker.output_dataframe else None
    if data.dtype.kind not in "fiub":
        table = pd.DataFrame(data, columns=columns).infer_objects()
        return MixedTable(table, masker.output_dataframe, clustering)
    # SHAP writes the cells of a row into a copy of the background: 2.7 would become 2 among integers.
    numbers = data.astype(np.float64)
    table = pd.DataFrame(numbers, columns=columns) if masker.output_dataframe else numbers
    if isinstance(masker, shap.maskers.Partition):
        return shap.maskers.Partition(table, masker.max_samples, clustering)
    return shap.maskers.Independent(table, masker.max_samples)


def _refuse_sparse(data: Any) -> None:
    if hasattr(data, "toarray"):
        raise InputError("masker: the background is a sparse matrix; pass background.toarray().")


def _flipped(codes: IntArray, n: int) -> BoolArray:
    """Decode SHAP's flips into which inputs change at every mask, shape (m, n)."""
    last = codes >= 0
    mask_of: IntArray = np.cumsum(last) - last
    inputs = np.where(last, codes, -codes - 1)
    real = inputs != MaskedModel.delta_mask_noop_value
    flipped = np.zeros((int(last.sum()), n), dtype=bool)
    np.logical_xor.at(flipped, (mask_of[real], inputs[real]), True)
    return flipped


def _with_cell(column: Any, cell: Any) -> Any:
    """Append a cell to a column, in the type of the column if the cell survives that."""
    missing = pd.isna(cell)
    if isinstance(column.dtype, pd.CategoricalDtype) and not missing and cell not in column.cat.categories:
        column = column.cat.add_categories([cell])
    try:
        one = pd.Series([cell], dtype=column.dtype)
        survives = bool(pd.isna(one[0]) if missing else one[0] == cell)
    except (TypeError, ValueError):
        survives = False
    return pd.concat([column, one if survives else pd.Series([cell])], ignore_index=True)
