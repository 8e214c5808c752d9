"""What the user hands to the explainer, checked before SHAP sees it: errors that name the remedy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shap

from spex_plugins.errors import InputError
from spex_plugins.shap.table_masker import MixedTable

__all__ = ["one_row", "rows_to_explain", "split_targets", "usable_model", "with_target"]


def usable_model(model: Any, masker: Any) -> Any:
    """Return the model as one of `shap.models`, or say what is wrong with the model or the masker."""
    if masker is None:
        raise InputError("masker: give background data, a tokenizer or one of shap.maskers.")
    if not callable(masker):
        kind = type(masker).__name__
        raise InputError(f"masker: expected a 2-D array, DataFrame, tokenizer or masker, got {kind}.")
    if not callable(model):
        kind = type(model).__name__
        raise InputError(f"model: {kind} cannot be called; pass a function such as model.predict.")
    return model if isinstance(model, shap.models.Model) else shap.models.Model(model)


def rows_to_explain(masker: Any, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the inputs of a call, tables as float64 where the background is so."""
    if not args:
        raise InputError("rows: none given; pass the inputs to explain.")
    args = tuple(rows["text"] if isinstance(rows, dict) and "text" in rows else rows for rows in args)
    for rows in args:
        if isinstance(rows, str):
            raise InputError("rows: got a single text; pass a list of texts, explainer([text]).")
        if hasattr(rows, "toarray"):
            raise InputError("rows: got a sparse matrix; pass rows.toarray().")
        if hasattr(rows, "__len__") and len(rows) == 0:
            raise InputError("rows: none given; there is nothing to explain.")
    if isinstance(masker, shap.maskers.Independent | shap.maskers.Partition | MixedTable) and len(args) == 1:
        return (_table(masker, args[0]),)
    return args


def one_row(masker: Any, row: Any) -> Any:
    """Return a single row of a table as a table, or None where it is no single row."""
    if getattr(row, "ndim", None) != 1 or not isinstance(getattr(masker, "shape", None), tuple):
        return None
    if isinstance(row, pd.Series):
        return pd.DataFrame([row]).infer_objects()
    return None if len(row) and isinstance(row[0], str) else row[None]


def split_targets(masker: Any, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any] | None]:
    """Separate the texts that a language model shall be scored on from the inputs.

    SHAP takes them from the same arguments, but keeps them for all later calls, and gives two equal inputs
    in succession the same target.
    """
    if not isinstance(masker, shap.maskers.OutputComposite) or len(args) != 2:
        return args, None
    rows, targets = args
    if isinstance(targets, str) or len(targets) != len(rows):
        raise InputError(
            f"targets: expected a list of {len(rows)} texts, one for every row, got {targets!r:.80}."
        )
    return (rows,), list(targets)


def with_target(masker: Any, target: Any) -> Any:
    """Return the masker of a language model for a row with a given target."""
    return shap.maskers.OutputComposite(masker.masker, lambda *_: np.array([target]))


def _table(masker: Any, rows: Any) -> Any:
    columns = masker.shape[1]
    shape = getattr(rows, "shape", None)
    if shape is None or len(shape) != 2 or shape[1] != columns:
        got = type(rows).__name__ if shape is None else f"shape {tuple(shape)}"
        raise InputError(
            f"rows: expected an array or DataFrame of shape (rows, {columns}) like the background, "
            f"got {got}; of a single row pass X[:1]."
        )
    if isinstance(rows, pd.DataFrame) and masker.output_dataframe:
        names, expected = list(rows.columns), list(masker.feature_names)
        if names != expected:
            raise InputError(f"rows: the columns {names} are not those of the background, {expected}.")
    if isinstance(masker, MixedTable):
        return rows
    try:
        return rows.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"rows: the background is numeric, the rows are not: {error}.") from None
