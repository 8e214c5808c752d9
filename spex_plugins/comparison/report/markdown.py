"""A report as Markdown."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.frames import summary_rows
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from spex_plugins.comparison.report.report import Report

__all__ = ["cost_statement", "energy_by_order", "markdown", "number", "price", "shown_metrics"]

_KINDS = {"marginal": "Values of single features", "interaction": "Methods of interactions"}
_ARROWS = {"higher": " ↑", "lower": " ↓", "none": ""}


def markdown(report: Report) -> str:
    """Return the recommendation, a table for each kind of methods, and what it cost."""
    rows = summary_rows(report.runs, report.inputs)
    metrics = shown_metrics(rows)
    parts = [report.recommend(), cost_statement(report)]
    heads = [
        "method",
        "budget",
        *(METRICS[name].title + _ARROWS[METRICS[name].direction] for name in metrics),
    ]
    heads += ["energy of order 1 / 2 / ≥ 3", "seconds", "problems and notes"]
    for kind, title in _KINDS.items():
        of_kind = [row for row in rows if row["kind"] == kind]
        if of_kind:
            table = [_line(heads), _line(["---"] * len(heads)), *(_row(row, metrics) for row in of_kind)]
            parts += [f"## {title}", "\n".join(table)]
    return "\n\n".join(parts) + "\n"


def shown_metrics(rows: list[dict[str, Any]]) -> list[str]:
    """Return the metrics that some row of a summary has a value of; the energies share a column."""
    known = [name for name in METRICS if any(row.get(name, float("nan")) == row.get(name) for row in rows)]
    return [name for name in known if not name.startswith("energy_")]


def energy_by_order(row: dict[str, Any]) -> str:
    """Return the shares of the variance of an explanation in sets of one, two, and more features."""
    shares = [number(row.get(f"energy_{order}"), 2) for order in (1, 2, 3)]
    return " / ".join(shares) if all(shares) else ""


def cost_statement(report: Report) -> str:
    """Return what was asked and what it cost, in sentences."""
    held_out = sum(one.n_held_out for one in report.inputs)
    sizes = [len(one.feature_names) for one in report.inputs]
    told = (
        f"{counted(len(report.settings['methods']), 'method')}, budgets "
        f"{', '.join(map(str, report.budgets))}, {counted(len(report.settings['seeds']), 'seed')}, "
        f"{counted(len(sizes), 'input')} of {_range(sizes)}. {counted(report.n_calls, 'model call')} in all, "
        f"{held_out:,} of them for held-out masks"
    )
    if report.n_stored:
        told += f"; {counted(report.n_stored, 'value')} came from the store"
    outputs = Counter(one.output_label for one in report.inputs if one.output_label)
    if outputs:
        of_inputs = len(outputs) > 1
        listed = (f"{one} of {counted(k, 'input')}" if of_inputs else one for one, k in outputs.items())
        told += f". Explained: {', '.join(listed)}"
    problems = dict.fromkeys(one.statement for one in report.inputs if one.statement)
    return f"{told}. " + " ".join(f"{problem}." for problem in problems)


def number(value: Any, digits: int = 3) -> str:
    """Return a number for a table; nothing for NaN and None."""
    if value is None or value != value:
        return ""
    return (
        f"{value:,}" if isinstance(value, int) else f"{round(value, digits) + 0.0:.{digits}f}"
    )  # no "-0.000"


def price(value: float) -> str:
    """Return a price with three digits at least, however small the unit; nothing for NaN."""
    return "" if value != value else f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _row(row: dict[str, Any], metrics: list[str]) -> str:
    cells = [row["method"], "given" if row["budget"] is None else str(row["budget"])]
    for name in metrics:
        cells.append(number(row[name]))
        if name == "r2" and row["r2_low"] == row["r2_low"]:
            cells[-1] += f" ({number(row['r2_low'])} to {number(row['r2_high'])})"
    problem = f"{row['failed']}: {row['problem']}" if row["failed"] else ""
    told = "; ".join(filter(None, [problem, row["note"]]))
    return _line([*cells, energy_by_order(row), number(row["seconds"], 2), told])


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def _range(sizes: list[int]) -> str:
    most = counted(max(sizes), "feature")
    return most if min(sizes) == max(sizes) else f"{min(sizes)} to {most}"
