"""Sets of features as columns of dots, with their values as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.plots.canvas import check_axes
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade, text_color
from spex_plugins.plots.fonts import drawable
from spex_plugins.plots.plot_data import PlotData, read_plot_data, signed
from spex_plugins.plots.terms.axes import new_axes, wrapped, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["upset"]

_SIDE = 1500.0  # of many columns or rows, in points
_GAP = 2.0  # between a bar and its value, in points
_UPRIGHT = 30.0  # width of a column whose value is written upright


@with_shared_docs
def upset(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 15,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an UpSet plot: a bar for each of the strongest sets above dots that name its features.

    Parameters
    ----------
    {which}
    top : int
        Number of sets of two and more features.
    {names}
    {axes}

    Returns
    -------
    matplotlib Axes
        Its vertical axis is in the unit of the value function above 0; the features stand below.

    Raises
    ------
    {raises}
    """
    check_axes(ax)
    content = read_plot_data(interactions, index, order, top, output, words, drawable)
    features = sorted(content.linked)
    columns, n = np.arange(len(content.sets)), max(len(features), 1)
    width = min(34.0, max(_SIDE / max(len(columns), 1), 11.0))
    height = min(17.0, max(_SIDE / n, 7.0))
    if ax is None:
        ax = new_axes(240.0 + width * max(len(columns), 7), 250.0 + height * n, title)
    values = np.array([ranked.value for ranked in content.sets])
    limit = content.set_limit or 1.0
    step = 2.6 * limit * height / 180  # of the rows of dots, in the unit of the values
    first = min(values.min(initial=0.0), 0.0) - 0.25 * limit
    heights = first - step * np.arange(n)
    ax.bar(
        columns, values, color=[shade(v, limit, least=0.45, most=0.9) for v in values.tolist()], width=0.62
    )
    for column, value in enumerate(values.tolist()):
        style: dict[str, Any] = {
            "ha": "center",
            "va": "bottom" if value > 0 else "top",
            "size": 8,
            "color": text_color(value),
            "rotation": 0 if width > _UPRIGHT else 90,
            "xytext": (0, _GAP if value > 0 else -_GAP),
            "textcoords": "offset points",
        }
        ax.annotate(signed(value, limit), (column, value), **style)
    for k in range(0, len(features), 2):
        ax.axhspan(heights[k] - step / 2, heights[k] + step / 2, color="#f4f5f7", zorder=0, lw=0)
    _draw_members(ax, content, {feature: heights[k] for k, feature in enumerate(features)}, height / 17)
    ax.axhline(0.0, color="#8b92a0", lw=0.9)
    ticks = [*heights[: len(features)], 0.0]
    ax.set_yticks(ticks, [*(wrapped(content.labels[i]) for i in features), "0"], parse_math=False)
    ax.tick_params(length=0, labelsize=min(9.0, 0.85 * height), labelcolor=TEXT_COLOR)
    ax.set_xticks([])
    ax.set_xlim(-0.7, max(len(columns), 1) - 0.3)
    ax.set_ylim(heights.min() - step, max(values.max(initial=0.0), 0.0) + 0.25 * limit)
    ax.spines[:].set_visible(False)
    write_title(ax, title, content.facts[2:], content.caption)
    if not columns.size:
        ax.text(0.5, 0.5, "no interactions", transform=ax.transAxes, ha="center", color=MUTED_COLOR)
    return ax


def _draw_members(ax: Axes, content: PlotData, heights: dict[int, float], scale: float) -> None:
    """Draw grey dots for all features in every column, and joined dots for the members of its set."""
    if not content.sets:
        return
    levels = np.array(list(heights.values()))
    x, y = np.meshgrid(np.arange(len(content.sets)), levels)
    ax.scatter(x, y, s=22 * scale**2, color="#dfe2e8", zorder=1)
    own = [np.array([heights[i] for i in ranked.features]) for ranked in content.sets]
    colors = [shade(ranked.value, content.set_limit, least=0.6) for ranked in content.sets]
    ax.vlines(range(len(own)), [y.min() for y in own], [y.max() for y in own], colors, lw=2 * scale, zorder=2)
    sizes = [len(y) for y in own]
    ax.scatter(
        np.repeat(np.arange(len(own)), sizes),
        np.concatenate(own),
        s=42 * scale**2,
        color=np.repeat(colors, sizes).tolist(),
        zorder=3,
        gid="member",
    )
