"""The values of the strongest sets in every row of a data set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.plots.canvas import check_axes
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade
from spex_plugins.plots.fonts import drawable, ordered
from spex_plugins.plots.terms.axes import new_axes, wrapped, write_title
from spex_plugins.result.feature_labels import joined, right_to_left
from spex_plugins.result.row_table import RowTable
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spex_plugins.types import FloatArray

__all__ = ["beeswarm"]

_BINS = 60  # of the width of the picture; dots of one bin stand above each other
_ROW = 30.0  # points


def beeswarm(table: Any, *, top: int = 12, title: str | None = None, ax: Axes | None = None) -> Axes:
    """Draw the value of the strongest sets in every row, one dot for each row that has the words.

    Parameters
    ----------
    table : RowTable
        From `spex_plugins.over_rows` or ``SpexExplanation.interaction_table``; choose among its sets with
        ``table.interactions()`` or ``table.of_order(2)``.
    top : int
        Number of sets, ≥ 1.
    title : str, optional
        Heading of the picture.
    ax : matplotlib Axes, optional
        Where to draw, by default a new figure.

    Returns
    -------
    matplotlib Axes
        Its horizontal axis is in the unit of the value function.

    Raises
    ------
    InputError
        If an argument cannot be used.
    MissingExtraError
        If matplotlib is not installed.
    """
    if not isinstance(table, RowTable):
        raise InputError(f"table: expected a RowTable, of over_rows, got {type(table).__name__}.")
    most = check.count("top", top, 1, "the number of sets")
    check_axes(ax)
    shown = table.top(most)
    if ax is None:
        ax = new_axes(660.0, _ROW * max(len(shown), 3) + 110, title)
    limit = float(np.nanmax(np.abs(shown.values), initial=0.0)) or 1.0
    for row, values in enumerate(shown.values.T):
        values = values[np.isfinite(values)]
        heights = len(shown) - 1 - row + _spread(values, limit)
        colors = [shade(value, limit, least=0.35) if value else "#b9bec8" for value in values.tolist()]
        ax.scatter(values, heights, c=colors, s=16, edgecolors="white", linewidths=0.3, gid="set")
    ax.axvline(0.0, color="#8b92a0", lw=0.9, zorder=0)
    from_right = right_to_left(name for term in table.terms for name in term)
    names = [ordered(joined(map(drawable, term), from_right)) for term in shown.terms]
    labels = [
        f"{wrapped(name)}\n{counted(rows, 'row')}" if rows < len(shown.values) else wrapped(name)
        for name, rows in zip(names, shown.rows.tolist(), strict=True)
    ]
    ax.set_yticks(np.arange(len(shown))[::-1], labels, parse_math=False)
    ax.set_ylim(-0.7, max(len(shown), 1) - 0.3)
    ax.set_xlim(-1.08 * limit, 1.08 * limit)
    ax.tick_params(length=0, labelsize=9, labelcolor=TEXT_COLOR)
    ax.tick_params(axis="x", labelsize=8.5, labelcolor=MUTED_COLOR)
    ax.spines[:].set_visible(False)
    strongest = f"strongest {len(shown)} of {counted(len(table), 'set')} by mean magnitude"
    note = f"{table.index}, order {table.order}: {strongest}; a dot is a row"
    write_title(ax, title, [counted(len(table.values), "row")], note)
    return ax


def _spread(values: FloatArray, limit: float) -> FloatArray:
    """Return heights that stack dots of nearly equal values around 0, at most 0.4 away from it."""
    bins = np.round(values / limit * _BINS).astype(np.intp)
    out = np.zeros(len(values))
    for number in np.unique(bins):
        own = np.flatnonzero(bins == number)
        steps = np.arange(len(own)) - (len(own) - 1) / 2
        out[own] = steps * min(0.11, 0.8 / max(len(own), 1))
    return out
