"""An image with coloured regions, and lines between the regions that interact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.plots import legend
from spex_plugins.plots.canvas import Canvas, check_axes, new_axes
from spex_plugins.plots.colors import DOWN, TEXT_COLOR, UP, shade
from spex_plugins.plots.fonts import drawable
from spex_plugins.plots.plot_data import PlotData, read_plot_data
from spex_plugins.plots.region_links import link_regions

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from spex_plugins.types import FloatArray, IntArray

__all__ = ["image_regions"]

_MARGIN, _GUTTER, _LEGEND = 18.0, 24.0, 230.0
_IMAGE = 460.0  # longer side of the image in a new figure
_NARROW = 480.0  # below this width the list stands beneath the image
_SCALES = (1.0, 0.9, 0.8, 0.72, 0.65, 0.58, 0.52, 0.46, 0.4, 0.35, 0.3)
_STRONGEST = 0.7  # opacity of the strongest colour
_DARKEST = 0.35  # grey that black is drawn in, so that colours can be told apart on it
_DOT = 3.0


@dataclass(frozen=True)
class _Page:
    """The layout of a plot, in points from the upper left corner."""

    image: tuple[float, float, float, float]
    legend: tuple[float, float, float]
    width: float
    height: float


def image_regions(
    image: Any,
    regions: Any,
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 8,
    output: int | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw an image with coloured regions and lines between the regions that interact.

    The colour of a region shows its first-order value: red where it increases the output, blue where it
    decreases it. A line joins the regions of an interaction; its colour shows the sign, its width the
    magnitude, and its number refers to the list of values.

    Parameters
    ----------
    image : array_like, shape (H, W, C) or (H, W)
        Shown in grey. Numbers from 0 to 1 or 0 to 255 are used as they are, others are rescaled.
    regions : array_like of int, shape (H, W)
        The feature that every pixel belongs to; negative where it belongs to none. With SHAP, this is
        ``explainer.masker.regions(image)``.
    interactions : Interactions
        The explanation of one example, or an object with the attribute ``interactions``.
    index : str
        A key of `spex_plugins.INDICES` other than "Fourier", such as "FSII", "STII", "SII", "BII", "FBII" or
        "Moebius".
    order : int, optional
        Largest number of features in a set; by default 2, or 3 where the spectrum has sets of three.
    top : int
        Number of interactions to draw.
    output : int, optional
        Which of K outputs, from 0; needed where there are several.
    title : str, optional
        Heading of the picture, by default none.
    ax : matplotlib Axes, optional
        Where to draw; by default a new figure.

    Returns
    -------
    matplotlib Axes
        Its data units are points, scaled down where the given axes are too small.

    Raises
    ------
    InputError
        If an argument cannot be used.
    MissingExtraError
        If matplotlib is not installed.
    """
    check_axes(ax)
    content = read_plot_data(interactions, index, order, top, output, drawable=drawable)
    grey, labels = _checked(image, regions, len(content.words))
    if ax is None:
        canvas = Canvas(new_axes())
        longest = _IMAGE / max(labels.shape)
        width = longest * labels.shape[1] + 2 * _MARGIN + _GUTTER + _LEGEND
        page = _arranged(canvas, content, title, width, labels.shape, side=_LEGEND)
        canvas.resize_figure(page.width, page.height)
    else:
        for scale in _SCALES:
            canvas = Canvas(ax, scale)
            inner = canvas.width - 2 * _MARGIN
            side = min(_LEGEND, 0.4 * inner) if canvas.width >= _NARROW else None
            page = _arranged(canvas, content, title, canvas.width, labels.shape, side=side)
            if page.height <= canvas.height:
                break
    _draw(canvas, content, title, page, grey, labels)
    return canvas.ax


def _checked(image: Any, regions: Any, n: int) -> tuple[FloatArray, IntArray]:
    """Return the image as grey values from 0 to 1, and its regions."""
    pixels, labels = np.asarray(image), np.asarray(regions)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "iufb":
        raise InputError(
            "image: expected numbers of shape (H, W, C) or (H, W), got "
            f"{pixels.dtype} of shape {pixels.shape}."
        )
    if labels.shape != pixels.shape[:2] or labels.dtype.kind not in "iu":
        raise InputError(
            f"regions: expected whole numbers of shape {pixels.shape[:2]}, got {labels.dtype} of shape "
            f"{labels.shape}."
        )
    if labels.max(initial=-1) + 1 != n or len(np.unique(labels[labels >= 0])) != n:
        raise InputError(
            f"regions: expected all numbers from 0 to {n - 1}, one for each of the {n} features, got "
            f"{np.unique(labels)!r:.80}; take the regions of the same image and masker."
        )
    weights = (0.299, 0.587, 0.114) if pixels.shape[2:] == (3,) else None
    grey = pixels.astype(float) if pixels.ndim == 2 else np.average(pixels, axis=2, weights=weights)
    low, high = float(pixels.min()), float(pixels.max())
    if low < 0 or high > 255:
        grey = (grey - low) / (high - low or 1.0)
    elif high > 1:
        grey = grey / 255
    return grey, np.maximum(labels, -1)


