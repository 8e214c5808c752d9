"""One self-contained HTML page that a stranger reads without help."""

from __future__ import annotations

from html import escape
from math import isfinite, nan
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.charts import bars_of_budget, curves_by_features, curves_over_calls
from spex_plugins.comparison.report.frames import summary_rows
from spex_plugins.comparison.report.markdown import (
    cost_statement,
    energy_by_order,
    number,
    price,
    shown_metrics,
)
from spex_plugins.comparison.report.page_style import STYLE
from spex_plugins.comparison.report.pictures import as_image, explanation_picture
from spex_plugins.plots.pages.html_style import framed

if TYPE_CHECKING:
    from spex_plugins.comparison.report.report import Report

__all__ = ["page"]

_MOST_BYTES = 900_000
_MOST_PICTURES = 6
_WISHED = (0.5, 0.7, 0.8, 0.9, 0.95)
_ARROWS = {"higher": "higher is better", "lower": "lower is better", "none": ""}
_KINDS = {
    "interaction": (
        "Methods of interactions",
        "They give values to single features and to sets of features.",
    ),
    "marginal": (
        "Methods of single features",
        "They give one value to each feature, and predict by adding them up.",
    ),
}
_OTHER_COLUMNS = {
    "energy by order": "Shares of the variance of the explanation in single features, pairs and larger sets.",
    "calls": "Distinct masks that a method was allowed to ask about.",
    "seconds, MiB": "Time and growth of memory of the method itself, without the model.",
    "cost": "Price of its calls.",
}
_READ = (
    "A model was asked about inputs of which some features were masked. Every method explained it from the "
    "same number of such questions (calls). An explanation stands for a function of the features that are "
    "kept, and is judged by how well this function predicts answers that its method has not asked for: "
    "R² = 1 is perfect, 0 is as good as always predicting the mean, and below 0 is worse than that. Where a "
    "method asked for all answers there are, or an explanation was given, it is judged on all held-out ones."
)


def page(report: Report) -> str:
    """Return the page; pictures of explanations are left out where it would exceed a megabyte."""
    rows = summary_rows(report.runs, report.inputs)
    parts = [
        "<header><h1>Which explanation can be trusted?</h1>"
        f'<p class="recommendation">{escape(report.recommend())}</p>'
        f'<p class="quiet">{escape(cost_statement(report))}</p></header>',
        _section("How to read this page", f"<p>{_READ}</p>"),
        _section("R² over calls", _calls(report)),
        _section(f"R² with {report.budgets[-1]:,} calls", _bars(report)),
        *(
            _section(title, f'<p class="quiet">{about}</p>{_table(kind, rows)}')
            for kind, (title, about) in _KINDS.items()
        ),
        *_curves(report),
        _problems(report),
        _notes(report),
    ]
    definitions = _section("What the columns mean", _definitions(rows))
    parts += _explanations(report, _MOST_BYTES - sum(len(part.encode()) for part in (*parts, definitions)))
    parts.append(definitions)
    settings = report.settings
    versions = ", ".join(f"{name} {version}" for name, version in settings["versions"].items())
    foot = escape("; ".join([settings["date"], settings["system"], versions]))
    parts.append(f'<p class="quiet foot">{foot}</p>')
    return framed("Comparison of explanations", f"<main>{''.join(filter(None, parts))}</main>", STYLE)


def _section(title: str, content: str) -> str:
    return f"<section><h2>{escape(title)}</h2>{content}</section>\n" if content else ""


def _calls(report: Report) -> str:
    if not _has_r2(report):
        return ""  # the first sentence of the page says why
    figure = curves_over_calls(report.runs, report.inputs, report.budgets, "r2")
    heads = "".join(f"<th>R²&nbsp;≥&nbsp;{wished}</th>" for wished in _WISHED)
    columns = [report.enough(wished) for wished in _WISHED]
    body = "".join(
        _cells([escape(name), *(_enough(column[name]) for column in columns)])
        for name in report.settings["methods"]
    )
    return (
        f"{as_image(figure, 'R² over the number of calls')}"
        "<p class='quiet'>Full lines are methods of interactions, dashed lines methods of single features. "
        "Shaded: 95 % intervals. What lies below 0 is cut off, and "
        "in means R² below −1 counts as −1.</p><h3>How many calls are enough?</h3>"
        "<p class='quiet'>The smallest number of calls tried with which the mean R² reaches a value.</p>"
        + _wide(f"<th>method</th>{heads}", body)
    )


