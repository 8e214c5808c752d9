"""Features on a circle, and what joins them: edges for pairs, stars for larger sets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.plots.canvas import require_matplotlib
from spex_plugins.plots.colors import TEXT_COLOR, shade
from spex_plugins.plots.fonts import drawable
from spex_plugins.plots.plot_data import RankedSet, read_plot_data
from spex_plugins.plots.terms.axes import new_axes, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from spex_plugins.types import FloatArray

__all__ = ["FEW", "network"]

_MANY = 60  # features, from which the picture is larger
_ROUND = 1900.0  # circumference of the larger one in points, less the space between letters
_SMALLEST = 4.5  # letters, in points
FEW = 8  # features that are shown where no interaction is


@with_shared_docs
def network(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 25,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the features of the strongest interactions on a circle, joined by edges and stars.

    The features stand clockwise in their own order, from the top. The disc of a feature shows its first-order
    value: red pushes up, blue pushes down, the area is the magnitude. An edge joins a pair; a star with a
    square in the middle joins three and more. Its width is the magnitude.

    Parameters
    ----------
    {which}
    top : int
        Number of interactions.
    {names}
    {axes}

    Returns
    -------
    matplotlib Axes
        The circle has the radius 1.

    Raises
    ------
    {raises}
    """
    require_matplotlib()
    content = read_plot_data(interactions, index, order, top, output, words, drawable)
    features = content.shown_features(FEW)
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(features)) / max(len(features), 1)
    places = dict(zip(features, np.stack([np.cos(angles), np.sin(angles)], axis=1), strict=True))
    if ax is None:
        side = 560.0 if len(features) <= _MANY else 820.0
        ax = new_axes(side, side + 50)
    for ranked in reversed(content.sets):
        _join(ax, ranked, np.array([places[i] for i in ranked.features]), content.set_limit)
    sizes = 30 + 330 * np.abs(content.effects[features]) / (content.effect_limit or 1.0)
    if len(features) > _MANY:
        sizes = sizes * _MANY / len(features)
    colors = [
        shade(value, content.effect_limit, least=0.3, most=0.9)
        for value in content.effects[features].tolist()
    ]
    at = np.array(list(places.values())).reshape(-1, 2)
    ax.scatter(
        at[:, 0], at[:, 1], s=sizes, c=colors, edgecolors="#5b6270", linewidths=0.7, zorder=3, gid="feature"
    )
    letters = min(9.0, max(_ROUND / len(features), _SMALLEST)) if features else 9.0
    by_strength = dict.fromkeys(i for ranked in content.sets for i in ranked.features) or features
    labelled = set(list(by_strength)[: int(_ROUND / _SMALLEST)])
    for feature, angle in zip(features, angles, strict=True):
        if feature in labelled:
            _label(ax, content.labels[feature], angle, letters)
    longest = max((len(content.labels[i]) for i in labelled), default=0)
    reach = 1.2 + min(longest * letters / 460, 0.5)  # of a letter in the unit of the axes, roughly
    ax.set_xlim(-reach, reach)
    ax.set_ylim(-reach, reach)
    ax.set_aspect("equal")
    ax.set_axis_off()
    shown = f"strongest {len(content.sets)} of {content.n_sets} sets" if content.sets else "no interactions"
    write_title(ax, title, content.facts[2:], f"{content.reading}: {shown}; red pushes up, blue pushes down")
    return ax


def _join(ax: Axes, ranked: RankedSet, ends: FloatArray, limit: float) -> None:
    """Draw one set: a curve that bends towards the centre, or curves to a square."""
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    share = abs(ranked.value) / (limit or 1.0)
    style: dict[str, Any] = {
        "edgecolor": shade(ranked.value, limit, least=0.4),
        "linewidth": 0.6 + 3.4 * share,
        "fill": False,
    }
    style |= {"capstyle": "round", "zorder": 1 + share, "alpha": 0.9}
    middle = ends.mean(axis=0) * 0.55
    curves = [(ends[0], 0.45 * ends.mean(axis=0), ends[1])] if len(ends) == 2 else []
    curves += [(end, 0.5 * (end * 0.8 + middle), middle) for end in ends if len(ends) > 2]
    for curve in curves:
        patch = PathPatch(Path(np.array(curve), [Path.MOVETO, Path.CURVE3, Path.CURVE3]), **style)
        ax.add_patch(patch).set_gid(f"set-{ranked.rank}")
    if len(ends) > 2:
        marker: dict[str, Any] = {
            "marker": "s",
            "s": 14 + 40 * share,
            "color": style["edgecolor"],
            "zorder": 2.5,
        }
        ax.scatter(*middle, edgecolors="white", linewidths=0.8, **marker)


def _label(ax: Axes, label: str, angle: float, letters: float) -> None:
    """Write a label outside of the circle, along its radius."""
    left = np.cos(angle) < -1e-9
    degrees = np.degrees(angle) + (180 if left else 0)
    style: dict[str, Any] = {
        "rotation": degrees,
        "rotation_mode": "anchor",
        "va": "center",
        "ha": "right" if left else "left",
    }
    at = 1.09 * np.array([np.cos(angle), np.sin(angle)])
    ax.text(float(at[0]), float(at[1]), label, size=letters, color=TEXT_COLOR, parse_math=False, **style)