def _arranged(
    canvas: Canvas,
    content: PlotData,
    title: str | None,
    width: float,
    shape: tuple[int, ...],
    *,
    side: float | None,
) -> _Page:
    """Return the layout for a width, with a list of width ``side`` beside the image, or else beneath it."""
    beside, inner = side is not None, width - 2 * _MARGIN
    side = inner if side is None else side
    column = inner - side - _GUTTER if beside else inner
    rows = column * shape[0] / shape[1]
    top = _MARGIN + legend.header_height(canvas, content, title, inner) + 12
    listed = legend.legend_height(canvas, content, side)
    corner = (width - _MARGIN - side, top, side) if beside else (_MARGIN, top + rows + 16, side)
    height = max(top + rows, corner[1] + listed) + _MARGIN
    return _Page((_MARGIN, top, column, rows), corner, width, height)


def _draw(
    canvas: Canvas, content: PlotData, title: str | None, page: _Page, grey: FloatArray, labels: IntArray
) -> None:
    left, top, width, height = page.image
    legend.draw_header(canvas, content, title, left, _MARGIN, page.width - 2 * _MARGIN)
    picture = _coloured(grey, labels, content)
    canvas.ax.imshow(
        picture, extent=(left, left + width, top + height, top), aspect="auto", interpolation="nearest"
    ).set_gid("regions")
    _draw_edges(canvas, labels, page.image)
    scale = np.array([width / labels.shape[1], height / labels.shape[0]])
    places = [(left + x, top + y) for x, y in (_centres(labels, len(content.words)) * scale).tolist()]
    lines = link_regions(places, [ranked.features for ranked in content.sets], legend.NUMBER_RADIUS)
    for ranked, link in reversed(list(zip(content.sets, lines, strict=True))):
        share = abs(ranked.value) / content.set_limit
        color = shade(ranked.value, content.set_limit, least=0.55)
        line = canvas.line(link.links, color, 1.4 + 2.6 * share, corner=float("inf"))
        line.set_gid(f"line-{ranked.rank}")
    linked = [places[i] for i in sorted(content.linked)]
    canvas.dots(linked, [TEXT_COLOR] * len(linked), _DOT)
    legend.draw_numbers(canvas, [link.number for link in lines], content.sets)
    legend.draw_legend(canvas, content, *page.legend, kind="region")


def _coloured(grey: FloatArray, labels: IntArray, content: PlotData) -> FloatArray:
    """Lay the colours of the regions over the image, shape (H, W, 3)."""
    values = np.append(content.effects, 0.0)[labels]  # −1 takes the last
    light = _DARKEST + (1 - _DARKEST) * grey[..., None]
    opacity = _STRONGEST * np.abs(values) / (content.effect_limit or 1.0)
    color = np.where((values > 0)[..., None], UP, DOWN) / 255
    return (1 - opacity[..., None]) * light + opacity[..., None] * color


def _draw_edges(canvas: Canvas, labels: IntArray, image: tuple[float, float, float, float]) -> None:
    """Draw the borders between regions as thin lines."""
    from matplotlib.collections import LineCollection

    left, top, width, height = image
    across = np.argwhere(labels[:-1] != labels[1:])  # row, column: the border lies below
    along = np.argwhere(labels[:, :-1] != labels[:, 1:])  # and here to the right
    starts = np.concatenate([across + np.array([1, 0]), along + np.array([0, 1])])[:, ::-1]
    steps = np.repeat([(1, 0), (0, 1)], [len(across), len(along)], axis=0)
    scale, corner = np.array([width / labels.shape[1], height / labels.shape[0]]), np.array([left, top])
    pieces = np.stack([starts, starts + steps], axis=1) * scale + corner
    canvas.ax.add_collection(LineCollection(pieces, colors="white", linewidths=0.4, alpha=0.5))


def _centres(labels: IntArray, n: int) -> FloatArray:
    """Return for every region the middle (x, y) of its pixel that is nearest to its centre."""
    ys, xs = np.nonzero(labels >= 0)
    regions = labels[ys, xs]
    count = np.bincount(regions, minlength=n)
    points = np.stack([xs, ys], axis=1) + 0.5
    means = np.stack([np.bincount(regions, axis, n) / count for axis in points.T], axis=1)
    distance = ((points - means[regions]) ** 2).sum(axis=1)
    order = np.lexsort((distance, regions))
    return points[order[np.cumsum(count) - count]]
