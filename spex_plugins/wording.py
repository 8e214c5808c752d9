"""Numbers of things in messages and titles."""

from __future__ import annotations

__all__ = ["counted"]


def counted(count: int, noun: str) -> str:
    """Return a number with its noun in the singular or the plural: "1 word", "1,200 words"."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
