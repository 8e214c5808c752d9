"""`Report`: what was measured, as tables, charts, pages and one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from html import escape
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.frames import rows_of_runs, runs_frame, summary_frame, summary_rows
from spex_plugins.comparison.report.json_document import json_document
from spex_plugins.comparison.report.markdown import cost_statement, markdown, number
from spex_plugins.comparison.report.pictures import as_png
from spex_plugins.comparison.report.recommendation import recommendation
from spex_plugins.comparison.report.statistics import mean_score, of_group
from spex_plugins.errors import InputError
from spex_plugins.files import replacing
from spex_plugins.result import html_view
from spex_plugins.wording import counted

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from spex_plugins.comparison.compare_input import InputReport
    from spex_plugins.comparison.run import Run

__all__ = ["Report"]

_NEEDS = {
    "recovery": " and annotations=",
    "agreement": " and several seeds",
    "value_error": " where held_out allows all 2^n masks",
    "pair_error": " where held_out allows all 2^n masks",
}


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """The result of `spex_plugins.compare`.

    Attributes
    ----------
    runs : list of Run
        One for each input, method, budget and seed.
    inputs : list of InputReport
        Held-out values and counts of calls of each input.
    settings : dict
        What was asked, when, and with which versions.
    """

    runs: list[Run]
    inputs: list[InputReport]
    settings: dict[str, Any]

    @property
    def table(self) -> pd.DataFrame:
        """One row for each run, pandas: what it was, what it cost, its scores, and what went wrong."""
        return runs_frame(self.runs)

    @property
    def n_calls(self) -> int:
        """Number of model calls that the comparison made, all methods and the judgement together."""
        return sum(one.n_calls for one in self.inputs)

    @property
    def n_stored(self) -> int:
        """Number of values that came from a store."""
        return sum(one.n_stored for one in self.inputs)

    @property
    def budgets(self) -> list[int]:
        """The budgets, ascending."""
        return sorted(self.settings["budgets"])

    def summary(self) -> pd.DataFrame:
        """Return means over seeds and inputs, marginal methods first.

        R² below −1 counts as −1 in these means, so that one failure does not hide the rest.

        Returns
        -------
        pandas.DataFrame
            One row for each method and budget, with the 95 % interval of R².

        Raises
        ------
        MissingExtraError
            If pandas is not installed.
        """
        return summary_frame(self.runs, self.inputs)

    def recommend(self, budget: int | None = None, metric: str = "r2") -> str:
        """Return a sentence about which method is best, and where differences mean nothing.

        Parameters
        ----------
        budget : int, optional
            One of the budgets, by default the largest.
        metric : str
            A metric of `spex_plugins.comparison.METRICS` that has a direction.

        Returns
        -------
        str
            Methods are compared by paired differences over the inputs that all of them have a value of, with
            intervals that hold together with 95 %; for a single input, over its held-out masks.

        Raises
        ------
        InputError
            If the budget was not tried, or the metric was not measured or has no direction.
        """
        if not _is_known(metric) or METRICS[metric].direction == "none":
            directed = [name for name, one in METRICS.items() if one.direction != "none"]
            raise InputError(f"metric: must be one of {', '.join(directed)}, got {metric!r:.80}.")
        measured = self._measured()
        if measured and metric not in measured:
            directed = [name for name in measured if METRICS[name].direction != "none"]
            raise InputError(
                f"metric: {metric!r} was not measured; choose one of {directed}, or compare with metrics="
                f"[{metric!r}]{_NEEDS.get(metric, '')}."
            )
        chosen = self.budgets[-1] if budget is None else budget
        if chosen not in self.budgets:
            raise InputError(f"budget: {budget!r} was not tried; choose one of {self.budgets}.")
        return recommendation(self.runs, self.inputs, chosen, metric)

    def enough(self, r2: float = 0.8) -> dict[str, int | None]:
        """Return the smallest budget with which each method reaches an R² on uniform masks.

        Parameters
        ----------
        r2 : float
            The mean R² over inputs and seeds that is wished, below 1.

        Returns
        -------
        dict of str to int or None
            By method; None if none of the budgets is enough, 0 for an explanation that was given and is.

        Raises
        ------
        InputError
            If ``r2`` is not a number up to 1.
        """
        if isinstance(r2, bool) or not isinstance(r2, int | float | np.number) or not r2 <= 1:
            raise InputError(f"r2: must be a number up to 1, got {r2!r:.80}.")
        found: dict[str, int | None] = {}
        for method in self.settings["methods"]:
            given = any(run.cell.budget is None for run in self.runs if run.cell.method == method)
            budgets = [0] if given else self.budgets
            scores = {b: mean_score(of_group(self.runs, method, b), self.inputs, "r2").mean for b in budgets}
            found[method] = next((budget for budget, score in scores.items() if score >= r2), None)
        return found

    def plot(self, metric: str = "r2") -> Figure:
        """Draw a metric against the calls, with 95 % intervals.

        Parameters
        ----------
        metric : str
            A metric of `spex_plugins.comparison.METRICS`.

        Returns
        -------
        matplotlib.figure.Figure
            Marginal methods are dashed, explanations that were given horizontal.

        Raises
        ------
        InputError
            If the metric is unknown or was not measured.
        MissingExtraError
            If matplotlib is not installed.
        """
        from spex_plugins.comparison.report.charts import curves_over_calls

        if not _is_known(metric) or metric not in self._measured():
            raise InputError(f"metric: {metric!r:.80} was not measured; choose one of {self._measured()}.")
        figure = curves_over_calls(self.runs, self.inputs, self.budgets, metric)
        vars(figure)["_repr_png_"] = partial(as_png, figure)  # of figures without pyplot, notebooks show none
        return figure

    def to_markdown(self) -> str:
        """Return the recommendation, the summary and what went wrong as Markdown.

        Returns
        -------
        str
            Tables of marginal methods and of methods of interactions.
        """
        return markdown(self)

    def to_json(self) -> str:
        """Return everything that was measured as JSON.

        Returns
        -------
        str
            Settings, inputs and runs with their scores, intervals and curves; NaN is null.
        """
        return json_document(self)

    def save_html(self, path: str | PathLike[str]) -> None:
        """Write one self-contained page.

        Parameters
        ----------
        path : path-like
            An existing file is replaced once the page is complete.

        Raises
        ------
        MissingExtraError
            If matplotlib is not installed.
        OSError
            If the file cannot be written.
        """
        from spex_plugins.comparison.report.page import page

        content = page(self).encode()
        with replacing(path) as file:
            file.write(content)

    def _measured(self) -> list[str]:
        """Return the metrics that some run has, sorted."""
        return sorted({name for run in self.runs for name in run.scores.values})

    def __repr__(self) -> str:
        failed = sum(bool(run.problem) for run in self.runs)
        rows = counted(len(rows_of_runs(self.runs)), "run")
        rows += f", {failed} without a result" if failed else ""
        stored = f", {counted(self.n_stored, 'value')} from the store" if self.n_stored else ""
        return f"Report: {rows}; {counted(self.n_calls, 'model call')}{stored}\n{self.recommend()}"

    def _repr_html_(self) -> str:
        rows = (
            (
                row["method"],
                "given" if row["budget"] is None else f"{row['budget']:,}",
                row["problem"] or number(row["r2"]),
                f"{number(row['r2_low'])} to {number(row['r2_high'])}"
                if row["r2_low"] == row["r2_low"]
                else "",
            )
            for row in summary_rows(self.runs, self.inputs)
        )
        cells = ([f"<td class='t'>{escape(text)}</td>" for text in row] for row in rows)
        table = html_view.table(cells, titles=("method", "calls", "R²", "95 % interval"))
        told = (f"<p>{escape(text)}</p>" for text in (self.recommend(), cost_statement(self)))
        return html_view.view(*told, table)


def _is_known(metric: Any) -> bool:
    return isinstance(metric, str) and metric in METRICS
