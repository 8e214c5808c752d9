"""Scenes of coloured shapes, and questions about one shape or about two and their places.

easy-vqa (MIT licence) has images of one shape each; questions about two shapes need scenes of several.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BOARD, CELL = 4, 16  # a scene has 4 x 4 cells of 16 x 16 pixels, each with one shape or none
SIDE = BOARD * CELL
COLOURS = {"red": (214, 40, 40), "green": (46, 158, 72), "blue": (40, 90, 210), "yellow": (232, 196, 30)}
SHAPES = ("circle", "square", "triangle")
RELATIONS = ("left of", "right of", "above", "below")
GREY = 128  # of masked cells
MASKED = "…"  # instead of masked words
VOCABULARY = (
    "", MASKED, "is", "there", "a", "no", "the", "left", "right", "of", "above", "below", *COLOURS, *SHAPES,
)  # fmt: skip
LONGEST = 10  # words of a question
_KINDS = len(COLOURS) * len(SHAPES)
_MOST = 5  # shapes of a scene


@dataclass(frozen=True, eq=False)
class Batch:
    """Scenes with a question each.

    Attributes
    ----------
    images : ndarray of uint8, shape (b, 64, 64, 3)
    colours, shapes : ndarray of int, shape (b, 16)
        What is in each cell: 0 for nothing, else the number of the colour, or shape, from 1.
    words : ndarray of int, shape (b, 10)
        Numbers of the words of the questions in `VOCABULARY`; 0 behind the last.
    answers : ndarray of bool, shape (b,)
        True for yes.
    """

    images: np.ndarray
    colours: np.ndarray
    shapes: np.ndarray
    words: np.ndarray
    answers: np.ndarray


def encoded(question: str) -> list[int]:
    """Return the numbers of the words of a question, 0 behind the last."""
    words = question.lower().replace("?", "").split()
    unknown = [word for word in words if word not in VOCABULARY]
    if unknown or len(words) > LONGEST:
        raise ValueError(f"question: at most {LONGEST} of the words {VOCABULARY[2:]}; got {question!r}.")
    return [*(VOCABULARY.index(word) for word in words), *[0] * (LONGEST - len(words))]


def scenes(count: int, rng: np.random.Generator) -> Batch:
    """Return random scenes of 2 to 5 different shapes with random questions, half of them answered by yes."""
    kinds = rng.random((count, _KINDS)).argsort(axis=1)  # the first ones are in the scene
    cells = rng.random((count, BOARD**2)).argsort(axis=1)[:, :_MOST]
    sizes = rng.integers(2, _MOST + 1, count)
    images = drawn(kinds[:, :_MOST], cells, sizes, rng)
    yes, no_word = rng.random(count) < 0.5, rng.random(count) < 0.3
    found = np.where(no_word, ~yes, yes)  # what is asked for is there
    relation, true = _relations(cells, found, rng)
    # A shape that is asked for is missing in half of the scenes that lack it, else it is in another place.
    missing = ~found & (rng.random(count) < 0.5)
    alone = rng.random(count) < 0.3  # questions about a single shape
    present = np.where(alone, found, ~missing)
    target = np.where(present, kinds[:, 0], kinds[np.arange(count), rng.integers(_MOST, _KINDS, count)])
    words = _written(target, kinds[:, 1], np.where(alone, -1, relation), no_word)
    assert (true == found).all()
    shown = np.full((count, BOARD**2), -1)
    np.put_along_axis(shown, cells, np.where(np.arange(_MOST) < sizes[:, None], kinds[:, :_MOST], -1), axis=1)
    colours, shapes = (np.where(shown < 0, 0, 1 + each) for each in np.divmod(shown, len(SHAPES)))
    return Batch(images, colours, shapes, words, yes)


def drawn(kinds: np.ndarray, cells: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return images of the first shapes of each scene.

    Parameters
    ----------
    kinds : ndarray of int, shape (b, 5)
        Colour times three, plus shape.
    cells : ndarray of int, shape (b, 5)
        Row times four, plus column.
    sizes : ndarray of int, shape (b,)
        How many of the shapes are drawn.
    """
    count = len(kinds)
    light = rng.integers(215, 245, (count, 1, 1, 1), dtype=np.uint8)
    images = np.repeat(light + rng.integers(0, 10, (count, SIDE, SIDE, 1), dtype=np.uint8), 3, axis=3)
    board = images.reshape(count, BOARD, CELL, BOARD, CELL, 3)
    palette = np.array(list(COLOURS.values()))
    for number in range(kinds.shape[1]):
        rows = np.flatnonzero(sizes > number)
        colour = palette[kinds[rows, number] // len(SHAPES)] + rng.normal(0, 8, (len(rows), 3))
        inside = _outlines(kinds[rows, number] % len(SHAPES), rng)[..., None]
        row, column = np.divmod(cells[rows, number], BOARD)
        ground = board[rows, row, :, column]
        paint = colour.clip(0, 255).astype(np.uint8)[:, None, None]
        board[rows, row, :, column] = np.where(inside, paint, ground)
    return images


def _outlines(shapes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the pixels of shapes of random sizes and places in their cells, bool (b, 16, 16)."""
    radius = rng.uniform(4.5, 6.5, (len(shapes), 1, 1))
    middle = (CELL - 1) / 2 + rng.uniform(-1, 1, (len(shapes), 2, 1, 1))
    y, x = np.arange(CELL)[:, None] - middle[:, 0], np.arange(CELL) - middle[:, 1]
    circle = x**2 + y**2 < radius**2
    square = np.maximum(abs(x), abs(y)) < 0.9 * radius
    triangle = (abs(y) < radius) & (2 * abs(x) < y + radius)
    return np.choose(shapes[:, None, None], [circle, square, triangle])


def _relations(cells: np.ndarray, wanted: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Return a relation of the first to the second shape that is as wanted, and whether it is true."""
    rows, columns = np.divmod(cells[:, :2], BOARD)
    across, down = columns[:, 0] - columns[:, 1], rows[:, 0] - rows[:, 1]
    true = np.stack([across < 0, across > 0, down < 0, down > 0], axis=1)
    chosen = np.where(true == wanted[:, None], rng.random(true.shape), -1).argmax(axis=1)
    return chosen, true[np.arange(len(true)), chosen]


def _written(first: np.ndarray, second: np.ndarray, relation: np.ndarray, no_word: np.ndarray) -> np.ndarray:
    names = [f"{colour} {shape}" for colour in COLOURS for shape in SHAPES]
    questions = [
        f"is there {'no' if no else 'a'} {names[i]}" + (f" {RELATIONS[r]} the {names[j]}" if r >= 0 else "")
        for i, j, r, no in zip(first, second, relation, no_word, strict=True)
    ]
    return np.array([encoded(question) for question in questions])
