"""A text with coloured words, and arcs between the words that interact."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from spex_plugins.plots import legend
from spex_plugins.plots.arcs.number_labels import place_numbers
from spex_plugins.plots.arcs.routing import Routing, Spacing, route
from spex_plugins.plots.canvas import Canvas, check_axes, new_axes
from spex_plugins.plots.colors import TEXT_COLOR, shade
from spex_plugins.plots.fonts import drawable
from spex_plugins.plots.layout import Box, fill_lines
from spex_plugins.plots.plot_data import PlotData, is_sentence, read_plot_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["text_arcs"]

_MARGIN, _GUTTER = 18.0, 30.0
_LEGEND = 220.0
_NARROW = 480.0  # below this width the list stands beneath the text
_SIZE, _SIZE_OF_MANY, _MANY_WORDS = 13.0, 11.0, 110
_NO_EFFECT = "#f1f2f5"
_SCALES = (1.0, 0.9, 0.8, 0.72, 0.65, 0.58, 0.52, 0.46, 0.4, 0.35, 0.3)


@dataclass(frozen=True)
class _Piece:
    """A word of the text: a feature, or, of a sentence that is one, a part of it."""

    feature: int
    text: str
    whole: bool


@dataclass(frozen=True)
class _Page:
    """The layout of a plot, in points from the upper left corner."""

    size: float
    pieces: list[_Piece]
    boxes: list[Box]
    routing: Routing
    text: tuple[float, float]
    legend: tuple[float, float, float]
    column: float
    width: float
    height: float

    def fits(self, height: float) -> bool:
        """Whether everything fits at the bottom and at the right of the text."""
        return self.height <= height and max(box.right for box in self.boxes) <= self.column


def text_arcs(
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
    """Draw a text with coloured words and arcs between the words that interact.

    The background of a word shows its first-order value: red where it increases the output, blue where it
    decreases it. An arc joins the words of an interaction; its colour shows the sign, its width the
    magnitude, and its number refers to the list of values. A word that occurs more than once has a
    subscript: "not₂" is the second "not" of the text.

    Parameters
    ----------
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
    words : sequence of str, optional
        Texts of the n features, by default their names.
    title : str, optional
        Heading of the picture, by default none.
    ax : matplotlib Axes, optional
        Where to draw; the letters are made small enough to fit. By default a new figure of the size that the
        text needs.

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
    content = read_plot_data(interactions, index, order, top, output, words, drawable)
    if ax is None:
        canvas, page = _new_page(content, title)
    else:
        for scale in _SCALES:
            canvas = Canvas(ax, scale)
            page = _arranged(canvas, content, title, canvas.width)
            if page.fits(canvas.height):
                break
    _draw(canvas, content, title, page)
    return canvas.ax


def _new_page(content: PlotData, title: str | None) -> tuple[Canvas, _Page]:
    """Make a figure that is as large as the text needs."""
    pieces = _pieces(content)
    size = _size(pieces)
    canvas = Canvas(new_axes())
    natural = sum(canvas.widths(content.in_text(), size)) + 0.9 * len(pieces) * size
    column = min(max(natural, 250.0), 500.0 if size == _SIZE else 660.0)
    width = column + 2 * _MARGIN + _GUTTER + _LEGEND
    page = _arranged(canvas, content, title, width)
    canvas.resize_figure(page.width, page.height)
    return canvas, page


def _pieces(content: PlotData) -> list[_Piece]:
    """Return what is never broken: words, and the words of sentences."""
    split = [text.split() if is_sentence(text) else [text] for text in content.in_text()]
    return [_Piece(i, text, len(parts) == 1) for i, parts in enumerate(split) for text in parts]


def _size(pieces: list[_Piece]) -> float:
    return _SIZE if len(pieces) <= _MANY_WORDS else _SIZE_OF_MANY


def _arranged(canvas: Canvas, content: PlotData, title: str | None, width: float) -> _Page:
    """Return the layout for a width."""
    pieces = _pieces(content)
    size = _size(pieces)
    beside = width >= _NARROW
    inner = width - 2 * _MARGIN
    side = min(_LEGEND, 0.4 * inner) if beside else inner
    column = inner - side - _GUTTER if beside else inner
    widths = [
        width + (0.48 if piece.whole else 0.16) * size  # white space around the letters
        for width, piece in zip(canvas.widths([piece.text for piece in pieces], size), pieces, strict=True)
    ]
    boxes = fill_lines(widths, column, 0.4 * size)
    if content.right_to_left:
        boxes = [Box(column - box.right, box.width, box.line) for box in boxes]
    first = {piece.feature: k for k, piece in reversed(list(enumerate(pieces)))}
    sets = [tuple(first[i] for i in ranked.features) for ranked in content.sets]
    routing = route(boxes, sets, Spacing(word=1.5 * size))
    top = _MARGIN + legend.header_height(canvas, content, title, inner) + 10
    listed = legend.legend_height(canvas, content, side)
    if beside:
        corner = (width - _MARGIN - side, top + 4, side)
        height = max(top + routing.height, top + 4 + listed)
    else:
        corner = (_MARGIN, top + routing.height + 20, side)
        height = corner[1] + listed
    return _Page(size, pieces, boxes, routing, (_MARGIN, top), corner, column, width, height + _MARGIN)


def _draw(canvas: Canvas, content: PlotData, title: str | None, page: _Page) -> None:
    left, top = page.text
    legend.draw_header(canvas, content, title, left, _MARGIN, page.width - 2 * _MARGIN)
    links = [[[(left + x, top + y) for x, y in link] for link in chain] for chain in page.routing.links]
    for ranked, chain in reversed(list(zip(content.sets, links, strict=True))):
        share = abs(ranked.value) / content.set_limit
        color = shade(ranked.value, content.set_limit, least=0.55)
        arc = canvas.line(chain, color, 1.2 + 2.6 * share, corner=6)
        arc.set_gid(f"arc-{ranked.rank}")
    numbered = [
        (at, ranked)
        for ranked, places in zip(content.sets, place_numbers(links, legend.NUMBER_RADIUS), strict=True)
        for at in places
    ]
    legend.draw_numbers(canvas, [at for at, _ in numbered], [ranked for _, ranked in numbered])
    placed = list(zip(page.pieces, page.boxes, strict=True))
    backgrounds, colors = [], []
    for (feature, line), parts in groupby(placed, key=lambda part: (part[0].feature, part[1].line)):
        run = list(parts)
        start, end = min(box.left for _, box in run), max(box.right for _, box in run)
        color = shade(float(content.effects[feature]), content.effect_limit, most=legend.WORD_SHADE)
        if color == "#ffffff" and not run[0][0].whole:
            color = _NO_EFFECT  # shows where a sentence ends
        backgrounds.append((left + start, top + page.routing.tops[line], end - start, 1.5 * page.size))
        colors.append(color)
    canvas.boxes(backgrounds, colors, corner=3).set_gid("words")
    style: dict[str, Any] = {"size": page.size, "ha": "center", "color": TEXT_COLOR, "zorder": 5}
    for piece, box in placed:
        baseline = top + page.routing.tops[box.line] + 1.06 * page.size
        canvas.text((left + box.center, baseline), piece.text, **style)
    legend.draw_legend(canvas, content, *page.legend, content.kind)
