"""Representations of a `SpexExplanation`: text after that of SHAP, and HTML in a notebook."""

from __future__ import annotations

import html
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.result import html_view
from spex_plugins.result.feature_labels import displayable
from spex_plugins.result.interactions import Interactions
from spex_plugins.wording import counted, first_of

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["as_html", "as_text", "described"]

_SHOWN_ROWS = 10
_SHOWN_OUTPUTS = 3
_ROUNDING = 1e-14  # share of the largest value
_COLUMNS = ("f(∅)", "f(x)", "R²", "model calls", "strongest interaction")


def described(part: Any) -> str:
    """Return a short name for a model or masker: a function's, or that of a class with what it is made of."""
    part = getattr(part, "inner_model", part)
    owner = getattr(part, "__self__", None)
    if owner is not None and not inspect.ismodule(owner):
        return f"{type(owner).__name__}.{part.__name__}"
    if hasattr(part, "__qualname__"):
        return str(part.__qualname__)
    shape = getattr(part, "shape", None)
    inner = next(
        (getattr(part, one) for one in ("masker", "tokenizer", "image_masker") if hasattr(part, one)), None
    )
    content = " × ".join(map(str, shape)) if isinstance(shape, tuple) else inner and described(inner)
    return f"{type(part).__name__}({content})" if content else type(part).__name__


def as_text(found: Interactions | list[Interactions]) -> str:
    """Return the interactions of a row, or one line for each of several."""
    if isinstance(found, Interactions):
        return repr(found)
    lines = [
        f"[{i}] f(∅) {empty}, f(x) {full}, R² {r2}, calls {calls}, strongest: {strongest}"
        for i, (empty, full, r2, calls, strongest) in enumerate(map(_cells, found[:_SHOWN_ROWS]))
    ]
    return "\n".join([*lines, *_more(found)])


def as_html(explanation: Any, found: Interactions | list[Interactions]) -> str:
    """Return a small table per row, or of all rows; of chosen features their values."""
    return html_view.view(_page(explanation, found))


def _page(explanation: Any, found: Interactions | list[Interactions]) -> str:
    shape = " × ".join("…" if size is None else str(size) for size in explanation.shape)
    head = f"<p>SpexExplanation, values {shape or '1'}</p>"
    if np.ndim(explanation.base_values) == len(explanation.shape):
        return _feature_page(explanation, many=not isinstance(found, Interactions))
    if isinstance(found, Interactions):
        return f"{head}{_values_table(explanation)}{found._repr_html_()}"
    names = explanation.feature_names
    is_part = found and names is not None and len(names) < found[0].n
    if is_part and isinstance(explanation.values, np.ndarray):
        titles = ["row", *map(str, names[:_SHOWN_ROWS])]
        cells = [[_number(one) for one in row[:_SHOWN_ROWS]] for row in explanation.values[:_SHOWN_ROWS]]
    else:
        titles, cells = ["row", *_COLUMNS], [list(_cells(one)) for one in found[:_SHOWN_ROWS]]
    rows = [[str(i), *row] for i, row in enumerate(cells)]
    return f"{head}{_table(titles, rows)}{''.join(_more(found))}"


def _feature_page(explanation: Any, many: bool) -> str:
    """Return the values of one feature, in one row or in many, with data and base values."""
    name = explanation.feature_names if isinstance(explanation.feature_names, str) else "the feature"
    parts = [explanation.values, explanation.base_values, explanation.data]
    values, base, data = parts if many else [[part] for part in parts]
    data = [""] * len(values) if explanation.data is None else data
    rows = [
        [str(i), _datum(data[i]), _number(values[i]), _number(base[i])]
        for i in range(min(len(values), _SHOWN_ROWS))
    ]
    first = 0 if many else 1  # a single row has no number
    titles = ["row", name, "value", "f(∅)"][first:]
    head = f"<p>SpexExplanation, {'values' if many else 'value'} of {html.escape(name)}</p>"
    return f"{head}{_table(titles, [row[first:] for row in rows])}{''.join(_more(values))}"


def _table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    kinds = ["t" if title == _COLUMNS[-1] else "n" for title in titles]  # the names of a set may be broken
    cells = (
        [f"<td class='{kind}'>{html.escape(cell)}</td>" for kind, cell in zip(kinds, row, strict=True)]
        for row in rows
    )
    return html_view.table(cells, "", titles)


def _values_table(explanation: Any) -> str:
    """Return the largest values of a row of features; nothing for images and matrices of pairs."""
    names, values = explanation.feature_names, np.asarray(explanation.values)
    n_axes = 1 + np.ndim(explanation.base_values)
    if values.ndim != n_axes or names is None or len(names) != len(values):
        return ""
    strength = np.abs(values).reshape(len(values), -1).max(axis=1)
    values = np.where(np.abs(values) > _ROUNDING * strength.max(initial=0.0), values, 0.0)
    rows = (
        [f"<td class='t'>{html.escape(displayable(str(names[i])))}</td>", f"<td>{_number(values[i])}</td>"]
        for i in np.argsort(-strength, kind="stable")[:_SHOWN_ROWS]
    )
    return html_view.table(rows, f"values: {counted(len(values), 'feature')}")


def _cells(found: Interactions) -> tuple[str, ...]:
    top = found.top(1)
    strongest = f"{top.names[0]} {_number(top.values[0], '+.4g')}" if len(top) else "none"
    return (
        _number(found.empty_value),
        _number(found.full_value),
        _number(found.r2, ".3f"),
        str(found.n_calls),
        strongest,
    )


def _number(values: Any, form: str = ".4g") -> str:
    """Write a number, or the first few of several outputs."""
    numbers = np.atleast_1d(values)
    return first_of([format(float(one), form) for one in numbers], _SHOWN_OUTPUTS, "  ")


def _datum(datum: Any) -> str:
    return format(datum, ".4g") if isinstance(datum, float) else str(datum)


def _more(found: Sequence[Any]) -> list[str]:
    return [f"… {counted(len(found) - _SHOWN_ROWS, 'more row')}"] if len(found) > _SHOWN_ROWS else []
