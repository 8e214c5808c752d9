"""Questions that need two sentences of several documents, as those of HotpotQA; written for this project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ITEMS", "Item"]


@dataclass(frozen=True)
class Item:
    """A question over documents of two sentences each.

    Attributes
    ----------
    question, answer : str
    documents : dict of str to str
    supporting : tuple of (str, int)
        Document and number of each sentence that the answer needs.
    """

    question: str
    answer: str
    documents: dict[str, str]
    supporting: tuple[tuple[str, int], tuple[str, int]]


_ROWS = [
    (row["question"], row["answer"], row["bridge"], row["holder"])
    for row in json.loads(Path(__file__).with_suffix(".json").read_text())
]
"""The sentence that names the bridge, and the one that holds the answer."""

_FILLERS = [
    "It rained for most of the week.", "The market opens at eight.", "A train leaves every hour.",
    "Many people like the old park.", "The library has a new roof.", "Tickets are sold at the door.",
]  # fmt: skip


def _item(number: int, row: tuple[str, str, str, str]) -> Item:
    """Put the two sentences into different documents, beside sentences that say nothing of them."""
    question, answer, bridge, holder = row
    other = _ROWS[(number + 7) % len(_ROWS)]
    sentences = [
        [bridge, _FILLERS[number % 6]],
        [_FILLERS[(number + 1) % 6], holder],
        [other[2], _FILLERS[(number + 2) % 6]],
        [other[3], _FILLERS[(number + 3) % 6]],
    ]
    order = [(i + number) % 4 for i in range(4)]
    names = {place: f"document {k + 1}" for k, place in enumerate(order)}
    documents = {names[place]: " ".join(sentences[place]) for place in order}
    return Item(question, answer, documents, ((names[0], 0), (names[1], 1)))


ITEMS = tuple(_item(number, row) for number, row in enumerate(_ROWS))
