"""Tables and records of a comparison: scores of all methods, and outcomes of claims."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from library.measure.result_files import Report as Record
from library.paper.claims import Outcome
from library.report.markdown import table
from spex_plugins.comparison.report import Report
from spex_plugins.comparison.report.frames import groups_of
from spex_plugins.comparison.report.statistics import mean_score, of_group

__all__ = ["claim_records", "claims_table", "knowledge_table", "score_records", "scores_table"]


def score_records(report: Report, metrics: Sequence[str], **about: Any) -> Iterator[Record]:
    """Yield a record for each method and budget: mean over inputs and 95 % interval of every metric."""
    for method, kind, calls in groups_of(report.runs):
        runs = of_group(report.runs, method, calls)
        every = [run for run in report.runs if (run.cell.method, run.cell.budget) == (method, calls)]
        scores = {metric: mean_score(runs, report.inputs, metric) for metric in metrics}
        problems = dict.fromkeys(run.problem for run in every if run.problem)
        record = about | {
            "method": method,
            "kind": kind,
            "calls": calls,
            "inputs": len(report.inputs),
            "scores": {
                name: [one.mean, one.low, one.high] for name, one in scores.items() if np.isfinite(one.mean)
            },
        }
        yield record | ({"failed": "; ".join(problems)} if problems else {})


def claim_records(outcomes: Iterable[Outcome], **about: Any) -> Iterator[Record]:
    """Yield a record for the outcome of each claim."""
    for one in outcomes:
        yield about | {
            "claim": one.claim.text,
            "calls": one.calls,
            "inputs": one.inputs,
            "ours": one.ours,
            "other": one.method,
            "best": one.best,
            "ahead": [one.gap, one.low, one.high],
            "outcome": one.outcome,
        }


def scores_table(records: Iterable[Record], metrics: dict[str, str]) -> str:
    """Return a table of means by method and calls; metrics by name, with their headings."""
    rows = [
        [record["method"], record["calls"], *(_mean(record, name) for name in metrics)] for record in records
    ]
    return table(["method", "calls", *metrics.values()], rows)


def claims_table(records: Iterable[Record]) -> str:
    """Return a table of claims, each with the difference that decides it."""
    rows = []
    for one in records:
        gap, low, high = one["ahead"]
        best = f"{one['best']:.3f} ({one['other']})"
        interval = f" ({low:+.3f} to {high:+.3f})" if one["inputs"] > 1 else ""
        rows.append(
            [one["claim"], one["calls"], f"{one['ours']:.3f}", best, f"{gap:+.3f}{interval}", one["outcome"]]
        )
    return table(["claim", "calls", "ours", "best other", "difference", "outcome"], rows)


def knowledge_table(records: Iterable[Record]) -> str:
    """Return a table of log-probabilities with some of the sentences."""
    header = ["log-probability of", "sentences kept", "mean", "above that of none"]
    return table(
        header,
        [
            [one["output"], one["sentences"], f"{one['log_prob']:.2f}", f"{one['above']} of {one['inputs']}"]
            for one in records
        ],
    )


def _mean(record: Record, metric: str) -> str:
    found = record["scores"].get(metric)
    return "" if found is None else f"{found[0]:.3f}"
