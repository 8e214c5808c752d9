"""Maskers of tables whose columns keep their types."""

from __future__ import annotations

import warnings
from copy import copy
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shap
from shap._serializable import Deserializer, Serializer
from shap.utils import MaskedModel

from spex_plugins.errors import InputError
from spex_plugins.shap.tables.backgrounds import as_array, background_of, in_common_types
from spex_plugins.shap.tables.column_types import inferred, names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, IntArray

__all__ = ["TableMasker", "TablesMasker", "table_masker"]

_SAMPLES = 100  # as many background rows as SHAP's own maskers keep
_SERIAL = "spex_plugins.shap.TableMasker"
_SERIAL_OF_SEVERAL = "spex_plugins.shap.TablesMasker"
_SAVED = ("data", "max_samples", "clustering", "types_known")


class TableMasker(shap.maskers.Masker):  # type: ignore[misc]
    """Mask cells of a row by those of background rows.

    `shap.maskers.Independent` makes floats of the columns, or objects, on which it fails. Here every column
    keeps its type; it is widened only when a cell of the row to explain does not fit. The model gets tables
    of the kind that the background is.

    Parameters
    ----------
    data : DataFrame or ndarray, shape (S, n)
        Background rows; or a tensor of torch, a data frame of polars, a table of pyarrow.
    max_samples : int
        Of more rows a sample is used, the same as in SHAP, with a warning.
    clustering : ndarray, optional
        Groups the bars of SHAP's plots.
    types_known : bool
        False if the types of the columns are lost; the types of the rows to explain are used instead.

    Attributes
    ----------
    data : object
        The background rows that are used.
    shape : tuple of int
        Background rows and columns.
    """

    supports_delta_masking = True
    immutable_outputs = True

    def __init__(
        self, data: Any, max_samples: int = _SAMPLES, clustering: Any = None, types_known: bool = True
    ) -> None:
        self.data = _sampled(data, max_samples)
        self.max_samples = max_samples
        self.clustering = clustering
        self.types_known = types_known
        typed: Any = self.data if types_known else inferred(self.data)
        background: Any = background_of(typed)
        self._background = background
        self.shape = background.shape

    @property
    def column_names(self) -> list[Any] | None:
        """The names of the columns as the background has them, or None if they have no names."""
        return names_of(self.data)

    def for_rows(self, rows: Any) -> TableMasker:
        """Return the masker in types that suit a table of rows to explain."""
        new = copy(self)
        new.data = in_common_types(self.data, rows, self.types_known)
        new._background = background_of(new.data, by_column=_has_other_types(new.data, rows))
        return new

    def rows(self, table: Any) -> NDArray[Any]:
        """Return a table of rows to explain as an array of rows to mask."""
        return self._background.rows(table)

    def masked_rows(self, masks: BoolArray, x: Any) -> tuple[tuple[Any, ...], BoolArray]:
        """Return the inputs at which the model is evaluated for masks (m, n) of a row.

        Returns
        -------
        inputs : tuple of one table
            The masked background rows that differ from those of the mask before.
        changed : ndarray of bool, shape (m, S)
            Which these are.
        """
        changed = self.changed_rows(masks, x)
        return (self.masked_table(masks, changed, x),), changed

    def changed_rows(self, masks: BoolArray, x: Any) -> BoolArray:
        """Tell which background rows (m, S) differ from those of the mask before; all of the first."""
        flipped = np.diff(masks, axis=0, prepend=masks[:1])
        differs = ~self.invariants(x)
        changed = flipped.astype(np.float32) @ differs.T.astype(np.float32) > 0
        changed[:1] = True
        return changed

    def masked_table(self, masks: BoolArray, asked: BoolArray, x: Any) -> Any:
        """Return the background rows that are evaluated (m, S) with cells of x, mask by mask."""
        which, samples = np.nonzero(asked)
        return self._background.masked(masks[which], samples % self.shape[0], x)

    def invariants(self, x: Any) -> BoolArray:
        """Tell which cells of the background equal those of x; a missing value equals a missing value."""
        return self._background.equal(x)

    def mask_shapes(self, x: Any) -> list[tuple[int, ...]]:
        return [self.shape[1:]]

    def __call__(self, mask: Any, x: Any) -> Any:
        """Return the background with cells of x: of one mask, or of many given as SHAP's flips."""
        mask = self._standardize_mask(mask, x)
        single = mask.dtype == bool
        masks = mask[None] if single else np.logical_xor.accumulate(_flipped(mask, self.shape[1]))
        table = self.masked_table(masks, np.ones((len(masks), self.shape[0]), dtype=bool), x)
        return (table,) if single else ((table,), self.changed_rows(masks, x))

    def save(self, out_file: Any) -> None:
        super().save(out_file)
        with Serializer(out_file, _SERIAL, version=0) as block:
            for name in _SAVED:
                block.save(name, getattr(self, name))

    @classmethod
    def load(cls, in_file: Any, instantiate: bool = True) -> Any:
        if instantiate:
            return cls._instantiated_load(in_file)
        settings = super().load(in_file, instantiate=False)
        with Deserializer(in_file, _SERIAL, min_version=0, max_version=0) as block:
            return settings | {name: block.load(name) for name in _SAVED}


