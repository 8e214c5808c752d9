"""From f(∅) to f(x) in bars: interactions of any order and single features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.plots.canvas import check_axes, text_width
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade, text_color
from spex_plugins.plots.plot_data import signed
from spex_plugins.plots.terms.additive_terms import AdditiveTerms, additive_terms
from spex_plugins.plots.terms.axes import new_axes, title_room, wrapped, write_constant, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["bar", "waterfall"]

_ROW = 25.0  # points
_VALUE, _GAP = 9.0, 4.5  # size of the letters of values, and distance from their bars
_BESIDE = 0.0968  # room beside the bars at least, as a share of the axes


@with_shared_docs
def waterfall(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 14,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw how interactions and single features lead from f(∅) to f(x).

    Up to half of the bars are the strongest interactions, the others features; apart from the strongest, no
    interaction is smaller than a feature that is left out. What is not shown as an interaction stays with its
    features: a feature's bar is its Shapley value without its equal shares of the interactions that are
    shown. So the bars add up, and the last one, of the features that are not shown, is small where few
    features matter. Its label says how large each of them is at most and, in brackets, what pushes up and
    what pushes down.

    Parameters
    ----------
    {which}
    top : int
        Number of bars, ≥ 1.
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
    values = np.array([part.value for part in terms.parts])
    # From below upwards: the smallest first, so that the largest leads to f(x).
    ends = terms.base + np.cumsum(values[::-1])
    return _draw(terms, ends[::-1] - values, title, ax, ends=True)


@with_shared_docs
def bar(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 14,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw interactions and single features as bars from 0; they add up to f(x) − f(∅), as in `waterfall`.

    Parameters
    ----------
    {which}
    top : int
        Number of bars, ≥ 1.
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
    return _draw(terms, np.zeros(len(terms.parts)), title, ax, ends=False)


def _draw(
    terms: AdditiveTerms, starts: np.ndarray, title: str | None, ax: Axes | None, *, ends: bool
) -> Axes:
    parts = terms.parts
    labels = [wrapped(part.label) for part in parts]
    if ax is None:
        lines = max((label.count("\n") + 1 for label in labels), default=1)
        ax = new_axes(640.0, max(_ROW, 12.0 * lines + 4) * max(len(parts), 3) + 110, title)
    values = np.array([part.value for part in parts])
    rows = np.arange(len(parts))[::-1]
    limit = float(np.abs(values).max(initial=0.0)) or 1.0
    colors = [
        shade(value, limit, least=0.45, most=0.9) if part.size else "#b9bec8"
        for value, part in zip(values.tolist(), parts, strict=True)
    ]
    ax.barh(rows, values, left=starts, height=0.68, color=colors, gid="term")
    ax.set_yticks(rows, labels, parse_math=False)
    for label, part in zip(ax.get_yticklabels(), parts, strict=True):
        label.set_color(TEXT_COLOR if part.size else MUTED_COLOR)
    ax.tick_params(length=0, labelsize=9.5)
    _write_values(ax, rows, starts, values, [terms.base, terms.total] if ends else [0.0])
    if ends:
        _draw_ends(ax, terms, rows, starts)
    else:
        ax.axvline(0.0, color="#8b92a0", lw=0.9, zorder=0)
    ax.set_ylim(-1.3, len(parts) + 0.3)
    ax.tick_params(axis="x", labelsize=8.5, labelcolor=MUTED_COLOR)
    ax.spines[:].set_visible(False)
    if not parts:
        write_constant(ax)
    write_title(ax, title, terms.content.facts, terms.note)
    return ax


def _write_values(
    ax: Axes, rows: np.ndarray, starts: np.ndarray, values: np.ndarray, others: list[float]
) -> None:
    """Write the values at the ends of the bars, and choose the limits of the axis so that they have room."""
    ends = starts + values
    edges = np.concatenate([starts, ends, others])
    low, high = float(edges.min()), float(edges.max())
    if low == high:
        low, high = low - 0.5, high + 0.5
    span = high - low
    limit = float(np.abs(values).max(initial=0.0)) or 1.0
    texts = [signed(value, limit) for value in values.tolist()]
    widths = np.array([text_width(text, _VALUE, "bold") + 3 * _GAP for text in texts])
    room = title_room(ax)
    before = after = _BESIDE * room  # points on both sides of the bars
    up = values >= 0
    for _ in range(3):  # what lies beside the bars depends on their scale, and this on what lies beside them
        scale = max(room - before - after, 0.3 * room) / span
        before = max(_BESIDE * room, *(widths - (ends - low) * scale)[~up], 0.0)
        after = max(_BESIDE * room, *(widths - (high - ends) * scale)[up], 0.0)
    scale = max(room - before - after, 0.3 * room) / span
    ax.set_xlim(low - before / scale, high + after / scale)
    for row, end, value, text in zip(rows, ends, values.tolist(), texts, strict=True):
        side, ha = (1, "left") if value >= 0 else (-1, "right")
        style: dict[str, Any] = {"color": text_color(value), "size": _VALUE, "weight": "bold"}
        ax.text(end + side * _GAP / scale, row, text, ha=ha, va="center", **style)


def _draw_ends(ax: Axes, terms: AdditiveTerms, rows: np.ndarray, starts: np.ndarray) -> None:
    """Draw where the bars begin and end: f(∅) below them, f(x) above, and the steps from bar to bar."""
    for row, at in zip(rows, starts, strict=True):
        bottom = row - 1 + 0.34 if row else row - 0.6
        ax.plot([at, at], [bottom, row + 0.34], color="#c3c7d0", lw=0.8, zorder=0)
    rounding = 1e-6 * max(abs(terms.base), abs(terms.total))
    behind = {"facecolor": ax.get_facecolor(), "edgecolor": "none", "pad": 0.8}  # off the dashed lines
    for value, name, level in (
        (terms.base, terms.name("f(∅)"), -0.9),
        (terms.total, terms.name("f(x)"), len(rows) - 0.1),
    ):
        ax.axvline(value, color="#c3c7d0", lw=0.9, ls=(0, (3, 2)), zorder=0)
        text = f"{name} = {value if abs(value) > rounding else 0:.4g}".replace("-", "−")
        ax.text(value, level, text, ha="center", va="center", size=9, color=MUTED_COLOR, bbox=behind)
