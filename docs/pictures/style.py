"""What the pictures of the documentation have in common."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import matplotlib.pyplot as plt
from palette import with_palette

HERE = Path(__file__).parent
RED, BLUE, GREY = "#d62750", "#1f77b4", "#9a9a9a"
COLORS = ["#1f77b4", "#d62750", "#2a9d62", "#8e5bb5", "#c98a1b"]

plt.rcParams.update(
    {
        "axes.spines.right": False,
        "axes.spines.top": False,
        "axes.titlelocation": "left",
        "axes.titlesize": 11,
        "figure.constrained_layout.use": True,
        "font.size": 10,
        "legend.frameon": False,
    }
)


def save(figure: plt.Figure, name: str) -> None:
    """Write a picture beside this file."""
    path, file = HERE / f"{name}.png", BytesIO()
    figure.savefig(file, dpi=160)
    path.write_bytes(with_palette(file.getvalue()))
    print(f"Written: {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}")
