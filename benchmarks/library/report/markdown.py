"""Markdown tables, and numbers as they stand in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

__all__ = ["quartiles", "seconds", "table"]


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def seconds(value: float) -> str:
    """Write a duration with two significant digits or so."""
    if value < 0.0995:
        return f"{1000 * value:.2g} ms"
    return f"{value:.2f} s" if value < 9.995 else f"{value:.0f} s"


def quartiles(values: Sequence[float] | np.ndarray, form: str) -> str:
    """Write median and quartiles, each in a format such as ".2g"; nothing when there are no values."""
    if len(values) == 0:
        return ""
    low, middle, high = np.quantile(values, (0.25, 0.5, 0.75))
    return f"{middle:{form}} ({low:{form}}–{high:{form}})"
