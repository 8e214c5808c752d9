"""The tables of a report: one row for each run, and means over seeds and inputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.metrics.table import METRICS
from spex_plugins.comparison.report.statistics import mean_score, of_group
from spex_plugins.errors import MissingExtraError

if TYPE_CHECKING:
    import pandas as pd

    from spex_plugins.comparison.compare_input import InputReport
    from spex_plugins.comparison.run import Run

__all__ = ["groups_of", "rows_of_runs", "runs_frame", "summary_frame", "summary_rows"]


def rows_of_runs(runs: Sequence[Run]) -> list[dict[str, Any]]:
    """Return one dict for each run, with the same keys, in the order of the columns."""
    measured = _measured(runs)
    return [_row(run, measured) for run in runs]


def _row(run: Run, measured: Sequence[str]) -> dict[str, Any]:
    cell, scores = run.cell, run.scores
    none = float("nan")
    row = {
        "input": cell.input,
        "method": cell.method,
        "kind": cell.kind,
        "index": run.index,
        "budget": cell.budget,
        "seed": cell.seed,
        "calls": run.calls,
        "seconds": run.seconds,
        "memory_mib": run.memory,
        "cost": run.cost,
    }
    for name in measured:
        row[name] = scores.values.get(name, none)
        if name in ("r2", "r2_sizes"):
            row[f"{name}_low"], row[f"{name}_high"] = scores.intervals.get(name, (none, none))
    return row | {"held_out": int(scores.judged.sum()), "problem": run.problem, "note": scores.note}


def _measured(runs: Sequence[Run]) -> list[str]:
    """Return the metrics that some run has, and R², which is a column where all runs failed too."""
    return [name for name in METRICS if name == "r2" or any(name in run.scores.values for run in runs)]


def groups_of(runs: Sequence[Run]) -> list[tuple[str, str, int | None]]:
    """Return name, kind and budget of the rows of a summary: marginal methods first, each by budget."""
    found = dict.fromkeys((run.cell.method, run.cell.kind, run.cell.budget) for run in runs)
    place = {name: k for k, name in enumerate(dict.fromkeys(name for name, _, _ in found))}
    return sorted(found, key=lambda one: (one[1] != "marginal", place[one[0]], one[2] or 0))


def summary_rows(runs: Sequence[Run], inputs: Sequence[InputReport]) -> list[dict[str, Any]]:
    """Return one dict for each method and budget: means over seeds and inputs, with intervals of R²."""
    measured = _measured(runs)
    rows = []
    for method, kind, budget in groups_of(runs):
        every = [run for run in runs if (run.cell.method, run.cell.budget) == (method, budget)]
        scored = [run for run in of_group(runs, method, budget) if run.cell.budget == budget]
        row: dict[str, Any] = {"kind": kind, "method": method, "budget": budget}
        for name in ("calls", "seconds", "memory", "cost"):
            row[name] = _mean([getattr(run, name) for run in scored])
        for name in measured:
            score = mean_score(scored, inputs, name)
            row[name] = score.mean
            if name == "r2":
                row["r2_low"], row["r2_high"] = score.low, score.high
        problems = dict.fromkeys(run.problem for run in every if run.problem)
        row["failed"] = f"{sum(bool(run.problem) for run in every)} of {len(every)}" if problems else ""
        row["problem"] = "; ".join(problems)
        row["note"] = "; ".join(dict.fromkeys(run.scores.note for run in scored if run.scores.note))
        rows.append(row)
    return rows


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else float("nan")


def runs_frame(runs: Sequence[Run]) -> pd.DataFrame:
    """Return `rows_of_runs` as a DataFrame; a given explanation has no budget and no seed."""
    frame = _pandas().DataFrame(rows_of_runs(runs))
    return frame.astype({"budget": "Int64", "seed": "Int64"}) if len(frame) else frame


def summary_frame(runs: Sequence[Run], inputs: Sequence[InputReport]) -> pd.DataFrame:
    """Return `summary_rows` as a DataFrame, by kind, method and budget."""
    frame = _pandas().DataFrame(summary_rows(runs, inputs))
    return frame.astype({"budget": "Int64"}) if len(frame) else frame


def _pandas() -> Any:
    try:
        import pandas
    except ImportError as error:
        raise MissingExtraError('the table needs pandas: pip install "spex-plugins[compare]".') from error
    return pandas
