"""How a `SpexExplanation` shows itself: as text after SHAP's own, and as HTML in a notebook."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.interactions import Interactions
from spex_plugins.names import displayable

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["as_html", "as_text"]

_SHOWN_ROWS = 10
_SHOWN_OUTPUTS = 3
_COLUMNS = ("f(∅)", "f(x)", "R²", "model calls", "strongest interaction")


def as_text(found: Interactions | list[Interactions]) -> str:
    """Return the interactions of a row, or one line for each of several."""
    if isinstance(found, Interactions):
        return repr(found)
    lines = [
        f"[{i}] f(∅) {empty}, f(x) {full}, R² {r2}, {calls} calls, strongest: {strongest}"
        for i, (empty, full, r2, calls, strongest) in enumerate(map(_cells, found[:_SHOWN_ROWS]))
    ]
    return "\n".join([*lines, *_more(found)])


def as_html(explanation: Any, found: Interactions | list[Interactions]) -> str:
    """Return a small table per row, or of all rows."""
    shape = " × ".join("…" if size is None else str(size) for size in explanation.shape)
    head = f"<p>SpexExplanation, values {shape or '1'}</p>"
    if isinstance(found, Interactions):
        return f"{head}{_values_table(explanation)}{found._repr_html_()}"
    cells = [
        "".join(f"<td>{html.escape(cell)}</td>" for cell in (str(i), *_cells(one)))
        for i, one in enumerate(found[:_SHOWN_ROWS])
    ]
    rows = "".join(f"<tr>{one}</tr>" for one in cells)
    titles = "".join(f"<th>{title}</th>" for title in ("row", *_COLUMNS))
    return f"{head}<table><tr>{titles}</tr>{rows}</table>{''.join(_more(found))}"


def _values_table(explanation: Any) -> str:
    """Return the largest values of a row of features; nothing for images and matrices of pairs."""
    names, values = explanation.feature_names, np.asarray(explanation.values)
    n_axes = 1 + np.ndim(explanation.base_values)
    if values.ndim != n_axes or names is None or len(names) != len(values):
        return ""
    strength = np.abs(values).reshape(len(values), -1).max(axis=1)
    rows = "".join(
        f"<tr><td style='text-align:left'>{html.escape(displayable(str(names[i])))}</td>"
        f"<td>{_number(values[i])}</td></tr>"
        for i in np.argsort(-strength, kind="stable")[:_SHOWN_ROWS]
    )
    return f"<table><caption>values: {len(values)} features</caption>{rows}</table>"


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
    rest = [f"… ({len(numbers)})"] if len(numbers) > _SHOWN_OUTPUTS else []
    return "  ".join([*(format(float(one), form) for one in numbers[:_SHOWN_OUTPUTS]), *rest])


def _more(found: Sequence[Interactions]) -> list[str]:
    return [f"… {len(found) - _SHOWN_ROWS} more rows"] if len(found) > _SHOWN_ROWS else []
