"""Letters that matplotlib's font lacks: another installed font, or, where there is none, their names."""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["drawable", "families", "ordered", "set_families"]

# Fonts of mathematics, and one that has a box for every letter.
_NOT_FOR_TEXT = ("Last Resort", "STIX", "cm", "DejaVu Math")
_ORDERS_LETTERS = (3, 11)
_MARKS = dict.fromkeys(map(ord, "\u200f\u2068\u2069"))
_UNSEEN = ("Cf", "Mn", "Me", "Sk")  # joiners, selectors of a variant, shades of skin


def drawable(text: str) -> str:
    """Replace what no installed font has: pictures by their names in brackets, letters by U+FFFD.

    Of letters in a row one is enough to say that something is there.
    """
    if text.isascii():
        return text
    parts = []
    for kind, letters in groupby(text, _kind):
        run = "".join(letters)
        if kind == "picture":
            names = (unicodedata.name(letter, "\ufffd").lower().replace(" ", "-") for letter in run)
            parts.append("".join(f"[{name}]" for name in names))
        elif kind != "unseen":
            parts.append(run if kind == "drawn" else "\ufffd")
    return "".join(parts)


def ordered(text: str) -> str:
    """Return a text without marks of direction for a matplotlib that does not order letters by them."""
    import matplotlib as mpl

    return text if mpl.__version_info__ >= _ORDERS_LETTERS else text.translate(_MARKS)


def families(texts: Iterable[str]) -> list[str]:
    """Return the font families of the settings, followed by installed ones with the letters they lack."""
    import matplotlib as mpl

    letters = {letter for text in texts if not text.isascii() for letter in text}
    needed = {_family(letter) for letter in letters if unicodedata.category(letter) != "Cf"}
    return [*mpl.rcParams["font.family"], *sorted(family for family in needed if family)]


def set_families(axes: Any) -> None:
    """Choose fonts that have the letters of axes and of the heading of their figure."""
    from matplotlib.text import Text

    for artist in [*axes.findobj(Text), *axes.figure.texts]:
        if not artist.get_text().isascii():
            artist.set_fontfamily(families([artist.get_text()]))


def _kind(letter: str) -> str:
    if _family(letter) is not None:
        return "drawn"
    category = unicodedata.category(letter)
    return "unseen" if category in _UNSEEN else "picture" if category == "So" else "letter"


def _family(letter: str) -> str | None:
    """Return "" if the font of the settings has a letter, the family of one that has it, or None."""
    from matplotlib import font_manager

    if letter.isascii():
        return ""
    default = str(font_manager.findfont(font_manager.FontProperties()))
    return "" if ord(letter) in _letters(default) else _other_family(ord(letter))


@cache
def _other_family(letter: int) -> str | None:
    return next((name for name, path in _other_fonts() if letter in _letters(path)), None)


@cache
def _other_fonts() -> list[tuple[str, str]]:
    """Return families and files of fonts for text, upright and of usual weight."""
    from matplotlib import font_manager

    return sorted(
        {
            (font.name, font.fname)
            for font in font_manager.fontManager.ttflist
            if font.style == "normal" and font.weight in (400, "normal", "regular")
            if not font.name.startswith(_NOT_FOR_TEXT)
        }
    )


@cache
def _letters(path: str) -> frozenset[int]:
    """Return the code points of a font; none if it has pictures of one size only."""
    from matplotlib.ft2font import FT2Font

    font = FT2Font(path)
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