def _has_r2(report: Report, budget: int | None = None) -> bool:
    """Tell whether some run has R², of those with a budget if one is given."""
    some = [run for run in report.runs if budget is None or run.cell.budget in (budget, None)]
    return any(isfinite(run.scores.values.get("r2", nan)) for run in some)


def _enough(budget: int | None) -> str:
    return "–" if budget is None else "given" if budget == 0 else f"{budget:,}"


def _bars(report: Report) -> str:
    if not _has_r2(report, report.budgets[-1]):
        return ""
    figure = bars_of_budget(report.runs, report.inputs, report.budgets[-1], "r2")
    return as_image(figure, "R² of every method")


def _table(kind: str, rows: list[dict[str, Any]]) -> str:
    of_kind = [row for row in rows if row["kind"] == kind]
    if not of_kind:
        return "<p>None was compared.</p>"
    metrics = shown_metrics(rows)
    titles = "".join(
        f"<th title='{escape(METRICS[name].about)}'>{escape(METRICS[name].title)}</th>" for name in metrics
    )
    spent = "".join(f"<th>{title}</th>" for title in ("energy by order", "seconds", "MiB", "cost"))
    heads = f"<th>method</th><th>calls</th>{titles}{spent}"
    body = "".join(_row(row, metrics) for row in of_kind)
    return _wide(heads, body)


def _wide(heads: str, body: str) -> str:
    return f"<div class='wide'><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>"


def _cells(texts: list[str]) -> str:
    return f"<tr>{''.join(f'<td>{text}</td>' for text in texts)}</tr>"


def _row(row: dict[str, Any], metrics: list[str]) -> str:
    name, budget = escape(row["method"]), "given" if row["budget"] is None else f"{row['budget']:,}"
    if row["failed"] and row["calls"] != row["calls"]:  # no run has scores
        told = f"<td class='no' colspan='{len(metrics) + 4}'>{escape(row['problem'])}</td>"
        return f"<tr><td>{name}</td><td>{budget}</td>{told}</tr>"
    scores = [number(row[metric]) for metric in metrics]
    if row["r2_low"] == row["r2_low"]:
        scores[metrics.index("r2")] += f" <small>{number(row['r2_low'])} to {number(row['r2_high'])}</small>"
    spent = [number(row["seconds"], 2), number(row["memory"], 0), price(row["cost"])]
    return _cells([name, budget, *scores, energy_by_order(row), *spent])


def _curves(report: Report) -> list[str]:
    found = []
    for name in ("removal", "insertion", "deletion"):
        if any(run.scores.curves.get(name) for run in report.runs):
            figure = curves_by_features(report.runs, report.inputs, report.budgets[-1], name)
            note = f"<p class='quiet'>{escape(METRICS[name].about)}; {_ARROWS[METRICS[name].direction]}.</p>"
            found.append(
                _section(METRICS[name].title.capitalize(), note + as_image(figure, METRICS[name].title))
            )
    return found


def _problems(report: Report) -> str:
    told = dict.fromkeys(f"{run.cell.method}: {run.problem}" for run in report.runs if run.problem)
    told |= dict.fromkeys(
        f"input {k}: {one.statement}" for k, one in enumerate(report.inputs) if one.statement
    )
    items = "".join(f"<li>{escape(one)}</li>" for one in told)
    return _section("What did not work", f"<ul>{items}</ul>" if items else "")


def _notes(report: Report) -> str:
    told = dict.fromkeys(f"{run.cell.method}: {run.scores.note}" for run in report.runs if run.scores.note)
    items = "".join(f"<li>{escape(one)}</li>" for one in told)
    return _section("What to know about the scores", f"<ul>{items}</ul>" if items else "")


def _definitions(rows: list[dict[str, Any]]) -> str:
    items = "".join(
        f"<dt>{escape(METRICS[name].title)}</dt><dd>{escape(METRICS[name].about)}"
        f"{f' ({direction})' if (direction := _ARROWS[METRICS[name].direction]) else ''}. "
        f"<code>{escape(METRICS[name].page)}</code></dd>"
        for name in shown_metrics(rows)
    )
    others = "".join(f"<dt>{name}</dt><dd>{about}</dd>" for name, about in _OTHER_COLUMNS.items())
    return f"<dl>{items}{others}</dl>"


def _explanations(report: Report, left: int) -> list[str]:
    """Return sections with the explanation of the best method for each input, as long as there is room."""
    found = []
    for number_of_input in range(min(len(report.inputs), _MOST_PICTURES)):
        section = explanation_picture(report, number_of_input)
        left -= len(section.encode())
        if left < 0:
            break
        found.append(section)
    return found
