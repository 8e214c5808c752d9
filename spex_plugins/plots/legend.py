"""The legend: the key of the colours, and the ranked list of numbers and values."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade, text_color
from spex_plugins.plots.fonts import drawable, ordered
from spex_plugins.plots.layout import fill_lines
from spex_plugins.plots.plot_data import PlotData, RankedSet, signed
from spex_plugins.result.feature_labels import displayable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.plots.canvas import Canvas

__all__ = [
    "NUMBER_RADIUS",
    "WORD_SHADE",
    "draw_header",
    "draw_legend",
    "draw_numbers",
    "header_height",
    "legend_height",
]

NUMBER_RADIUS = 6.5
WORD_SHADE = 0.62  # the strongest colour under black letters
_TITLE, _FACTS, _SMALL, _TERM = 15.0, 9.5, 8.5, 10.0
_SWATCHES = 11
_LINE = 13.0  # distance of lines in the list
_INDENT = 2 * NUMBER_RADIUS + 7
_VALUE = 48.0  # width kept for the values
_KEY_HEIGHT = 66.0
_APART = 10.0  # between the two values of the key
_LIST_HEAD = 36.0


def _wrapped(canvas: Canvas, parts: list[str], size: float, width: float, joint: str) -> list[str]:
    """Fill lines with parts that are never broken."""
    widths = canvas.widths([part + joint for part in parts], size)
    boxes = fill_lines(widths, width, 0.0)
    rows = groupby(zip(boxes, parts, strict=True), key=lambda pair: pair[0].line)
    return [joint.join(part for _, part in row) for _, row in rows]


def _facts(canvas: Canvas, content: PlotData, width: float) -> list[str]:
    return _wrapped(canvas, list(content.facts), _FACTS, width, "   ·   ")


def _title(canvas: Canvas, title: str | None, width: float) -> list[str]:
    # Bold letters are wider than the regular ones that are measured.
    return _wrapped(canvas, drawable(displayable(str(title or ""))).split(), _TITLE, 0.86 * width, " ")


def header_height(canvas: Canvas, content: PlotData, title: str | None, width: float) -> float:
    """Height of the title and the line of facts."""
    titles = 22.0 * len(_title(canvas, title, width))
    return titles + (4.0 if titles else 0.0) + 14.0 * len(_facts(canvas, content, width))


def draw_header(
    canvas: Canvas, content: PlotData, title: str | None, left: float, top: float, width: float
) -> None:
    """Draw the title and the values, R² and cost."""
    for line in _title(canvas, title, width):
        canvas.text((left, top + 14), line, size=_TITLE, weight="bold", color=TEXT_COLOR)
        top += 22
    top += 4 if title else 0
    for k, line in enumerate(_facts(canvas, content, width)):
        canvas.text((left, top + 10 + 14 * k), line, size=_FACTS, color=MUTED_COLOR)


def _name(content: PlotData, ranked: RankedSet) -> str:
    """Return the name of a set, in which no line ends before the joint."""
    return ordered(content.name(ranked)).replace(" × ", "\n× ")


def _term_lines(canvas: Canvas, content: PlotData, ranked: RankedSet, width: float) -> list[str]:
    parts = [part.replace("\n", " ") for part in _name(content, ranked).split(" ")]
    room = width - _INDENT - _VALUE
    return _wrapped(
        canvas, [piece for part in parts for piece in _broken(canvas, part, room)], _TERM, room, " "
    )


def _broken(canvas: Canvas, part: str, width: float) -> list[str]:
    """Halve a part of a name until it is not wider than a line."""
    if len(part) < 2 or canvas.widths([part], _TERM)[0] <= width:
        return [part]
    half = len(part) // 2
    return [*_broken(canvas, part[:half], width), *_broken(canvas, part[half:], width)]


def legend_height(canvas: Canvas, content: PlotData, width: float) -> float:
    """Height of the key and the ranked list."""
    rows = [_row_height(_term_lines(canvas, content, ranked, width)) for ranked in content.sets]
    return _KEY_HEIGHT + _LIST_HEAD + sum(rows)


def _row_height(lines: list[str]) -> float:
    return _LINE * len(lines) + 9.0


def draw_legend(
    canvas: Canvas, content: PlotData, left: float, top: float, width: float, kind: str = "word"
) -> None:
    """Draw the key and the ranked list; ``kind`` names the features."""
    _draw_key(canvas, content, left, top, width, kind)
    top += _KEY_HEIGHT
    canvas.text(
        (left, top + 10),
        f"{kind.capitalize()}s that act together",
        size=_TERM,
        weight="bold",
        color=TEXT_COLOR,
    )
    canvas.text((left, top + 22), content.caption, size=_SMALL, color=MUTED_COLOR)
    _draw_list(canvas, content, left, top + _LIST_HEAD, width)


def _draw_key(canvas: Canvas, content: PlotData, left: float, top: float, width: float, kind: str) -> None:
    limit = content.effect_limit
    heading = f"Colour of a {kind}: its own effect"
    canvas.text((left, top + 10), heading, size=_TERM, weight="bold", color=TEXT_COLOR)
    step = width / _SWATCHES
    swatches = [(left + k * step, top + 18, step - 2, 10.0) for k in range(_SWATCHES)]
    colors = [shade(2 * k / (_SWATCHES - 1) - 1, 1.0, most=WORD_SHADE) for k in range(_SWATCHES)]
    colors[_SWATCHES // 2] = "#f1f1f4"
    canvas.boxes(swatches, colors, corner=2)
    down, up = f"{signed(-limit, limit)} pushes down", f"pushes up {signed(limit, limit)}"
    beside = sum(canvas.widths([down, up], _SMALL)) + _APART <= width
    canvas.text((left, top + 41), down, size=_SMALL, color=text_color(-1.0))
    canvas.text(
        (left + width, top + (41 if beside else 53)), up, size=_SMALL, ha="right", color=text_color(1.0)
    )


def _draw_list(canvas: Canvas, content: PlotData, left: float, top: float, width: float) -> None:
    """Draw an entry for every set: its number, its name, its value, and a bar as long as that."""
    numbers, bars = [], []
    for ranked in content.sets:
        numbers.append((left + NUMBER_RADIUS, top + 7))
        lines = _term_lines(canvas, content, ranked, width)
        for k, line in enumerate(lines):
            canvas.text((left + _INDENT, top + 10.5 + _LINE * k), line, size=_TERM, color=TEXT_COLOR)
        value, color = signed(ranked.value, content.set_limit), text_color(ranked.value)
        canvas.text((left + width, top + 10.5), value, size=_TERM, weight="bold", ha="right", color=color)
        length = max((width - _INDENT) * abs(ranked.value) / content.set_limit, 2.0)
        bars.append((left + _INDENT, top + _LINE * len(lines) + 1.5, length, 2.5))
        top += _row_height(lines)
    colors = [shade(ranked.value, abs(ranked.value), most=0.75) for ranked in content.sets]
    canvas.boxes(bars, colors, corner=1.2)
    draw_numbers(canvas, numbers, content.sets)


def draw_numbers(canvas: Canvas, places: Sequence[tuple[float, float]], ranked: Sequence[RankedSet]) -> None:
    """Draw the ranks of sets in discs of the colours of their signs."""
    ranks = [str(one.rank) for one in ranked]
    canvas.numbers(places, ranks, [text_color(one.value) for one in ranked], NUMBER_RADIUS)
