"""Numbers of things in messages and titles, and lists that are cut."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["counted", "first_of", "there_are"]


def counted(count: int, noun: str) -> str:
    """Return a number with its noun in the singular or the plural: "1 word", "1,200 words"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def there_are(count: int, noun: str) -> str:
    """Return "there is 1 word" or "there are 1,200 words"."""
    return f"there {'is' if count == 1 else 'are'} {counted(count, noun)}"


def first_of(texts: Sequence[str], most: int, joint: str = ", ") -> str:
    """Join texts; where they are too many, the first ones and the number of all: "1, 2, … (8)"."""
    more = [f"… ({len(texts):,})"] if len(texts) > most else []
    return joint.join([*texts[:most], *more])
