"""Numbers of things in messages and titles."""

from __future__ import annotations

__all__ = ["counted", "there_are"]


def counted(count: int, noun: str) -> str:
    """Return a number with its noun in the singular or the plural: "1 word", "1,200 words"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def there_are(count: int, noun: str) -> str:
    """Return "there is 1 word" or "there are 1,200 words"."""
    return f"there {'is' if count == 1 else 'are'} {counted(count, noun)}"
