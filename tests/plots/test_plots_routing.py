"""Geometry: words do not overlap, arcs start and end at their words and never run over a word."""

import time
from itertools import combinations, pairwise

import numpy as np
import pytest

from spex_plugins.plots.arcs.number_labels import place_numbers
from spex_plugins.plots.arcs.routing import Spacing, route
from spex_plugins.plots.layout import fill_lines

WORD = 20.0


def random_text(seed, n=60, pairs=12):
    rng = np.random.default_rng(seed)
    boxes = fill_lines(rng.uniform(12, 90, n).tolist(), 420.0, 6.0)
    sets = [tuple(sorted(rng.choice(n, 2 + (k % 4 == 3), replace=False).tolist())) for k in range(pairs)]
    return boxes, sets, route(boxes, sets, Spacing(word=WORD))


def pieces_of(chain):
    return [piece for link in chain for piece in pairwise(link)]


def test_lines_are_filled_without_overlap():
    boxes = fill_lines([50.0] * 7 + [200.0], 110.0, 10.0)
    assert [box.line for box in boxes] == [0, 0, 1, 1, 2, 2, 3, 4]
    assert [box.left for box in boxes] == [0, 60, 0, 60, 0, 60, 0, 0]


@pytest.mark.parametrize("seed", range(5))
def test_arcs_join_their_words(seed):
    boxes, sets, routing = random_text(seed)
    for words, chain in zip(sets, routing.links, strict=True):
        assert len(chain) == len(words) - 1
        for (i, j), link in zip(pairwise(words), chain, strict=True):
            (x0, y0), (x1, y1) = link[0], link[-1]
            assert boxes[i].left < x0 < boxes[i].right
            assert boxes[j].left < x1 < boxes[j].right
            same = boxes[i].line == boxes[j].line
            assert y0 == routing.tops[boxes[i].line] + (0 if same else WORD)
            assert y1 == routing.tops[boxes[j].line]


@pytest.mark.parametrize("seed", range(5))
def test_arcs_run_over_no_word(seed):
    boxes, _, routing = random_text(seed)
    for chain in routing.links:
        for (x0, y0), (x1, y1) in pieces_of(chain):
            assert x0 == x1 or y0 == y1
            for box in boxes:
                top = routing.tops[box.line]
                inside_x = max(x0, x1) > box.left and min(x0, x1) < box.right
                inside_y = max(y0, y1) > top and min(y0, y1) < top + WORD
                assert not (inside_x and inside_y)


@pytest.mark.parametrize("seed", range(5))
def test_level_pieces_of_two_sets_never_lie_on_each_other(seed):
    _, _, routing = random_text(seed)
    level = [[p for p in pieces_of(chain) if p[0][1] == p[1][1]] for chain in routing.links]
    for one, other in combinations(level, 2):
        for (a0, y), (a1, _) in one:
            for (b0, z), (b1, _) in other:
                assert y != z or max(a0, a1) < min(b0, b1) or max(b0, b1) < min(a0, a1)


@pytest.mark.parametrize("seed", range(5))
def test_numbers_stand_on_their_arcs_and_off_each_other_and_off_words(seed):
    _, _, routing = random_text(seed, pairs=8)
    numbers = place_numbers(routing.links, 6.0)
    places = np.array([at for own in numbers for at in own])
    distances = np.linalg.norm(places[:, None] - places[None], axis=2) + 1e9 * np.eye(len(places))
    assert distances.min() >= 12.0
    for own, chain in zip(numbers, routing.links, strict=True):
        for x, y in own:
            on = [
                min(a[0], b[0]) <= x <= max(a[0], b[0]) and min(a[1], b[1]) <= y <= max(a[1], b[1])
                for a, b in pieces_of(chain)
            ]
            assert any(on)
            assert not any(t < y < t + WORD for t in routing.tops)


def test_nested_arcs_take_different_lanes_and_side_by_side_arcs_share_one():
    boxes = fill_lines([30.0] * 8, 1000.0, 6.0)
    nested = route(boxes, [(0, 7), (2, 4)], Spacing(word=WORD)).links
    assert nested[0][0][1][1] < nested[1][0][1][1]
    beside = route(boxes, [(0, 2), (4, 6)], Spacing(word=WORD)).links
    assert beside[0][0][1][1] == beside[1][0][1][1]


def test_sets_of_a_word_leave_it_apart():
    boxes = fill_lines([60.0] * 4, 1000.0, 6.0)
    links = route(boxes, [(1, 2), (1, 3), (0, 1)], Spacing(word=WORD)).links
    starts = [links[0][0][0][0], links[1][0][0][0], links[2][0][-1][0]]
    assert starts[2] < starts[1] < starts[0]  # to the left; then the long arc outside the short one


@pytest.mark.slow
def test_the_numbers_of_many_sets_of_a_long_text_are_placed_soon():
    _, _, routing = random_text(0, n=600, pairs=120)
    start = time.process_time()
    assert len(place_numbers(routing.links, 6.0)) == 120
    assert time.process_time() - start < 5
