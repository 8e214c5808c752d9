"""Features on a circle, and what joins them: edges for pairs, stars for larger sets."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.plots.canvas import check_axes, text_width
from spex_plugins.plots.colors import TEXT_COLOR, shade
from spex_plugins.plots.fonts import drawable, families
from spex_plugins.plots.plot_data import RankedSet, read_plot_data
from spex_plugins.plots.terms.axes import new_axes, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.text import Text

    from spex_plugins.types import FloatArray

__all__ = ["FEW", "network"]

_MANY = 60  # features, from which the picture is larger
_ROUND = 1900.0  # circumference of the larger one in points, less the space between letters
_SMALLEST = 4.5  # letters, in points
_LEAST = 1.2  # limit of both axes
_RADII = (5, 110.0), (_MANY, 210.0), (inf, 340.0)  # of the circle of up to so many features, in points
_FEW_LABELS = 10  # that are written horizontally
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
    check_axes(ax)
    content = read_plot_data(interactions, index, order, top, output, words, drawable)
    features = content.shown_features(FEW)
    angles = np.pi / 2 - 2 * np.pi * np.arange(len(features)) / max(len(features), 1)
    places = dict(zip(features, np.stack([np.cos(angles), np.sin(angles)], axis=1), strict=True))
    letters = min(9.0, max(_ROUND / len(features), _SMALLEST)) if features else 9.0
    if ax is None:
        longest = max((text_width(content.labels[i], letters) for i in features), default=0.0)
        radius = next(radius for most, radius in _RADII if len(features) <= most)
        side = 2 * (radius + max(70.0, 1.1 * longest))
        ax = new_axes(side, side + 50, title)
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
    by_strength = dict.fromkeys(i for ranked in content.sets for i in ranked.features) or features
    labelled = set(list(by_strength)[: int(_ROUND / _SMALLEST)])
    ax.set(xlim=(-_LEAST, _LEAST), ylim=(-_LEAST, _LEAST), aspect="equal")
    ax.set_axis_off()
    write_title(ax, title, content.facts[2:], f"{content.caption}; red pushes up, blue pushes down")
    figure: Any = ax.figure
    figure.figure.draw_without_rendering()  # the room that the title leaves
    labels = [
        _label(ax, content.labels[feature], angle, letters, upright=len(features) <= _FEW_LABELS)
        for feature, angle in zip(features, angles, strict=True)
        if feature in labelled
    ]
    reach = _reach(ax, labels)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach))
    return ax


def _reach(ax: Axes, labels: list[Text]) -> float:
    """Return the limit of both axes with which all labels are inside of them."""
    extent = ax.get_window_extent()
    side = min(extent.width, extent.height)
    reach = _LEAST
    for label in labels:
        box = label.get_window_extent()
        for at, size in zip(label.get_position(), (box.width, box.height), strict=True):
            reach = max(reach, abs(at) / (1 - min(2 * size / side, 0.7)))
    return reach


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


def _label(ax: Axes, label: str, angle: float, letters: float, *, upright: bool) -> Text:
    """Write a label outside of the circle, horizontally or along its radius."""
    x, y = np.cos(angle), np.sin(angle)
    style: dict[str, Any] = {"ha": "right" if x < -1e-9 else "left", "va": "center"}
    if not upright:
        style |= {"rotation": np.degrees(angle) + (180 if x < -1e-9 else 0), "rotation_mode": "anchor"}
    elif abs(x) < 0.4:
        style |= {"ha": "center", "va": "bottom" if y > 0 else "top"}
    at = (1.15 if upright else 1.09) * np.array([x, y])
    style |= {"size": letters, "color": TEXT_COLOR, "fontfamily": families([label])}
    return ax.text(float(at[0]), float(at[1]), label, parse_math=False, **style)
