"""The features of a text: words, sentences, paragraphs, or the parts that a function returns."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.types import IntArray

__all__ = ["TextGroup", "character_labels", "paragraphs", "sentences", "splitter", "words"]

TextGroup = str | Callable[[str], Sequence[str]]

_HAN = "\u3041-\u309f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # and Hiragana
_KATAKANA = "\u30a0-\u30ff\uff66-\uff9f"
_MARKS = "\u3099\u309a\ufe00-\ufe0f\U000e0100-\U000e01ef"  # belong to the character before them
_WIDE = "\u3001-\u3020\uff01-\uff0f\uff1a-\uff20\uff3b-\uff3d\uff5b-\uff65"  # punctuation of wide scripts
_OPEN = "([{“‘«‹„¿¡「『（【《〈［｛"
_CLOSE = ".,;:!?…)]}”’»›—、。，．！？：；」』）】》〉］｝"
_OPEN, _CLOSE = re.escape(_OPEN), re.escape(_CLOSE)

# Scripts without spaces are split by characters; Katakana, which writes foreign words, by runs.
_CORE = rf"[{_HAN}][{_MARKS}]*|[{_KATAKANA}]+|[^\s{_HAN}{_KATAKANA}{_WIDE}—]+"
_GAP = r"[^\S\n]+"
_WORD = re.compile(
    rf"(?:[{_OPEN}]+{_GAP})*[{_OPEN}]*(?:{_CORE})[{_CLOSE}]*(?:{_GAP}[{_CLOSE}]+(?!\S))*|[^\s{_WIDE}]|[{_WIDE}]+"
)

_STOP = re.compile(
    r"(?P<word>\w(?:[\w.]*\w)?)?(?P<stop>[.!?…]+)(?P<quote>[\"'”’»)\]]*)(?=\s)"
    r"|(?P<wide>[。！？]+[」』）”’]*)"
    r"|(?P<blank>\n[^\S\n]*\n)"
)
# No sentence ends after a title, none before a number, and otherwise only where a capital follows.
_TITLE = re.compile(
    r"(?i:mr|mrs|ms|dr|prof|st|rev|gen|col|lt|capt|sgt|gov|sen|rep|hon|mt|vs|cf|e\.g|i\.e|ca)"
)
_BEFORE_NUMBER = re.compile(
    r"(?i:nos?|figs?|eqs?|vol|pp?|ch|sec|approx|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)
_BEFORE_CAPITAL = re.compile(r"(?i:etc|jr|sr|inc|ltd|co|corp|al|[ap]\.m|u\.[sk]|dept|est|resp|ed)")
_BLANK_LINE = re.compile(r"\n[^\S\n]*\n\s*")


def words(text: str) -> list[str]:
    """Split at white space; punctuation belongs to its word, even where a space separates them.

    Chinese and Japanese are split into characters. Scripts without spaces, such as Thai, are not split.
    """
    return _WORD.findall(text)


def sentences(text: str) -> list[str]:
    """Split after sentences and at empty lines; "Mr. B. Smith paid 3.50, e.g. in cash." is one sentence."""
    parts, start = [], 0
    for match in _STOP.finditer(text):
        if _ends_sentence(match, text, start):
            parts.append(text[start : match.end()].strip())
            start = match.end()
    return [part for part in [*parts, text[start:].strip()] if part]


def paragraphs(text: str) -> list[str]:
    """Split at empty lines."""
    return [part.strip() for part in _BLANK_LINE.split(text) if part.strip()]


def _ends_sentence(match: re.Match[str], text: str, start: int) -> bool:
    if match["wide"] or match["blank"]:
        return True
    following = text[match.end() :][:64].lstrip()[:1]
    word = match["word"] or ""
    if following.islower() and (match["quote"] or match["stop"] in ("...", "…")):
        return False
    if match["stop"] != ".":
        return True
    if _BEFORE_CAPITAL.fullmatch(word):
        return following.isupper()
    if _BEFORE_NUMBER.fullmatch(word):
        return not following.isdigit()
    initial = len(word) == 1 and word.isupper() and word != "I"
    numbering = word.isdigit() and not text[start : match.start()].strip()
    return not (_TITLE.fullmatch(word) or initial or numbering)


_SPLITTERS: dict[str, Callable[[str], Sequence[str]]] = {
    "word": words,
    "sentence": sentences,
    "paragraph": paragraphs,
}


def splitter(features: Any) -> Callable[[str], Sequence[str]]:
    """Return the function that splits a text into features.

    Parameters
    ----------
    features : {"word", "sentence", "paragraph"} or callable
        A function is returned as it is.

    Raises
    ------
    InputError
        If the features are unknown.
    """
    if callable(features):
        return features
    if isinstance(features, str) and features in _SPLITTERS:
        return _SPLITTERS[features]
    raise InputError(
        f"features: {features!r} is unknown for texts; choose one of {list(_SPLITTERS)} or a function that "
        "splits a text into strings."
    )


def character_labels(text: str, parts: Sequence[str]) -> IntArray:
    """Return the number of the part in which every character lies.

    Parameters
    ----------
    text : str
    parts : sequence of str
        In the order of the text; nothing but white space may lie between them.

    Returns
    -------
    ndarray of int, shape (len(text),)
        White space belongs to the part after it.

    Raises
    ------
    InputError
        If the parts are not those of the text.
    """
    if isinstance(parts, str) or not all(isinstance(part, str) for part in parts):
        raise InputError(
            f"features: the function must return strings, the parts of the text; got {parts!r:.80}."
        )
    labels = np.empty(len(text), dtype=np.int64)
    end = 0
    for label, part in enumerate(part.strip() for part in parts if part.strip()):
        start = end + len(text[end:]) - len(text[end:].lstrip())
        if not text.startswith(part, start):
            raise _no_partition(text, start, part)
        labels[end : start + len(part)] = label
        end = start + len(part)
    if text[end:].strip():
        raise _no_partition(text, end, None)
    labels[end:] = labels[end - 1] if end else 0
    return labels


def _no_partition(text: str, start: int, part: str | None) -> InputError:
    found = "no part is left" if part is None else f"the next part is {part!r:.60}"
    return InputError(
        f"features: at character {start} the text goes on with {text[start:].strip()[:40]!r}, but {found}; "
        "return the parts in the order of the text, leaving out nothing but white space."
    )
