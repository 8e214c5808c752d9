"""Errors of ours over the best peer's in every cell, and their geometric means."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _harness import table

from complete_games.kinds import KINDS, Name
from complete_games.truth import INDICES

__all__ = ["keep_medians", "kept_medians", "medians", "print_failed", "print_report", "ratios"]

FLOOR = 1e-3
"""Relative errors below are as good as none: ratios take them as equal."""

Report = dict[str, Any]


class Row(NamedTuple):
    """The cells of some games of a kind, at a number of calls, for an index."""

    games: str  # "develop" or "report"
    kind: str
    calls: int
    index: str


Medians = dict[Row, dict[str, float]]
"""For every row the median error of each method over games and seeds."""


class Ratio(NamedTuple):
    """Ours beside the best peer of a row."""

    row: Row
    ours: float
    best: float
    peer: str

    @property
    def ratio(self) -> float:
        """The error of ours over that of the peer."""
        return max(self.ours, FLOOR) / max(self.best, FLOOR)


def medians(reports: list[Report]) -> Medians:
    """Return the medians of measured cells."""
    errors: dict[Row, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for report in reports:
        games = "report" if Name(report["kind"], report["index"]).reserved else "develop"
        for index, error in report.get("errors", {}).items():
            row = Row(games, report["kind"], report["calls"], index)
            errors[row][report["method"]].append(error)
    return {row: {m: float(np.median(some)) for m, some in of.items()} for row, of in errors.items()}


def kept_medians(path: Path) -> Medians:
    """Read what `keep_medians` wrote; nothing where there is no file."""
    if not path.exists():
        return {}
    _, *lines = map(json.loads, path.read_text().splitlines())
    return {Row(**{name: line[name] for name in Row._fields}): line["errors"] for line in lines}


def keep_medians(path: Path, known: Medians, machine: str) -> None:
    """Write medians, a row a line, behind a line that says where and when they were measured."""
    lines = [{"machine": machine}]
    lines += [
        row._asdict() | {"errors": {method: float(f"{error:.4g}") for method, error in sorted(of.items())}}
        for row, of in sorted(known.items())
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def ratios(known: Medians, games: str, estimator: str) -> list[Ratio]:
    """Return all rows in which both ours and a peer have been measured; peers are named "INDEX:NAME"."""
    found = []
    for row, errors in known.items():
        others = {method: error for method, error in errors.items() if ":" in method}
        if row.games == games and estimator in errors and others:
            peer = min(others, key=others.__getitem__)
            found.append(Ratio(row, errors[estimator], others[peer], peer.partition(":")[2]))
    return sorted(found, key=_place)


def _place(one: Ratio) -> tuple[int, int, int]:
    return INDICES.index(one.row.index), list(KINDS).index(one.row.kind), one.row.calls


def print_report(known: Medians, games: str, estimators: list[str]) -> None:
    """Print, for every estimator of ours, its geometric means and its ratio to the best peer of every row."""
    for estimator in estimators:
        found = ratios(known, games, estimator)
        print(f"`{estimator}`, games to {games}: error over that of the best peer of each row\n")
        print(table(("index", "rows", "geometric mean", "above 1", "worst"), _summary(found)), "\n")
        head = ("index", "kind", "calls", "ours", "best peer", "its error", "ratio")
        print(table(head, map(_written, found)), "\n")


def print_failed(reports: list[Report]) -> None:
    """Print how methods failed."""
    failed = sorted(
        {(r["method"], r["kind"], r["calls"], r["failed"][:80]) for r in reports if "failed" in r}
    )
    if failed:
        print("Failed:\n")
        print(table(("method", "kind", "calls", "how"), failed))


def _written(one: Ratio) -> tuple[str, ...]:
    _, kind, calls, index = one.row
    return index, kind, f"{calls:,}", f"{one.ours:.3g}", one.peer, f"{one.best:.3g}", f"{one.ratio:.2f}"


def _summary(found: list[Ratio]) -> Iterator[list[object]]:
    for index in INDICES:
        some = [one for one in found if one.row.index == index]
        if some:
            mean = np.exp(np.mean([np.log(one.ratio) for one in some]))
            worst = max(some, key=lambda one: one.ratio)
            above = sum(one.ratio > 1 for one in some)
            where = f"{worst.ratio:.2f} ({worst.row.kind}, {worst.row.calls:,})"
            yield [index, len(some), f"{mean:.3f}", above, where]
