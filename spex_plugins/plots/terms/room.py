"""Room for what is written around axes, in figures whose layout matplotlib leaves as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spex_plugins.types import FloatArray

__all__ = ["keep_inside"]

_ROUNDS = 4  # what is written in the axes moves with them
_EDGE = 3.0  # points
_LEAST = 0.3  # of its size, to which axes are made smaller at most


def keep_inside(ax: Axes, *others: Axes) -> None:
    """Make axes smaller where what belongs to them lies outside of their figure, or under its heading.

    Labels and titles around given axes would be cut off otherwise. Figures with a layout engine, such as new
    ones, are left to it.

    Parameters
    ----------
    ax : matplotlib Axes
    *others : matplotlib Axes
        Axes that move with them, such as a colour bar.
    """
    figure: Any = ax.figure
    if figure.get_layout_engine() is not None:
        return
    group: tuple[Any, ...] = (ax, *others)
    first = _union([axes.get_position(original=True).extents for axes in group])
    for _ in range(_ROUNDS):
        page = _page(figure)
        drawn = _union([axes.get_tightbbox().extents for axes in group])
        missing = np.concatenate([page[:2] - drawn[:2], drawn[2:] - page[2:]]).clip(min=0)
        if not (missing > 0.5).any():  # pixels
            return
        _shrink(group, missing / np.tile([figure.bbox.width, figure.bbox.height], 2), first)


def _page(figure: Any) -> FloatArray:
    """Return left, bottom, right and top of the room of a figure, in pixels."""
    edge = _EDGE * figure.dpi / 72
    page = np.asarray(figure.bbox.extents + np.array([edge, edge, -edge, -edge]))
    heading = getattr(figure, "_suptitle", None)
    if heading is not None and heading.get_text():
        page[3] = heading.get_window_extent().y0 - edge
    return page


def _union(extents: list[FloatArray]) -> FloatArray:
    both = np.array(extents)
    return np.concatenate([both[:, :2].min(axis=0), both[:, 2:].max(axis=0)])


def _shrink(group: tuple[Any, ...], by: FloatArray, first: FloatArray) -> None:
    """Move the edges of axes inwards, by shares of the figure: left, bottom, right and top."""
    old = _union([axes.get_position(original=True).extents for axes in group])
    new = np.concatenate([old[:2] + by[:2], old[2:] - by[2:]])
    least = _LEAST * (first[2:] - first[:2])
    new[2:] = np.maximum(new[2:], new[:2] + least)
    scale = (new[2:] - new[:2]) / (old[2:] - old[:2])
    for axes in group:
        left, bottom, right, top = axes.get_position(original=True).extents
        low = new[:2] + scale * (np.array([left, bottom]) - old[:2])
        size = scale * np.array([right - left, top - bottom])
        in_layout = axes.get_in_layout()
        axes.set_position((*low, *size))
        axes.set_in_layout(in_layout)  # for a layout that is chosen later
