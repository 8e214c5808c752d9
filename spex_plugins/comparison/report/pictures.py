"""Pictures of a page: charts, and the explanation of the best method drawn on the text or the image."""

from __future__ import annotations

from base64 import b64encode
from html import escape
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.plots.pages.html_page import to_html
from spex_plugins.result.interactions import Interactions

if TYPE_CHECKING:
    from spex_plugins.comparison.report.report import Report
    from spex_plugins.comparison.run import Run

__all__ = ["as_image", "as_png", "best_run", "explanation_picture", "interactions_of"]

_TOP = 10


def as_image(figure: Any, alt: str) -> str:
    """Return a figure as an image element with SVG inside, which scrolls where it is too wide."""
    import matplotlib

    file = BytesIO()
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": alt, "font.family": "sans-serif"}):
        figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
    content = b64encode(file.getvalue()).decode()
    return f'<div class="wide"><img alt="{escape(alt)}" src="data:image/svg+xml;base64,{content}"></div>'


def as_png(figure: Any) -> bytes:
    """Return a figure as a PNG file."""
    file = BytesIO()
    figure.savefig(file, format="png", dpi=110)
    return file.getvalue()


def best_run(report: Report, number: int) -> Run | None:
    """Return the run with the highest R² on an input; of those of one value as shown, one of interactions."""
    known = [
        run
        for run in report.runs
        if run.cell.input == number and run.surrogate and np.isfinite(run.scores.values.get("r2", np.nan))
    ]

    def merit(run: Run) -> tuple[float, bool, float]:
        score = run.scores.values["r2"]
        return round(score, 3), run.cell.kind == "interaction", score

    return max(known, key=merit, default=None)


def interactions_of(run: Run, report: Report) -> Interactions:
    """Return the explanation of a run as `Interactions`, whatever method made it."""
    about = report.inputs[run.cell.input]
    held_out = about.held_out
    assert run.surrogate is not None
    assert held_out is not None
    return Interactions(
        function=run.surrogate.function,
        feature_names=about.feature_names,
        n_calls=run.calls,
        budget=run.cell.budget or 0,
        r2=np.array(run.scores.values["r2"]),
        r2_source=METRICS["r2"].about,
        estimator=run.cell.method,
        design=f"{run.calls} masks",
        empty_value=np.array(held_out.empty),
        full_value=np.array(held_out.full),
    )


def explanation_picture(report: Report, number: int) -> str:
    """Return a section with the strongest effects that the best method found; "" if none has scores."""
    run = best_run(report, number)
    if run is None:
        return ""
    found, game = interactions_of(run, report), report.inputs[number].value_function
    told = "what acts together" if run.cell.kind == "interaction" else "what matters"
    output = report.inputs[number].output_label
    told = f"Input {number}: {told}" if len(report.inputs) > 1 else told.capitalize()  # as in the table
    title = f"{told}{f' for {output}' if output else ''}, by {run.cell.method}"
    if hasattr(game, "image") and hasattr(game, "regions"):
        return f"<section><h2>{escape(title)}</h2>{_on_image(game, found)}</section>\n"
    inner = escape(to_html(found, top=_TOP, title=title), quote=True)
    return f'<section><iframe title="{escape(title)}" srcdoc="{inner}"></iframe></section>\n'


def _on_image(game: Any, found: Interactions) -> str:
    import matplotlib.pyplot as plt

    from spex_plugins.plots.image_regions import image_regions

    figure: Any = image_regions(game.image, game.regions, found, top=_TOP).figure
    file = BytesIO()
    figure.savefig(file, format="png", dpi=80)
    plt.close(figure)
    content = b64encode(file.getvalue()).decode()
    return f'<img alt="interactions of regions" src="data:image/png;base64,{content}">'
