"""A report as JSON."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

from spex_plugins.comparison.report.frames import rows_of_runs

if TYPE_CHECKING:
    from spex_plugins.comparison.report.report import Report

__all__ = ["json_document"]


def json_document(report: Report) -> str:
    """Return settings, recommendation, inputs and runs."""
    runs = [
        row | {"curves": run.scores.curves}
        for row, run in zip(rows_of_runs(report.runs), report.runs, strict=True)
    ]
    inputs = [
        {
            "features": list(one.feature_names),
            "output": one.output,
            "output_name": one.output_name,
            "n_calls": one.n_calls,
            "n_held_out": one.n_held_out,
            "n_stored": one.n_stored,
            "statement": one.statement,
        }
        for one in report.inputs
    ]
    found = {"recommendation": report.recommend(), "inputs": inputs, "runs": runs}
    document = {"settings": report.settings, **found}
    return json.dumps(_strict(document), indent=1, allow_nan=False, ensure_ascii=False)


def _strict(value: Any) -> Any:
    """Replace numbers that JSON does not have by null."""
    if isinstance(value, dict):
        return {str(key): _strict(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_strict(each) for each in value]
    return None if isinstance(value, float) and not isfinite(value) else value
