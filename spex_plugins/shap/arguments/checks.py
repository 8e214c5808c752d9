"""Checks of the arguments of an explainer and its calls, before SHAP uses them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import shap

from spex_plugins import checks as check
from spex_plugins.core.basis.masked_entries import unhidden
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.shap.tables.backgrounds import as_array
from spex_plugins.shap.tables.column_types import names_of
from spex_plugins.shap.tables.table_masker import TableMasker, TablesMasker
from spex_plugins.wording import counted

__all__ = [
    "Model",
    "check_fit",
    "one_row",
    "rows_to_explain",
    "split_targets",
    "usable_model",
    "with_target",
]


def check_fit(index: str, estimator: Any, max_order: int | None, seed: Any) -> None:
    """Raise InputError for arguments that no call can use."""
    resolve(estimator, check.index(index))
    check.interaction_order(max_order)
    check.generator(seed)


def usable_model(model: Any, masker: Any) -> Any:
    """Return the model as one of `shap.models`.

    Raises
    ------
    InputError
        If the model or the masker is unusable.
    """
    if masker is None:
        raise InputError("masker: pass background data, a tokenizer or one of shap.maskers.")
    if isinstance(masker, shap.maskers.Impute):
        raise InputError(
            "masker: shap.maskers.Impute masks no rows, it is for shap.LinearExplainer; pass background rows."
        )
    if not callable(masker):
        kind = type(masker).__name__
        if kind == "DenseData":  # of shap.kmeans, for KernelExplainer
            raise InputError(
                "masker: the rows of a summary by shap.kmeans have weights, which are not used here; pass "
                "background rows, such as shap.sample(X, 100), or summary.data, all with equal weights."
            )
        raise InputError(f"masker: expected a 2-D array, DataFrame, tokenizer or masker, got {kind}.")
    if isinstance(model, shap.models.Model) and type(model) is not shap.models.Model:
        return model
    return Model(model if callable(model) else _method(model))


class Model(shap.models.Model):  # type: ignore[misc]
    """`shap.models.Model` that also reads tensors in types that NumPy does not have, such as bfloat16."""

    def __call__(self, *inputs: Any) -> Any:
        answers = self.inner_model(*inputs)
        array = as_array(answers)
        return np.array(answers) if array is None else array


def _method(estimator: Any) -> Any:
    """Return ``predict_proba``, or else ``predict``, of an estimator of scikit-learn's interface."""
    for name in ("predict_proba", "predict"):
        method = getattr(estimator, name, None)
        if callable(method):
            return method
    kind = type(estimator).__name__
    raise InputError(
        f"model: {kind} cannot be called and has no predict_proba or predict; pass a function of the rows, "
        "such as model.decision_function."
    )


def rows_to_explain(masker: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    """Return the masker that suits the inputs of a call, and the inputs, tables as arrays of rows to mask."""
    if not args:
        raise InputError("rows: none given; pass the inputs to explain.")
    args = tuple(
        rows["text"] if isinstance(rows, dict) and "text" in rows else unhidden(rows) for rows in args
    )
    for rows in args:
        if isinstance(rows, str):
            raise InputError("rows: got a single text; pass a list of texts, explainer([text]).")
        if hasattr(rows, "toarray"):
            raise InputError("rows: got a sparse matrix; pass rows.toarray().")
        if hasattr(rows, "__len__") and len(rows) == 0:
            raise InputError("rows: none given; pass at least one.")
    if isinstance(getattr(masker, "masker", masker), shap.maskers.Text):
        _check_texts(args[0])
    if isinstance(masker, TableMasker | TablesMasker):
        return _tables(masker, args)
    if isinstance(masker, shap.maskers.Independent | shap.maskers.Partition) and len(args) == 1:
        _check_table(masker, args[0])
        return masker, (_floats(args[0]),)
    if getattr(masker, "image_data", False):
        return masker, tuple(rows if as_array(rows) is None else as_array(rows) for rows in args)
    return masker, args


def _check_texts(rows: Any) -> None:
    """Raise InputError if rows that are masked as texts are no texts."""
    other = [row for row in rows if not isinstance(row, str)]
    if other:
        raise InputError(
            f"rows: expected texts, or pairs of texts, got {type(other[0]).__name__} {other[0]!r:.60}; write "
            "messages of a chat as a text by tokenizer.apply_chat_template(messages, tokenize=False)."
        )


def one_row(masker: Any, row: Any) -> Any:
    """Return a single row of a table as a table, or None if it is no single row."""
    if getattr(row, "ndim", None) != 1 or not isinstance(getattr(masker, "shape", None), tuple):
        return None
    if isinstance(row, pd.Series):
        return pd.DataFrame([row]).infer_objects()
    return None if len(row) and isinstance(row[0], str) else row[None]


def split_targets(masker: Any, args: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[Any] | None]:
    """Separate the texts that a language model is scored on from the inputs.

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


def _tables(masker: Any, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    given = getattr(masker, "maskers", (masker,))
    if len(args) != len(given):
        raise InputError(f"rows: the masker has {counted(len(given), 'table')}, got {len(args)}.")
    for one, rows in zip(given, args, strict=True):
        _check_table(one, rows)
    suited = masker.for_rows(*args)
    maskers = getattr(suited, "maskers", (suited,))
    return suited, tuple(one.rows(rows) for one, rows in zip(maskers, args, strict=True))


def _check_table(masker: Any, rows: Any) -> None:
    columns = masker.shape[1]
    shape = getattr(rows, "shape", None)
    if shape is None or len(shape) != 2 or shape[1] != columns:
        got = type(rows).__name__ if shape is None else f"shape {tuple(shape)}"
        raise InputError(
            f"rows: expected an array or DataFrame of shape (rows, {columns}) like the background, "
            f"got {got}; for a single row pass X[:1]."
        )
    names, expected = names_of(rows), names_of(masker.data) or getattr(masker, "feature_names", None)
    if names is not None and expected is not None and names != list(expected):
        raise InputError(f"rows: the columns {names} are not those of the background, {list(expected)}.")


def _floats(rows: Any) -> Any:
    try:
        return rows.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"rows: the background is numeric, the rows are not: {error}.") from None
