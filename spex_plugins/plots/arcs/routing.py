"""Routes of the arcs: never over a word, only above lines, between words and beside them.

A set of words is a chain in reading order. Words of one line are joined above that line; a word of a later
line is reached from the lower edge of the earlier word, through the gaps between lines and, where there are
lines in between, through the space between two of their words. Gap g lies above line g. In every gap a set
has one lane, so that its horizontal pieces never lie on those of another set.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.plots.layout import Box

__all__ = ["Routing", "Spacing", "route"]

Point = tuple[float, float]
_TOP, _BOTTOM = 0, 1
_APART = 5.0  # least distance between two vertical pieces of different sets
_TAKEN = 30.0  # how far a set goes round a space that another set passes already


@dataclass(frozen=True)
class Spacing:
    """Vertical measures in points: height of a word, distance of lanes, gap without arcs, gap below lanes."""

    word: float
    lane: float = 12.0
    empty_gap: float = 7.0
    below_lanes: float = 10.0


@dataclass(frozen=True)
class Routing:
    """Vertical places of the lines and the polylines of every set, one per link of its chain.

    Attributes
    ----------
    tops : list of float
        Upper edge of the words of every line.
    height : float
        Height of the text with its arcs.
    links : list of list of list of (x, y)
        For every set and every link of its chain, the corners from word to word.
    """

    tops: list[float]
    height: float
    links: list[list[list[Point]]]


def route(boxes: Sequence[Box], sets: Sequence[tuple[int, ...]], spacing: Spacing) -> Routing:
    """Route the sets (ascending word numbers, at least two words each) around the words."""
    ports = _ports(boxes, sets)
    passes = _passes(boxes, sets, ports)
    segments = [
        [_segments(boxes, ports, passes, number, link) for link in pairwise(words)]
        for number, words in enumerate(sets)
    ]
    lanes = _lanes(segments)
    n_lines = boxes[-1].line + 1
    used = [0] * n_lines
    for (gap, _), lane in lanes.items():
        used[gap] = max(used[gap], lane + 1)
    tops, y = [], 0.0
    for count in used:
        y += spacing.below_lanes + count * spacing.lane if count else spacing.empty_gap
        tops.append(y)
        y += spacing.word
    links: list[list[list[Point]]] = []
    for number, words in enumerate(sets):
        chain = []
        for (i, j), pieces in zip(pairwise(words), segments[number], strict=True):
            start = tops[boxes[i].line] + (spacing.word if boxes[i].line != boxes[j].line else 0.0)
            corners = [(pieces[0][1], start)]
            for gap, x0, x1 in pieces:
                level = tops[gap] - spacing.below_lanes - lanes[gap, number] * spacing.lane
                corners += [(x0, level), (x1, level)]
            chain.append([*corners, (pieces[-1][2], tops[boxes[j].line])])
        links.append(chain)
    return Routing(tops, y, links)


def _ports(boxes: Sequence[Box], sets: Sequence[tuple[int, ...]]) -> dict[tuple[int, int, int], float]:
    """Return x for (set, word, side): the sets of a word share its edge, sorted so that few of them cross."""
    partners: dict[tuple[int, int, int], list[float]] = defaultdict(list)
    for number, words in enumerate(sets):
        for i, j in pairwise(words):
            leaving = _TOP if boxes[i].line == boxes[j].line else _BOTTOM
            partners[number, i, leaving].append(boxes[j].center)
            partners[number, j, _TOP].append(boxes[i].center)
    shared: dict[tuple[int, int], list[tuple[bool, float, int, int, int]]] = defaultdict(list)
    for (number, word, side), xs in partners.items():
        target = sum(xs) / len(xs)
        rightwards = target > boxes[word].center
        # Long arcs take high lanes, so above a word the longest arc leaves in the middle, below it at the
        # sides; of two sets that join the same words the shorter one is inside the other.
        key = -target if side == _TOP else target
        span, sign = sets[number][-1] - sets[number][0], 1 if rightwards else -1
        shared[word, side].append((rightwards, key, -sign * span, sign * number, number))
    ports = {}
    for (word, side), users in sorted(shared.items()):
        box = boxes[word]
        for k, (*_, number) in enumerate(sorted(users), start=1):
            ports[number, word, side] = box.left + box.width * k / (len(users) + 1)
    return _nudged(boxes, ports)


def _nudged(
    boxes: Sequence[Box], ports: dict[tuple[int, int, int], float]
) -> dict[tuple[int, int, int], float]:
    """Move lower ports away from upper ports of the next line, whose vertical pieces share the gap."""
    upper: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for (number, word, side), x in ports.items():
        if side == _TOP:
            upper[boxes[word].line].append((number, x))
    for (number, word, side), x in list(ports.items()):
        if side == _BOTTOM:
            box = boxes[word]
            others = [at for other, at in upper[box.line + 1] if other != number]
            steps = [x, *(x + sign * step for step in (4.0, 7.0, 10.0, 13.0) for sign in (1, -1))]
            inside = [at for at in steps if box.left + 2 <= at <= box.right - 2]
            free = [at for at in inside if all(abs(at - other) >= _APART for other in others)]
            ports[number, word, side] = free[0] if free else x
    return ports


def _passes(
    boxes: Sequence[Box], sets: Sequence[tuple[int, ...]], ports: dict[tuple[int, int, int], float]
) -> dict[tuple[int, int], float]:
    """Return x for (set, line): where a set crosses a line that holds none of its words."""
    spaces = {line: _spaces(list(row)) for line, row in groupby(boxes, key=lambda box: box.line)}
    users: dict[tuple[int, float], int] = defaultdict(int)
    passes: dict[tuple[int, int], float] = {}
    for number, words in enumerate(sets):
        for i, j in pairwise(words):
            goal = ports[number, j, _TOP]
            for line in range(boxes[j].line - 1, boxes[i].line, -1):
                goal = passes[number, line] = _space(spaces[line], goal, line, users)
    return passes


def _spaces(row: list[Box]) -> list[tuple[float, float]]:
    """Return places and widths of the spaces between the words of a line, after it and before it."""
    inner = [((a.right + b.left) / 2, b.left - a.right) for a, b in pairwise(row)]
    return [*inner, (row[-1].right + 5.0, 5.0), (row[0].left - 5.0, 5.0)]


def _space(
    spaces: list[tuple[float, float]], goal: float, line: int, users: dict[tuple[int, float], int]
) -> float:
    """Choose the space of a line that is nearest to x = goal."""
    at, width = min(spaces, key=lambda space: abs(space[0] - goal) + _TAKEN * users[line, space[0]])
    taken = users[line, at]
    users[line, at] += 1
    return at + (0.0, width / 3, -width / 3)[taken % 3]


def _segments(
    boxes: Sequence[Box],
    ports: dict[tuple[int, int, int], float],
    passes: dict[tuple[int, int], float],
    number: int,
    link: tuple[int, int],
) -> list[tuple[int, float, float]]:
    """Return the horizontal pieces (gap, from x, to x) of a link."""
    i, j = link
    first, last = boxes[i].line, boxes[j].line
    if first == last:
        return [(first, ports[number, i, _TOP], ports[number, j, _TOP])]
    stops = [ports[number, i, _BOTTOM], *(passes[number, line] for line in range(first + 1, last))]
    stops.append(ports[number, j, _TOP])
    return [(first + 1 + k, x0, x1) for k, (x0, x1) in enumerate(pairwise(stops))]


def _lanes(segments: list[list[list[tuple[int, float, float]]]]) -> dict[tuple[int, int], int]:
    """Give every (gap, set) the lowest lane where it lies on no other set, short pieces first."""
    spans: dict[tuple[int, int], tuple[float, float]] = {}
    for number, chain in enumerate(segments):
        for gap, x0, x1 in (piece for pieces in chain for piece in pieces):
            left, right = spans.get((gap, number), (min(x0, x1), max(x0, x1)))
            spans[gap, number] = min(left, x0, x1), max(right, x0, x1)
    lanes: dict[tuple[int, int], int] = {}
    placed: dict[int, list[tuple[int, float, float]]] = defaultdict(list)
    for (gap, number), (left, right) in sorted(spans.items(), key=lambda item: item[1][1] - item[1][0]):
        blocked = {lane for lane, a, b in placed[gap] if left < b + 2 * _APART and a < right + 2 * _APART}
        lane = min(set(range(len(blocked) + 1)) - blocked)
        lanes[gap, number] = lane
        placed[gap].append((lane, left, right))
    return lanes
