"""New axes, titles and labels that the plots of terms share."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from spex_plugins.plots.canvas import text_width
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR
from spex_plugins.plots.fonts import drawable, set_families
from spex_plugins.plots.terms.room import keep_inside
from spex_plugins.result.feature_labels import displayable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = [
    "broken",
    "filled",
    "heading_height",
    "new_axes",
    "title_room",
    "wrapped",
    "write_constant",
    "write_title",
]

_LINE = 38  # letters
_HEADING, _HEADING_LINE = 13.0, 16.0  # sizes in points: letters of a heading, and the height of a line
_FACT = 8.5  # of the letters of facts
_LEFT = 0.012  # where a heading begins, as a share of the width of the figure
_AROUND = 14.0  # points beside axes and the labels of their ticks
_LEAST = 100.0  # width of a title in points
_JOINT, _NO_BREAK = " × ", "\u00a0"
_BETWEEN = "   ·   "
_HINTED = 1.04  # letters of a picture of few pixels may be wider than their outlines by this factor


def new_axes(width: float, height: float, title: str | None = None, *, fixed_aspect: bool = False) -> Axes:
    """Return axes in a new figure of this size in points, higher for each further line of its heading."""
    import matplotlib.pyplot as plt

    size = width / 72, (height + heading_height(title, width)) / 72
    # With a fixed aspect, the constrained layout settles after several drawings only.
    layout: Any = "compressed" if fixed_aspect else "constrained"
    figure = plt.figure(figsize=size, layout=layout, facecolor="white")
    axes: Axes = figure.add_subplot(facecolor="white")
    return axes


def heading_height(title: str | None, width: float) -> float:
    """Return the height of all lines but the first of the heading of a figure, in points."""
    return _HEADING_LINE * (len(_heading(title, width)) - 1) if title else 0.0


def _heading(title: str, width: float) -> list[str]:
    return broken(drawable(displayable(str(title))), (1 - 2 * _LEFT) * width, _HEADING, "bold")


def wrapped(label: str, letters: int = _LINE) -> str:
    """Break a long label into lines: between the features of a set, and in features longer than a line."""
    parts = label.split(_JOINT)
    kept = [part.replace(" ", _NO_BREAK) if len(part) + len(_JOINT) <= letters else part for part in parts]
    lines = wrap(f"{_NO_BREAK}{_JOINT.lstrip()}".join(kept), letters, break_long_words=False)
    return "\n".join(lines).replace(_NO_BREAK, " ") or label


def broken(text: str, width: float, size: float, weight: str = "normal") -> list[str]:
    """Break a text into lines of at most this width in points, also within a word that is wider."""
    lines, used, space = [""], 0.0, _width("n n", size, weight) - _width("nn", size, weight)
    for word in text.split():
        needed = _width(word, size, weight)
        if lines[-1] and used + space + needed <= width:
            lines[-1] += f" {word}"
            used += space + needed
            continue
        rest = word
        lines += [rest] if lines[-1] else []
        while needed > width and len(rest) > 1:
            fitting = max(int(len(rest) * width / needed), 1)
            lines[-1:] = [rest[:fitting], rest[fitting:]]
            rest = rest[fitting:]
            needed = _width(rest, size, weight)
        lines[-1], used = rest, needed
    return lines


def _width(text: str, size: float, weight: str = "normal") -> float:
    return _HINTED * text_width(text, size, weight)


def filled(facts: Sequence[str], width: float, size: float) -> list[str]:
    """Join facts to lines of at most this width in points, and break those that are longer than a line."""
    lines: list[str] = []
    for fact in facts:
        if lines and _width(f"{lines[-1]}{_BETWEEN}{fact}", size) <= width:
            lines[-1] += f"{_BETWEEN}{fact}"
        else:
            lines += broken(fact, width, size)
    return lines


def write_constant(ax: Axes) -> None:
    """Write in the middle of axes why there is nothing in them."""
    text = "no feature changes the value"
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED_COLOR)


def title_room(ax: Axes) -> float:
    """Return the width in points that a title may take, from the left edge of axes with finished labels.

    It may go beyond the axes as far as the figure, or their column in it, reaches.
    """
    figure: Any = ax.figure
    unit = 72.0 / figure.dpi
    begin, end = _columns(ax)
    if figure.get_layout_engine() is not None and ax.get_aspect() == "auto":  # the axes will fill their room
        widest = max((_label_width(label) for label in ax.get_yticklabels() if ax.axison), default=0.0)
        room = (end - begin) * unit - widest - _AROUND
    else:
        figure.figure.draw_without_rendering()
        room = (end - ax.get_window_extent().x0) * unit - _AROUND
    return max(room, _LEAST)


def _columns(ax: Axes) -> tuple[float, float]:
    """Return where the columns of axes in their figure begin and end, in pixels."""
    page: Any = ax.figure.bbox
    spec = ax.get_subplotspec()
    if spec is None:
        return page.x0, page.x1
    span = spec.get_topmost_subplotspec()
    width = page.width / span.get_gridspec().ncols
    return page.x0 + width * span.colspan.start, page.x0 + width * span.colspan.stop


def _label_width(label: Any) -> float:
    return max(_width(line, label.get_size()) for line in label.get_text().split("\n"))


def write_title(ax: Axes, title: str | None, facts: Sequence[str], note: str) -> None:
    """Write a heading, the facts and how to read the picture above finished axes; choose their fonts."""
    figure: Any = ax.figure
    if title:
        heading = figure.suptitle(
            "\n".join(_heading(title, figure.bbox.width / figure.dpi * 72)),
            fontsize=_HEADING,
            x=_LEFT,
            ha="left",
            color=TEXT_COLOR,
            weight="bold",
            parse_math=False,
        )
        heading.set_gid("heading")
    keep_inside(ax)
    width = title_room(ax)
    lines = [*filled(facts, width, _FACT), *broken(note, width, _FACT)]
    ax.set_title(
        "\n".join(lines), fontsize=_FACT, color=MUTED_COLOR, loc="left", parse_math=False, linespacing=1.5
    )
    set_families(ax)
    keep_inside(ax)