class TablesMasker(shap.maskers.Masker):  # type: ignore[misc]
    """Mask cells of rows of several tables, one for every input of the model.

    Background rows with the same number are used together; a table with one row is used with all of them.

    Parameters
    ----------
    maskers : sequence of TableMasker
    """

    supports_delta_masking = True
    immutable_outputs = True

    def __init__(self, maskers: Sequence[TableMasker]) -> None:
        self.maskers = tuple(maskers)
        counts = {one.shape[0] for one in maskers} - {1}
        if len(counts) > 1:
            raise InputError(
                f"masker: the tables have {sorted(counts)} background rows; rows with the same number "
                "are used together; pass tables with equally many rows, or with one."
            )
        self._ends = np.cumsum([one.shape[1] for one in maskers])
        self.shape = max(counts, default=1), int(self._ends[-1])

    def for_rows(self, *tables: Any) -> TablesMasker:
        """Return the masker in types that suit tables of rows to explain."""
        pairs = zip(self.maskers, tables, strict=True)
        return TablesMasker([one.for_rows(table) for one, table in pairs])

    def mask_shapes(self, *row: Any) -> list[tuple[int, ...]]:
        return [one.shape[1:] for one in self.maskers]

    def masked_rows(self, masks: BoolArray, *row: Any) -> tuple[tuple[Any, ...], BoolArray]:
        """Return the inputs at which the model is evaluated; see `TableMasker.masked_rows`."""
        parts = list(zip(self.maskers, np.split(masks, self._ends[:-1], axis=1), row, strict=True))
        changes = [one.changed_rows(part, x) for one, part, x in parts]
        changed = np.any(np.broadcast_arrays(*changes), axis=0)
        return tuple(one.masked_table(part, changed, x) for one, part, x in parts), changed

    def invariants(self, *row: Any) -> BoolArray:
        """Tell which cells of the backgrounds equal those of the row."""
        parts = [one.invariants(x) for one, x in zip(self.maskers, row, strict=True)]
        return np.concatenate(
            [np.broadcast_to(part, (self.shape[0], part.shape[1])) for part in parts], axis=1
        )

    def __call__(self, mask: Any, *row: Any) -> Any:
        """Return the backgrounds with cells of the row: of one mask, or of many given as SHAP's flips."""
        if not isinstance(mask, np.ndarray):
            mask = np.full(self.shape[1], bool(mask))
        single = mask.dtype == bool
        masks = mask[None] if single else np.logical_xor.accumulate(_flipped(mask, self.shape[1]))
        everything = np.ones((len(masks), self.shape[0]), dtype=bool)
        parts = zip(self.maskers, np.split(masks, self._ends[:-1], axis=1), row, strict=True)
        tables = tuple(one.masked_table(part, everything, x) for one, part, x in parts)
        return tables if single else (tables, self.masked_rows(masks, *row)[1])

    def save(self, out_file: Any) -> None:
        super().save(out_file)
        with Serializer(out_file, _SERIAL_OF_SEVERAL, version=0) as block:
            block.save("maskers", self.maskers)

    @classmethod
    def load(cls, in_file: Any, instantiate: bool = True) -> Any:
        if instantiate:
            return cls._instantiated_load(in_file)
        settings = super().load(in_file, instantiate=False)
        with Deserializer(in_file, _SERIAL_OF_SEVERAL, min_version=0, max_version=0) as block:
            return settings | {"maskers": block.load("maskers")}


