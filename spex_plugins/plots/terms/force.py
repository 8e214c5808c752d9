"""What pushes a value up and what pushes it down, as two stacks that meet at f(x)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.plots.canvas import check_axes
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade
from spex_plugins.plots.fonts import families
from spex_plugins.plots.plot_data import signed
from spex_plugins.plots.terms.additive_terms import AdditiveTerms, Part, additive_terms
from spex_plugins.plots.terms.axes import heading_height, new_axes, wrapped, write_constant, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["force"]

_LEAST = 0.03  # share of the width from which a part has a label
_LETTERS = 24  # of a line of a label
_WIDTH, _UNIT = 760.0, 37.0  # of a new figure, and height of a bar in it, in points
_TOP = 1.7  # of the axes, in heights of a bar


@with_shared_docs
def force(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 12,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the parts of f(x) − f(∅) that push up and those that push down, end to end.

    The red parts end where the blue ones begin, at f(x); all parts are those of `waterfall`.

    Parameters
    ----------
    {which}
    top : int
        Number of parts, ≥ 1.
    {names}
    {axes}

    Returns
    -------
    matplotlib Axes
        Its horizontal axis is in the unit of the value function.

    Raises
    ------
    {raises}
    """
    check_axes(ax)
    terms = additive_terms(interactions, index, order, top, output, words)
    own = ax is None
    if ax is None:
        ax = new_axes(_WIDTH, 250.0)
    up = [part for part in terms.parts if part.value > 0]
    down = [part for part in terms.parts if part.value < 0]
    limit = max((abs(part.value) for part in terms.parts), default=1.0)
    reach = sum(abs(part.value) for part in terms.parts) or 1.0
    low = terms.total - sum(part.value for part in up)
    high = terms.total - sum(part.value for part in down)
    ax.set_xlim(min(low, terms.base) - 0.06 * reach, max(high, terms.base) + 0.06 * reach)
    named = [*_stack(ax, up, terms.total, 1, limit), *_stack(ax, down, terms.total, -1, limit)]
    depth = _write_labels(ax, [(at, part) for at, part in named if abs(part.value) > _LEAST * reach], limit)
    if not terms.parts:
        write_constant(ax)
    ax.set_ylim(-0.7 - depth, _TOP)
    if own:
        figure: Any = ax.figure
        figure.set_figheight((_UNIT * (_TOP + 0.7 + depth) + 70.0 + heading_height(title, _WIDTH)) / 72)
    _write_ends(ax, terms, both=abs(terms.total - terms.base) >= 0.1 * reach)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=3, labelsize=8.5, labelcolor=MUTED_COLOR)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.spines["bottom"].set_color("#c3c7d0")
    write_title(ax, title, terms.content.facts, f"red pushes up, blue pushes down; {terms.note}")
    return ax


def _write_ends(ax: Axes, terms: AdditiveTerms, *, both: bool) -> None:
    """Mark f(x), where the stacks meet, and f(∅), whose name is written if there is room for both."""
    ax.plot([terms.total, terms.total], [-0.5, 1.1], color=TEXT_COLOR, lw=1.4)
    ax.plot([terms.base, terms.base], [-0.5, 0.8], color="#8b92a0", lw=1.0, ls=(0, (3, 2)))
    style: dict[str, Any] = {"ha": "center", "size": 9.5, "color": TEXT_COLOR}
    text = f"{terms.name('f(x)')} = {terms.total:.3g}".replace("-", "−")
    ax.text(terms.total, 1.25, text, weight="bold", **style)
    if both:
        ax.text(terms.base, 0.95, terms.name("f(∅)"), **style)


def _stack(ax: Axes, parts: list[Part], total: float, sign: int, limit: float) -> list[tuple[float, Part]]:
    """Draw parts from f(x) outwards, red to the left of it and blue to the right; return their middles."""
    at, middles = total, []
    for part in parts:
        width = abs(part.value)
        left = at - width if sign > 0 else at
        color = shade(part.value, limit, least=0.45, most=0.9) if part.size else "#b9bec8"
        ax.barh(0.0, width, left=left, height=1.0, color=color, edgecolor="white", linewidth=1.2, gid="term")
        middles.append((left + width / 2, part))
        at = left if sign > 0 else left + width
    return middles


def _write_labels(ax: Axes, named: list[tuple[float, Part]], limit: float) -> float:
    """Write labels below their parts, each on the highest level where it is free; return the depth of all."""
    (low, high), pixels = ax.get_xlim(), ax.get_window_extent().width
    ends: list[float] = []  # of what is written on every level
    placed = []
    style: dict[str, Any] = {"ha": "center", "va": "top", "size": 8, "color": TEXT_COLOR, "parse_math": False}
    behind = {"facecolor": "white", "edgecolor": "none", "pad": 0.6}
    for middle, part in sorted(named, key=lambda one: one[0]):
        text = f"{wrapped(part.label, _LETTERS) if part.size else 'others'}\n{signed(part.value, limit)}"
        label = ax.text(middle, 0.0, text, fontfamily=families([text]), bbox=behind, **style)
        half = label.get_window_extent().width / pixels * (high - low) / 2
        at = float(np.clip(middle, low + half, max(high - half, low + half)))
        level = next((k for k, end in enumerate(ends) if end < at - half), len(ends))
        ends[level:] = [at + half + 0.008 * (high - low), *ends[level + 1 :]]
        label.set_x(at)
        placed.append((label, level, middle))
    step = 0.15 + 0.3 * max((label.get_text().count("\n") + 1 for label, *_ in placed), default=0)
    for label, level, middle in placed:
        label.set_y(-0.72 - level * step)
        ax.plot([middle, middle], [-0.5, -0.72 - level * step], color="#c3c7d0", lw=0.8, zorder=0)
    return step * len(ends)
