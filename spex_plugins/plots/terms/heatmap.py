"""Pairs of features as a matrix, with their first-order values on the diagonal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.plots.canvas import check_axes, text_width
from spex_plugins.plots.colors import TEXT_COLOR, shade
from spex_plugins.plots.fonts import drawable, set_families
from spex_plugins.plots.plot_data import one_output, read_plot_data, signed
from spex_plugins.plots.terms.axes import broken, filled, new_axes, title_room
from spex_plugins.plots.terms.room import keep_inside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spex_plugins.result.index_table import IndexTable
    from spex_plugins.types import FloatArray

__all__ = ["heatmap"]

_CELL, _MARGIN = 44.0, 150.0  # of a new figure, in points
_SIDE, _SMALLEST = 1100.0, 5.0  # of a matrix of many features, and of its cells
_LETTERS, _TITLE = 11.0, 9.5  # height of a line of labels, and of the letters of the title
_WRITTEN = 14  # up to this many features the values stand in the cells


def heatmap(
    interactions: Any,
    *,
    index: str = "FSII",
    top: int = 10,
    output: int | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the interactions of pairs as a matrix, for the features of the strongest pairs.

    Parameters
    ----------
    interactions : Interactions
        The explanation of one example, or an object with the attribute ``interactions``.
    index : str
        A key of `spex_plugins.INDICES` other than "Fourier"; the order is 2.
    top : int
        Number of strongest pairs whose features are shown, ≥ 1. Without pairs, the features with the largest
        first-order values are shown.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Axes
        With the matrix as an image; values in the unit of the value function.

    Raises
    ------
    InputError
        If an argument cannot be used.
    MissingExtraError
        If matplotlib is not installed.
    """
    top = check.count("top", top, 1, "the number of pairs whose features are shown")
    check_axes(ax)
    found = one_output(interactions, output)
    content = read_plot_data(found, index, 2, top, None, drawable=drawable)
    features = content.shown_features(top)
    matrix = _matrix(found.index(index, 2), features)
    labels = [content.labels[i] for i in features]
    cell = min(_CELL, max(_SIDE / len(features), _SMALLEST))
    letters = 0.9 * min(_LETTERS, cell)
    side = cell * max(len(features), 4)
    own = ax is None
    if ax is None:
        margin = max(_MARGIN, max(text_width(label, letters) for label in labels) + 60)
        ax = new_axes(side + margin + 90, side + margin, fixed_aspect=True)
    bar = _draw(ax, matrix, labels, letters)
    keep_inside(ax, bar)
    reading = f"{content.reading}: pairs, and single features on the diagonal"
    for _ in range(1 if own else 2):  # the title makes a given matrix smaller, which may move it to the right
        room = side + 70 if own else title_room(ax)
        lines = [*broken(reading, room, _TITLE), *filled(content.facts[2:], room, _TITLE)]
        ax.set_title("\n".join(lines), fontsize=_TITLE, color=TEXT_COLOR, loc="left", parse_math=False)
    set_families(ax)
    keep_inside(ax, bar)
    return ax


def _matrix(table: IndexTable, features: list[int]) -> FloatArray:
    """Return the values of pairs of these features, with their first-order values on the diagonal."""
    place = np.full(table.n + 1, -1)
    place[features] = np.arange(len(features))
    matrix = np.diag(table.first_order()[features])
    pairs = table.of_order(2)
    i, j = place[pairs.supports.reshape(-1, 2).T]
    both = (i >= 0) & (j >= 0)
    matrix[i[both], j[both]] = matrix[j[both], i[both]] = pairs.values[both]
    return matrix


def _draw(ax: Axes, matrix: FloatArray, labels: list[str], letters: float) -> Axes:
    """Draw the matrix; return the axes of its colour bar."""
    from matplotlib.colors import LinearSegmentedColormap

    limit = float(np.abs(matrix).max(initial=0.0)) or 1.0
    steps = [shade(value, 1.0, most=0.85) for value in (-1.0, 0.0, 1.0)]
    colors = LinearSegmentedColormap.from_list("spex", steps)
    image = ax.imshow(matrix, cmap=colors, vmin=-limit, vmax=limit)
    places = np.arange(len(labels))
    long = max(map(len, labels)) > 5
    ax.set_xticks(
        places, labels, rotation=45 if long else 0, ha="right" if long else "center", parse_math=False
    )
    ax.set_yticks(places, labels, parse_math=False)
    if long:
        for label in ax.get_xticklabels():
            label.set_rotation_mode("anchor")
    ax.tick_params(length=0, labelsize=letters, labelcolor=TEXT_COLOR)
    borders, ends = places[1:] - 0.5, (-0.5, len(labels) - 0.5)
    width = min(1.0, letters / 10)
    ax.vlines(borders, *ends, color="#e4e5ea", linewidth=width)
    ax.hlines(borders, *ends, color="#e4e5ea", linewidth=width)
    ax.spines[:].set_color("#e4e5ea")
    if len(labels) <= _WRITTEN:
        for (i, j), value in np.ndenumerate(matrix):
            if value:
                style: dict[str, Any] = {"ha": "center", "va": "center", "size": 8.5, "color": TEXT_COLOR}
                weight = "bold" if i == j else "normal"
                ax.text(j, i, signed(float(value), limit), weight=weight, **style)
    bar = ax.figure.colorbar(image, ax=ax, shrink=0.7)
    bar.outline.set_visible(False)
    bar.ax.tick_params(length=0, labelsize=8.5, labelcolor=TEXT_COLOR)
    bar.set_label("← pushes down        pushes up →", fontsize=8.5, color=TEXT_COLOR)
    shown: Axes = bar.ax
    return shown
