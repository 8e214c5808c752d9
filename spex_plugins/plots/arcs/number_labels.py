"""Positions of the numbers of sets on their arcs: off the arcs of other sets and off other numbers."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from spex_plugins.types import FloatArray, IntArray

__all__ = ["place_numbers"]

Point = tuple[float, float]
Piece = tuple[Point, Point]
_STEP = 4.0
_FAR = 180.0  # from here on the end of an arc repeats the number


def place_numbers(links: Sequence[Sequence[Sequence[Point]]], radius: float) -> list[list[Point]]:
    """Choose positions for every set on the pieces of its links (`Routing.links`), the main one first."""
    pieces = [[piece for link in chain for piece in pairwise(link)] for chain in links]
    boxes = np.array([(*min(piece), *max(piece)) for own in pieces for piece in own]).reshape(-1, 4).T
    owners = np.repeat(np.arange(len(pieces)), [len(own) for own in pieces])
    placed = np.full((4, 3 * len(links)), np.inf)  # as boxes; a set has at most three numbers
    free = iter(placed.T)

    def hits(number: int, at: FloatArray) -> IntArray:
        """Count what each of the points (c, 2) on a piece of a set hits."""
        arcs = _near(at, boxes, radius + 2)
        crossed = _close(at, boxes[:, arcs[owners[arcs] != number]], radius + 2)
        others = placed[:, _near(at, placed, 2 * radius + 1)]
        return crossed + 5 * _close(at, others, 2 * radius + 1)

    numbers: list[list[Point]] = []
    for number, own in enumerate(pieces):
        level = [piece for piece in own if piece[0][1] == piece[1][1]]
        goal = np.mean(max(level, key=lambda piece: abs(piece[1][0] - piece[0][0])), axis=0)
        best = _nearest_free(level, goal, partial(hits, number))
        next(free)[:] = best * 2
        numbers.append([best])
    for number, chain in enumerate(links):
        first, last = chain[0], chain[-1]
        # The two pieces next to a word lie in one gap, so that a number on them hides no word.
        for word, near in ((first[0], pairwise(first[:3])), (last[-1], pairwise(last[-3:]))):
            if _apart(np.array([numbers[number][0]]), word)[0] <= _FAR:
                continue
            points = np.concatenate([at[hits(number, at) == 0] for at in map(_along, near)])
            if len(points):
                again = _point(points[np.argmin(_apart(points, word))])
                next(free)[:] = again * 2
                numbers[number].append(again)
    return numbers


def _nearest_free(pieces: Sequence[Piece], goal: FloatArray, hits: Callable[[FloatArray], IntArray]) -> Point:
    """Return the point on the pieces that hits least; of several, the one nearest to the goal.

    The pieces, which are level, are tried from the goal outwards, as most points hit nothing.
    """
    ends = np.array(pieces)  # (b, 2, 2)
    beyond = np.maximum(ends[..., 0].min(axis=1) - goal[0], goal[0] - ends[..., 0].max(axis=1)).clip(0.0)
    least = np.hypot(beyond, ends[:, 0, 1] - goal[1])  # no point of a piece is nearer
    best = np.inf, np.inf, (0.0, 0.0)
    for i in np.argsort(least, kind="stable").tolist():
        if best[0] == 0 and least[i] >= best[1]:
            break
        at = _along(pieces[i])
        apart = _apart(at, goal)
        hit = hits(at)
        first = np.lexsort([apart, hit])[0]
        best = min(best, (int(hit[first]), float(apart[first]), _point(at[first])))
    return best[2]


def _along(piece: Piece) -> FloatArray:
    """Return points (c, 2) on a piece, away from its ends; of a short piece the middle."""
    start, end = np.array(piece)
    length = float(np.abs(end - start).sum())  # horizontal or vertical
    steps = int(max(length / 2 - 2.5 * _STEP, 0.0) // _STEP)
    shares = np.arange(-steps, steps + 1) * (_STEP / length if steps else 0.0)
    points: FloatArray = (start + end) / 2 + shares[:, None] * (end - start)
    return points


def _near(points: FloatArray, boxes: FloatArray, reach: float) -> IntArray:
    """Return the numbers of the boxes x0, y0, x1, y1 (4, b) that may be nearer than ``reach`` to a point."""
    (left, top), (right, bottom) = points.min(axis=0) - reach, points.max(axis=0) + reach
    x0, y0, x1, y1 = boxes
    return np.flatnonzero((y0 <= bottom) & (y1 >= top) & (x0 <= right) & (x1 >= left))


def _close(points: FloatArray, boxes: FloatArray, reach: float) -> IntArray:
    """Count the boxes (4, b) nearer than ``reach`` to each of c points of a piece, (c,)."""
    x0, y0, x1, y1 = boxes
    x, y = points.T[..., None]
    gaps = np.maximum(x0 - x, x - x1).clip(0.0), np.maximum(y0 - y, y - y1).clip(0.0)
    return (np.hypot(*gaps) < reach).sum(axis=1)


def _apart(points: FloatArray, at: Iterable[float]) -> FloatArray:
    distances: FloatArray = np.hypot(*(points - np.asarray(at)).T)
    return distances


def _point(at: FloatArray) -> Point:
    return float(at[0]), float(at[1])
