"""Sets of features as columns of dots, with their values as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.plots.canvas import require_matplotlib
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade, text_color
from spex_plugins.plots.fonts import drawable
from spex_plugins.plots.plot_data import read_plot_data, signed
from spex_plugins.plots.terms.axes import new_axes, wrapped, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["upset"]


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
    require_matplotlib()
    content = read_plot_data(interactions, index, order, top, output, words, drawable)
    features = sorted(content.linked)
    rows = {feature: place for place, feature in enumerate(features)}
    columns, n = np.arange(len(content.sets)), max(len(features), 1)
    if ax is None:
        ax = new_axes(240.0 + 34 * max(len(columns), 7), 250.0 + 17 * n)
    values = np.array([ranked.value for ranked in content.sets])
    limit = content.set_limit or 1.0
    step = 2.6 * limit * 17 / 180  # of the rows of dots, in the unit of the values
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
        }
        ax.text(column, value, signed(value, limit), **style)
    for k in range(0, len(features), 2):
        ax.axhspan(heights[k] - step / 2, heights[k] + step / 2, color="#f4f5f7", zorder=0, lw=0)
    for place, ranked in zip(columns, content.sets, strict=True):
        own = heights[[rows[i] for i in ranked.features]]
        color = shade(ranked.value, limit, least=0.6)
        ax.plot([place, place], [own.min(), own.max()], color=color, lw=2, zorder=2)
        ax.scatter([place] * n, heights, s=22, color="#dfe2e8", zorder=1)
        ax.scatter([place] * len(own), own, s=42, color=color, zorder=3, gid="member")
    ax.axhline(0.0, color="#8b92a0", lw=0.9)
    ticks = [*heights[: len(features)], 0.0]
    ax.set_yticks(ticks, [*(wrapped(content.labels[i]) for i in features), "0"], parse_math=False)
    ax.tick_params(length=0, labelsize=9, labelcolor=TEXT_COLOR)
    ax.set_xticks([])
    ax.set_xlim(-0.7, max(len(columns), 1) - 0.3)
    ax.set_ylim(heights.min() - step, max(values.max(initial=0.0), 0.0) + 0.25 * limit)
    ax.spines[:].set_visible(False)
    shown = f"strongest {len(columns)} of {content.n_sets} sets" if columns.size else "no interactions"
    write_title(ax, title, content.facts[2:], f"{content.reading}: {shown}")
    if not columns.size:
        ax.text(0.5, 0.5, "no interactions", transform=ax.transAxes, ha="center", color=MUTED_COLOR)
    return ax
