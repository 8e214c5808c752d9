"""New axes, titles and labels that the plots of terms share."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR
from spex_plugins.plots.fonts import drawable, set_families
from spex_plugins.result.feature_labels import displayable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["new_axes", "wrapped", "write_constant", "write_title"]

_LINE = 38  # letters
_HEADING = 9.5  # width of a letter of a heading, in points
_JOINT, _NO_BREAK = " × ", "\u00a0"


def new_axes(width: float, height: float) -> Axes:
    """Return axes in a new figure of this size in points."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width / 72, height / 72), layout="constrained", facecolor="white")
    axes: Axes = figure.add_subplot()
    return axes


def wrapped(label: str, letters: int = _LINE) -> str:
    """Break a long label into lines: between the features of a set, and in features longer than a line."""
    parts = label.split(_JOINT)
    kept = [part.replace(" ", _NO_BREAK) if len(part) + len(_JOINT) <= letters else part for part in parts]
    lines = wrap(f"{_NO_BREAK}{_JOINT.lstrip()}".join(kept), letters, break_long_words=False)
    return "\n".join(lines).replace(_NO_BREAK, " ") or label


def _filled(facts: Sequence[str], letters: int) -> list[str]:
    """Join facts to lines, and break those that are longer than a line."""
    lines: list[str] = []
    for fact in facts:
        if lines and len(lines[-1]) + len(fact) + 7 <= letters:
            lines[-1] += f"   ·   {fact}"
        else:
            lines += wrap(fact, letters)
    return lines


def write_constant(ax: Axes) -> None:
    """Write in the middle of axes why there is nothing in them."""
    text = "no feature changes the value"
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=MUTED_COLOR)


def write_title(ax: Axes, title: str | None, facts: Sequence[str], note: str) -> None:
    """Write a heading, the facts and how to read the picture above finished axes; choose their fonts."""
    figure: Any = ax.figure
    width = figure.get_figwidth() * 72
    letters = max(int((width - 150) / 4.9), 40)
    lines = [*_filled(facts, letters), *wrap(note, letters)]
    text = "\n".join(lines)
    ax.set_title(text, fontsize=8.5, color=MUTED_COLOR, loc="left", parse_math=False, linespacing=1.5)
    if title:
        heading = figure.suptitle(
            "\n".join(wrap(drawable(displayable(title)), max(int(width / _HEADING), 20))),
            fontsize=13,
            x=0.012,
            ha="left",
            color=TEXT_COLOR,
            weight="bold",
            parse_math=False,
        )
        heading.set_gid("heading")
    set_families(ax)
