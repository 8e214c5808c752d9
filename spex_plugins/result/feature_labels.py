"""Labels of features: no surrounding white space, limited length, and no duplicates."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING
from unicodedata import bidirectional

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = [
    "bare_word",
    "displayable",
    "isolated",
    "joined",
    "right_to_left",
    "told_apart",
    "visible",
    "visible_text",
]

_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_LONGEST_WORD = 32
_RIGHT_TO_LEFT = ("R", "AL", "AN")  # Hebrew and its kin, Arabic and its kin, Arabic numbers
# Control characters, those that turn around or hide the text behind them (Unicode's explicit directional
# formatting), halves of surrogate pairs, which no file can hold, and what XML forbids.
_UNDISPLAYABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_PUNCTUATED = re.compile(r"(?P<before>[\"'“‘«]*)(?P<core>.*\w.*?)(?P<after>[.,;:!?…\"'”’»]*)", re.DOTALL)


def _shorten(text: str, longest: int) -> str:
    """Replace the middle of a long text by an ellipsis, whole words of it if they are not long."""
    if len(text) <= longest:
        return text
    head, tail = longest // 2, len(text) - (longest - 1 - longest // 2)
    first, last = text.rfind(" ", head // 2, head), text.find(" ", tail, tail + head // 2)
    return text[: head if first < 0 else first + 1] + "…" + text[tail if last < 0 else last :]


def displayable(text: str) -> str:
    """Replace control characters and others that cannot be displayed safely by U+FFFD."""
    return _UNDISPLAYABLE.sub("\ufffd", text)


def right_to_left(words: Iterable[str]) -> bool:
    """Whether most letters of a text are written from right to left."""
    letters = Counter(bidirectional(letter) for word in words for letter in word)
    return letters["R"] + letters["AL"] > letters["L"]


def isolated(label: str) -> str:
    """Keep a label that is written from right to left from turning its neighbours around."""
    turns = any(bidirectional(letter) in _RIGHT_TO_LEFT for letter in label)
    return f"\u2068{label}\u2069" if turns else label


def joined(labels: Iterable[str], from_right: bool) -> str:
    """Return ``"not × good"``, the labels of a set in the order of the text, which may begin at the right.

    Each label is isolated, and where the text begins at the right also marked so (Unicode's U+200F), so that
    the order holds for labels of both directions, and in every line of a name that is broken into lines.
    """
    mark = "\u200f" if from_right else ""
    return " × ".join(mark + isolated(label) for label in labels)


def visible(name: str) -> str:
    """Return a displayable name, stripped of white space, shortened if it is long, never empty."""
    # Tokens include their white space; one that consists of white space must remain visible.
    shown = " ".join(displayable(name).split())
    return _shorten(shown, _LONGEST_WORD) or ("⏎" if "\n" in name else "␣")


def visible_text(name: str) -> str:
    """Return all words of a name as `visible` does: a sentence remains whole, a long word is shortened."""
    return " ".join(_shorten(word, _LONGEST_WORD) for word in displayable(name).split()) or visible(name)


def bare_word(word: str) -> str:
    """Return a word without the punctuation around it; what is punctuation only remains."""
    part = _PUNCTUATED.fullmatch(word)
    return part["core"] if part else word


def told_apart(words: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Add numbers to words that occur more than once, ignoring the punctuation around them.

    Returns
    -------
    marked, labels : tuple of str
        The words with their numbers, with and without the punctuation.
    """
    parts = [_PUNCTUATED.fullmatch(word) for word in words]
    cores = [part["core"] if part else word for part, word in zip(parts, words, strict=True)]
    count, seen = Counter(cores), Counter[str]()
    marked, labels = [], []
    for part, core in zip(parts, cores, strict=True):
        label = core
        while count[label] > 1 or (
            label != core and label in count
        ):  # a word may end in such a number itself
            seen[core] += 1
            label = core + str(seen[core]).translate(_SUBSCRIPTS)
        labels.append(label)
        marked.append(part["before"] + label + part["after"] if part else label)
    return tuple(marked), tuple(labels)
