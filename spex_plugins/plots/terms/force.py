"""What pushes a value up and what pushes it down, as two stacks that meet at f(x)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spex_plugins.plots.canvas import require_matplotlib
from spex_plugins.plots.colors import MUTED_COLOR, TEXT_COLOR, shade
from spex_plugins.plots.plot_data import signed
from spex_plugins.plots.terms.additive_terms import Part, additive_terms
from spex_plugins.plots.terms.axes import new_axes, write_title
from spex_plugins.plots.terms.shared_docs import with_shared_docs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

__all__ = ["force"]

_LEAST = 0.03  # share of the width from which a part has a label


@with_shared_docs
def force(
    interactions: Any,
    *,
    index: str = "FSII",
    order: int | None = None,
    top: int = 12,
    output: int | None = None,
    words: Sequence[str] | None = None,
    title: str | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw the parts of f(x) − f(∅) that push up and those that push down, end to end.

    The red parts end where the blue ones begin, at f(x); all parts are those of `waterfall`.

    Parameters
    ----------
    {which}
    top : int
        Number of parts, ≥ 1.
    {names}
    {axes}

    Returns
    -------
    matplotlib Axes
        Its horizontal axis is in the unit of the value function.

    Raises
    ------
    {raises}
    """
    require_matplotlib()
    terms = additive_terms(interactions, index, order, top, output, words)
    if ax is None:
        ax = new_axes(760.0, 250.0)
    up = [part for part in terms.parts if part.value > 0]
    down = [part for part in terms.parts if part.value < 0]
    limit = max((abs(part.value) for part in terms.parts), default=1.0)
    reach = sum(abs(part.value) for part in terms.parts) or 1.0
    for parts, sign in ((up, 1), (down, -1)):
        _stack(ax, parts, terms.total, sign, limit, reach)
    ax.axvline(terms.total, color=TEXT_COLOR, lw=1.4, ymin=0.48, ymax=0.88)
    low = terms.total - sum(part.value for part in up)
    high = terms.total - sum(part.value for part in down)
    ax.axvline(terms.base, color="#8b92a0", lw=1.0, ls=(0, (3, 2)), ymin=0.48, ymax=0.83)
    ax.set_xlim(min(low, terms.base) - 0.06 * reach, max(high, terms.base) + 0.06 * reach)
    ax.set_ylim(-3.2, 1.7)
    ends = (
        (terms.total, 1.25, f"fitted f(x) = {terms.total:.3g}", "bold"),
        (terms.base, 0.95, "f(∅)", "normal"),
    )
    for at, level, text, weight in ends[: 1 if abs(terms.total - terms.base) < 0.1 * reach else 2]:
        style: dict[str, Any] = {"ha": "center", "size": 9.5, "color": TEXT_COLOR, "weight": weight}
        ax.text(at, level, text.replace("-", "−"), **style)
    ax.set_yticks([])
    ax.tick_params(axis="x", length=3, labelsize=8.5, labelcolor=MUTED_COLOR)
    ax.spines[["left", "right", "top"]].set_visible(False)
    ax.spines["bottom"].set_color("#c3c7d0")
    write_title(ax, title, terms.content.facts, f"red pushes up, blue pushes down; {terms.note}")
    return ax


def _stack(ax: Axes, parts: list[Part], total: float, sign: int, limit: float, reach: float) -> None:
    """Draw parts from f(x) outwards, red to the left of it and blue to the right, the largest first."""
    at, level = total, 0
    for part in parts:
        width = abs(part.value)
        left = at - width if sign > 0 else at
        color = shade(part.value, limit, least=0.45, most=0.9) if part.size else "#b9bec8"
        ax.barh(0.0, width, left=left, height=1.0, color=color, edgecolor="white", linewidth=1.2, gid="term")
        if width > _LEAST * reach:
            middle, below = left + width / 2, -0.75 - 0.75 * (level % 3)
            ax.plot([middle, middle], [-0.5, below + 0.1], color="#c3c7d0", lw=0.8)
            text = f"{part.label if part.size else 'others'}\n{signed(part.value, limit)}"
            style: dict[str, Any] = {
                "ha": "center",
                "va": "top",
                "size": 8,
                "color": TEXT_COLOR,
                "parse_math": False,
            }
            ax.text(middle, below + 0.08, text, **style)
            level += 1
        at = left if sign > 0 else left + width