def table_masker(masker: Any) -> Any:
    """Return a masker for a table with columns of any types; anything else is returned as it is.

    Parameters
    ----------
    masker : object
        What the user passed: a table, `shap.maskers.Independent` or `Partition`, anything else.

    Raises
    ------
    InputError
        If the table is a sparse matrix, or empty, or joined with other inputs than tables.
    """
    _refuse_sparse(masker)
    if type(masker) in (shap.maskers.Independent, shap.maskers.Partition):
        return _of_masker(masker)
    background = background_of(masker)
    if background is not None:
        if 0 in np.shape(background)[:2]:
            shape = np.shape(background)
            raise InputError(f"masker: the background of shape {shape} has no rows or columns.")
        return TableMasker(masker)
    if type(masker) is shap.maskers.Composite:
        parts = [table_masker(one) for one in masker.maskers]
        if all(isinstance(one, TableMasker) for one in parts):
            return TablesMasker(parts)
        _check_parts(parts)
    return masker


def _check_parts(parts: Sequence[Any]) -> None:
    """Refuse tables or texts beside other inputs: SHAP takes their mask shapes from the first input."""
    if len(parts) > 1 and any(isinstance(one, TableMasker | shap.maskers.Text) for one in parts):
        kinds = ", ".join("a table" if isinstance(one, TableMasker) else type(one).__name__ for one in parts)
        raise InputError(
            f"masker: shap.maskers.Composite can join tables only, got {kinds}. Make the text a column of a "
            "data frame, where it is one feature, or explain it while the other inputs are fixed."
        )


def _of_masker(masker: Any) -> TableMasker:
    """Return the masker for a table that SHAP has sampled, and made an array of."""
    data = masker.data
    _refuse_sparse(data)
    if masker.output_dataframe:
        kind = object if data.dtype == object else None  # or pandas makes texts of objects
        data = pd.DataFrame(data, columns=masker.feature_names, dtype=kind)
    return TableMasker(data, len(data), masker.clustering, types_known=not masker.output_dataframe)


def _refuse_sparse(data: Any) -> None:
    if hasattr(data, "toarray"):
        raise InputError("masker: the background is a sparse matrix; pass background.toarray().")


def _sampled(data: Any, most: int) -> Any:
    if len(data) <= most:
        return data
    warnings.warn(
        f"masker: a sample of {most} of the {len(data)} background rows is used; to use more, pass "
        f"shap.maskers.Independent(background, max_samples={len(data)}), or pass the rows to use.",
        stacklevel=2,
    )
    places = shap.utils.sample(np.arange(len(data)), most)
    if hasattr(data, "iloc"):
        return data.iloc[places]
    return data.take(places) if hasattr(data, "column_names") else data[places]


def _has_other_types(frame: Any, rows: Any) -> bool:
    """Tell whether rows without a type for every column are to be put into columns that have one."""
    if not isinstance(frame, pd.DataFrame) or isinstance(rows, pd.DataFrame):
        return False
    given, cells = as_array(rows), as_array(frame)
    return cells is not None and cells.dtype != np.float64 and (given is None or given.dtype != cells.dtype)


def _flipped(codes: IntArray, n: int) -> BoolArray:
    """Decode SHAP's flips into which inputs change at every mask, shape (m, n)."""
    last = codes >= 0
    mask_of: IntArray = np.cumsum(last) - last
    inputs = np.where(last, codes, -codes - 1)
    real = inputs != MaskedModel.delta_mask_noop_value
    flipped = np.zeros((int(last.sum()), n), dtype=bool)
    np.logical_xor.at(flipped, (mask_of[real], inputs[real]), True)
    return flipped
