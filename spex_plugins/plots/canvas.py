"""Axes in points, with the drawing functions that the plots use."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from spex_plugins.errors import InputError, MissingExtraError
from spex_plugins.plots.fonts import families

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["Canvas", "check_axes", "new_axes", "require_matplotlib", "text_width"]

Point = tuple[float, float]
Rectangle = tuple[float, float, float, float]


def require_matplotlib() -> None:
    """Raise `MissingExtraError` where matplotlib is missing."""
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            'Drawing needs matplotlib: pip install "spex-plugins[plots]" (to_html works without it).'
        ) from error


def check_axes(ax: Any) -> None:
    """Raise `InputError` for anything but axes or None, `MissingExtraError` where matplotlib is missing."""
    require_matplotlib()
    from matplotlib.axes import Axes

    if not isinstance(ax, Axes | None):
        raise InputError(f"ax: must be axes of matplotlib, such as plt.gca(), got {type(ax).__name__}.")


def new_axes() -> Axes:
    """Return axes that fill a new pyplot figure."""
    import matplotlib.pyplot as plt

    return plt.figure(facecolor="white").add_axes((0, 0, 1, 1))


def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Return the width of a line of text in points, without hinting."""
    from matplotlib.textpath import text_to_path

    font = _font(tuple(families([text])), size, weight)
    return float(text_to_path.get_text_width_height_descent(text, font, ismath=False)[0])


class Canvas:
    """Axes whose data units are points, y downwards, the origin at the upper left.

    Parameters
    ----------
    ax : matplotlib Axes
    scale : float
        Size of a unit in points: everything, including letters, is drawn smaller by this factor.
    """

    def __init__(self, ax: Axes, scale: float = 1.0) -> None:
        from matplotlib.transforms import TransformedPatchPath

        self.ax = ax
        self.scale = scale
        self._widths: dict[tuple[str, float], float] = {}
        self._clip = TransformedPatchPath(ax.patch)
        ax.set_axis_off()
        self._measure()

    def resize_figure(self, width: float, height: float) -> None:
        """Give the figure, which the axes fill, another size in points."""
        figure: Any = self.ax.figure
        figure.set_size_inches(width / 72, height / 72)
        self._measure()

    def _measure(self) -> None:
        """Read the size of the axes, and let their limits be this size."""
        extent = self.ax.get_window_extent()
        self.width = float(extent.width * self._unit)
        self.height = float(extent.height * self._unit)
        self.ax.set_xlim(0, self.width)
        self.ax.set_ylim(self.height, 0)

    @property
    def _unit(self) -> float:
        """Units per pixel."""
        return 72.0 / (float(self.ax.figure.dpi) * self.scale)

    def widths(self, texts: Sequence[str], size: float) -> list[float]:
        """Return the widths of texts in units, without hinting; every text is measured once."""
        for text in texts:
            if (text, size) not in self._widths:
                self._widths[text, size] = text_width(text, size)
        return [self._widths[text, size] for text in texts]

    def text(self, at: Point, text: str, *, size: float, weight: str = "normal", **style: Any) -> Any:
        """Write a text at (left, baseline), unless the style sets another alignment; $ starts no formula."""
        font = _font(tuple(families([text])), size * self.scale, weight)
        # Texts are not clipped; a path of their own for each of a thousand takes time nevertheless.
        style |= {"fontproperties": font, "clip_path": self._clip, "clip_on": False}
        return self.ax.text(*at, text, parse_math=False, **style)

    def boxes(self, boxes: Sequence[Rectangle], colors: Sequence[str], *, corner: float) -> Any:
        """Draw filled boxes (left, top, width, height) with round corners as one artist."""
        from matplotlib.patches import BoxStyle

        paths = []
        for left, top, width, height in boxes:
            style = BoxStyle.Round(pad=0, rounding_size=min(corner, width / 2, height / 2))
            paths.append(style(left, top, width, height, 1.0))
        return self._shapes(paths, facecolors=colors, linewidths=0)

    def line(self, links: Sequence[Sequence[Point]], color: str, width: float, *, corner: float) -> Any:
        """Draw polylines with round corners as one stroke, with a white edge where it crosses others."""
        from matplotlib import patheffects
        from matplotlib.patches import PathPatch
        from matplotlib.path import Path

        vertices: list[Point] = []
        codes: list[Any] = []
        for link in links:
            vertices.append(link[0])
            codes.append(Path.MOVETO)
            for before, at, after in zip(link, link[1:], link[2:], strict=False):
                vertices += [_towards(at, before, corner), at, _towards(at, after, corner)]
                codes += [Path.LINETO, Path.CURVE3, Path.CURVE3]
            vertices.append(link[-1])
            codes.append(Path.LINETO)
        style = {"edgecolor": color, "linewidth": width * self.scale, "capstyle": "butt"}
        patch = PathPatch(Path(vertices, codes), fill=False, **style)
        edge = patheffects.withStroke(linewidth=(width + 2.5) * self.scale, foreground="white")
        patch.set_path_effects([edge])
        return self.ax.add_artist(patch)

    def dots(self, places: Sequence[Point], colors: Sequence[str], radius: float) -> Any:
        """Draw discs with white edges as one artist."""
        from matplotlib.path import Path

        circles = [Path.circle(at, radius) for at in places]
        return self._shapes(circles, facecolors=colors, edgecolors="white", linewidths=self.scale, zorder=4)

    def numbers(
        self, places: Sequence[Point], texts: Sequence[str], colors: Sequence[str], radius: float
    ) -> None:
        """Draw numbers in discs, all of them as one artist, as a text for each takes a millisecond."""
        self.dots(places, colors, radius)
        outlines = [
            _outline(text, radius * {1: 1.25, 2: 1.05}.get(len(text), 0.8)).transformed(_moved(*at))
            for at, text in zip(places, texts, strict=True)
        ]
        self._shapes(outlines, facecolors="white", linewidths=0, zorder=5).set_gid("numbers")

    def _shapes(self, paths: list[Any], **style: Any) -> Any:
        from matplotlib.collections import PathCollection

        return self.ax.add_collection(PathCollection(paths, **style), autolim=False)


@cache
def _font(family: tuple[str, ...], size: float, weight: str) -> Any:
    from matplotlib.font_manager import FontProperties

    return FontProperties(family=list(family), size=size, weight=weight)


@cache
def _outline(number: str, size: float) -> Any:
    """Return the outline of a number with its centre at (0, 0), y downwards."""
    from matplotlib.textpath import TextPath
    from matplotlib.transforms import Affine2D

    drawn = TextPath((0, 0), number, prop=_font(tuple(families([number])), size, "bold"))
    extent = drawn.get_extents()
    to_centre = Affine2D().translate(-(extent.x0 + extent.x1) / 2, -(extent.y0 + extent.y1) / 2)
    return drawn.transformed(to_centre.scale(1, -1))


def _moved(x: float, y: float) -> Any:
    from matplotlib.transforms import Affine2D

    return Affine2D().translate(x, y)


def _towards(at: Point, other: Point, distance: float) -> Point:
    """Return a point at a distance from a corner towards its neighbour, at most half of the way."""
    length = abs(other[0] - at[0]) + abs(other[1] - at[1])
    share = min(distance / length, 0.5) if length else 0.0
    return at[0] + share * (other[0] - at[0]), at[1] + share * (other[1] - at[1])
