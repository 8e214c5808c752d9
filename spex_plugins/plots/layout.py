"""Positions of the words: lines are filled from left to right, in points, y downwards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Box", "fill_lines"]


@dataclass(frozen=True)
class Box:
    """The background of one word; its vertical place follows from its line."""

    left: float
    width: float
    line: int

    @property
    def right(self) -> float:
        """Right edge."""
        return self.left + self.width

    @property
    def center(self) -> float:
        """Horizontal centre."""
        return self.left + self.width / 2


def fill_lines(widths: Sequence[float], line_width: float, space: float) -> list[Box]:
    """Fill lines from left to right.

    Parameters
    ----------
    widths : sequence of float
        Widths of the words.
    line_width : float
        Width of a line; a word that is wider stands alone on its line.
    space : float
        Distance between words.
    """
    boxes: list[Box] = []
    left, line = 0.0, 0
    for width in widths:
        if left > 0 and left + width > line_width:
            left, line = 0.0, line + 1
        boxes.append(Box(left, width, line))
        left += width + space
    return boxes
