"""The table of metrics: name, direction, and what it measures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["METRICS", "Metric"]

Direction = Literal["higher", "lower", "none"]


@dataclass(frozen=True)
class Metric:
    """A metric.

    Attributes
    ----------
    name : str
        Column of the table.
    direction : {"higher", "lower", "none"}
        Which values are better; "none" if neither is.
    title : str
        A few words for charts and reports.
    about : str
        What it measures.
    """

    name: str
    direction: Direction
    title: str
    about: str

    @property
    def page(self) -> str:
        """The section of the documentation that defines it."""
        return f"docs/howto/compare.md#{self.name.replace('_', '-')}"


_TABLE = (
    Metric("r2", "higher", "R², uniform masks", "share of the variance of held-out uniform masks that is predicted"),
)

METRICS: dict[str, Metric] = {metric.name: metric for metric in _TABLE}
"""All metrics by name."""
