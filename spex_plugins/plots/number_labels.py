"""Positions of the numbers of sets on their arcs: off the arcs of other sets and off other numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["place_numbers"]

Point = tuple[float, float]
Piece = tuple[Point, Point]
_STEP = 4.0
_FAR = 180.0  # from here on the end of an arc repeats the number


def place_numbers(links: Sequence[Sequence[Sequence[Point]]], radius: float) -> list[list[Point]]:
    """Choose positions for every set on the pieces of its links (`Routing.links`), the main one first."""
    pieces = [[piece for link in chain for piece in pairwise(link)] for chain in links]
    placed: list[Point] = []

    def hits(number: int, at: Point) -> int:
        others = (piece for k, rest in enumerate(pieces) if k != number for piece in rest)
        crossed = sum(_distance(at, other) < radius + 2 for other in others)
        return crossed + 5 * sum(_apart(at, other) < 2 * radius + 1 for other in placed)

    numbers: list[list[Point]] = []
    for number, own in enumerate(pieces):
        level = [piece for piece in own if piece[0][1] == piece[1][1]]
        goal = _middle(max(level, key=_length))
        best = min(_along(level), key=lambda at: (hits(number, at), _apart(at, goal)))
        placed.append(best)
        numbers.append([best])
    for number, chain in enumerate(links):
        first, last = chain[0], chain[-1]
        # The two pieces next to a word lie in one gap, so that a number on them hides no word.
        for word, near in ((first[0], pairwise(first[:3])), (last[-1], pairwise(last[-3:]))):
            free = [at for at in _along(near) if hits(number, at) == 0]
            if free and _apart(word, numbers[number][0]) > _FAR:
                again = min(free, key=lambda at: _apart(at, word))
                placed.append(again)
                numbers[number].append(again)
    return numbers


def _along(pieces: Iterable[Piece]) -> list[Point]:
    """Return points on pieces, away from their ends; of a short piece the middle."""
    points = []
    for (x0, y0), (x1, y1) in pieces:
        length = _length(((x0, y0), (x1, y1)))
        x, y = (x0 + x1) / 2, (y0 + y1) / 2
        steps = int(max(length / 2 - 2.5 * _STEP, 0.0) // _STEP)
        for k in range(-steps, steps + 1):
            share = k * _STEP / length if steps else 0.0
            points.append((x + share * (x1 - x0), y + share * (y1 - y0)))
    return points


def _length(piece: Piece) -> float:
    return _apart(*piece)


def _middle(piece: Piece) -> Point:
    return (piece[0][0] + piece[1][0]) / 2, (piece[0][1] + piece[1][1]) / 2


def _apart(a: Point, b: Point) -> float:
    return float(((a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2) ** 0.5)


def _distance(at: Point, piece: Piece) -> float:
    """Distance of a point from a horizontal or vertical piece."""
    (x0, y0), (x1, y1) = piece
    nearest = (min(max(at[0], min(x0, x1)), max(x0, x1)), min(max(at[1], min(y0, y1)), max(y0, y1)))
    return _apart(at, nearest)
