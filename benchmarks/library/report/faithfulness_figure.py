"""The figure of `faithfulness_per_call.py`: R² against model calls, a panel for every n."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from library.measure.result_files import Report
from library.report.faithfulness_scores import RIVALS, Results, label

__all__ = ["draw"]

_OURS = ("#0b5fa5", "#4aa3df", "#7b61c9", "#16a085", "#b0b000", "#d46a9f")
_OTHERS = {
    "proxyspex-authors": "#d35400",
    "proxyspex-shapiq": "#f0a04b",
    "spex-authors": "#2e8b3d",
    "spex-shapiq": "#8cc78f",
    "additive": "#888888",
}


def draw(reports: list[Report], game: str, ours: Sequence[str], path: Path) -> None:
    """Draw medians and quartiles over inputs and seeds of one game."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.ticker import FuncFormatter, NullFormatter

    styles: dict[str, dict[str, Any]] = {
        name: {"color": color, "ls": "-", "lw": 2} for name, color in zip(ours, _OURS, strict=False)
    }
    styles |= {name: {"color": _OTHERS[name], "ls": "--"} for name in RIVALS}
    styles["additive"] = {"color": _OTHERS["additive"], "ls": ":"}
    sizes = sorted({r["n"] for r in reports if r["game"] == game})
    figure, axes = plt.subplots(
        1,
        len(sizes),
        figsize=(max(6, 3.2 * len(sizes)), 3.4),
        squeeze=False,
        sharey=True,
        layout="constrained",
    )
    handles: dict[str, Any] = {}
    for axis, n in zip(axes[0], sizes, strict=True):
        some = Results([r for r in reports if (r["game"], r["n"]) == (game, n)])
        for name, style in styles.items():
            if points := list(some.curve(name)):
                calls, (low, middle, high) = [c for c, _ in points], np.array([q for _, q in points]).T
                (handles[label(name)],) = axis.plot(calls, middle, marker="o", ms=3, **style)
                axis.fill_between(calls, low, high, color=style["color"], alpha=0.12, lw=0)
        axis.set(xscale="log", title=f"n = {n}", xlabel="model calls")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda calls, _: f"{calls:,.0f}"))
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.set_xticks([500, 2000, 10_000, 50_000])
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("R² on unseen masks")
    figure.legend(handles.values(), handles.keys(), loc="outside lower center", ncols=6, frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)
