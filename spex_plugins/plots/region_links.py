"""Lines between the regions of an image: arcs for pairs, stars for larger sets, and their numbers."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import hypot
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RegionLinks", "link_regions"]

Point = tuple[float, float]
_BENDS = (0.15, -0.15, 0.3, -0.3, 0.5, -0.5)  # height of a bow's corner, in lengths of its chord
_SHARES = (0.0, 0.15, 0.3, 0.45)  # of a star's arm, from the centre, where its number may stand


@dataclass(frozen=True)
class RegionLinks:
    """The lines of one set, as polylines whose corners will be rounded, and the position of its number."""

    links: list[list[Point]]
    number: Point


def link_regions(places: Sequence[Point], sets: Sequence[Sequence[int]], radius: float) -> list[RegionLinks]:
    """Choose lines and positions of numbers for the sets in turn.

    Parameters
    ----------
    places : sequence of points
        Position of every region.
    sets : sequence of sequence of int
        Regions that interact.
    radius : float
        Radius of a number's disc: discs keep apart from each other and from the ends of lines, where there
        is room.
    """
    taken = [places[i] for i in {i for members in sets for i in members}]
    drawn = []
    for members in sets:
        ends = [places[i] for i in members]
        choices = _arcs(*ends) if len(ends) == 2 else _stars(ends)
        best = max(choices, key=lambda one: min(_room(one.number, taken), 2 * radius + 1))
        taken.append(best.number)
        drawn.append(best)
    return drawn


def _room(at: Point, taken: Sequence[Point]) -> float:
    return min(hypot(at[0] - x, at[1] - y) for x, y in taken)


def _arcs(a: Point, b: Point) -> list[RegionLinks]:
    arcs = []
    for bend in _BENDS:
        corner = ((a[0] + b[0]) / 2 + bend * (b[1] - a[1]), (a[1] + b[1]) / 2 - bend * (b[0] - a[0]))
        # The middle of the rounded line.
        top = tuple(0.125 * (a[k] + b[k]) + 0.75 * corner[k] for k in (0, 1))
        arcs.append(RegionLinks([[a, corner, b]], (top[0], top[1])))
    return arcs


def _stars(ends: Sequence[Point]) -> list[RegionLinks]:
    centre = (sum(x for x, _ in ends) / len(ends), sum(y for _, y in ends) / len(ends))
    links = [[end, centre] for end in ends]
    return [
        RegionLinks(links, (centre[0] + share * (x - centre[0]), centre[1] + share * (y - centre[1])))
        for share, (x, y) in product(_SHARES, ends)
    ]
