"""Errors of ours over the best peer's in every cell, and their geometric means."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from _harness import table

from complete_games.kinds import KINDS, Name
from complete_games.truth import INDICES

__all__ = ["print_report", "ratios", "write_peers"]

FLOOR = 1e-6
"""Relative errors below are as good as none: ratios take them as equal."""

Report = dict[str, Any]


class Median(NamedTuple):
    """The median error of a method over the games and seeds of a cell."""

    error: float
    runs: int


class Ratio(NamedTuple):
    """Ours beside the best peer of a cell: a kind of games, a number of calls and an index."""

    kind: str
    calls: int
    index: str
    ours: float
    best: float
    peer: str

    @property
    def ratio(self) -> float:
        """The error of ours over that of the peer."""
        return max(self.ours, FLOOR) / max(self.best, FLOOR)


def medians(reports: list[Report], games: str) -> dict[tuple[str, int, str, str], Median]:
    """Return the median error for kind, calls, index and method, over "develop", "report" or "all" games."""
    errors = defaultdict(list)
    for report in reports:
        reserved = Name(report["kind"], report["index"]).reserved
        if games == "all" or reserved == (games == "report"):
            for index, error in report.get("errors", {}).items():
                errors[report["kind"], report["calls"], index, report["method"]].append(error)
    return {key: Median(float(np.median(some)), len(some)) for key, some in errors.items()}


def ratios(reports: list[Report], games: str, estimator: str) -> list[Ratio]:
    """Return all cells in which both ours and a peer have been measured."""
    known = medians(reports, games)
    found = []
    for (kind, calls, index, method), mine in known.items():
        others = {m: x.error for (*cell, m), x in known.items() if cell == [kind, calls, index] and ":" in m}
        if method == estimator and others:
            peer = min(others, key=others.__getitem__)
            found.append(Ratio(kind, calls, index, mine.error, others[peer], peer.partition(":")[2]))
    return sorted(found, key=lambda one: (INDICES.index(one.index), list(KINDS).index(one.kind), one.calls))


def print_report(reports: list[Report], games: str, estimators: list[str]) -> None:
    """Print, for every estimator of ours, its geometric means and its ratio to the best peer of every cell."""
    for estimator in estimators:
        found = ratios(reports, games, estimator)
        print(f"`{estimator}`, {games} games: error over that of the best peer of each cell\n")
        print(table(("index", "cells", "geometric mean", "above 1", "worst"), _summary(found)))
        print()
        head = ("index", "kind", "calls", "ours", "best peer", "its error", "ratio")
        rows = ((*_cell(one), f"{one.ours:.3g}", one.peer, f"{one.best:.3g}", f"{one.ratio:.2f}") for one in found)
        print(table(head, rows), "\n")
    failed = sorted({(r["method"], r["kind"], r["calls"], r["failed"][:80]) for r in reports if "failed" in r})
    if failed:
        print("Failed:\n")
        print(table(("method", "kind", "calls", "how"), failed))


def _cell(one: Ratio) -> tuple[str, str, str]:
    return one.index, one.kind, f"{one.calls:,}"


def _summary(found: list[Ratio]) -> Iterator[list[object]]:
    for index in INDICES:
        some = [one for one in found if one.index == index]
        if some:
            mean = np.exp(np.mean([np.log(one.ratio) for one in some]))
            worst = max(some, key=lambda one: one.ratio)
            above = sum(one.ratio > 1 for one in some)
            where = f"{worst.ratio:.2f} ({worst.kind}, {worst.calls:,})"
            yield [index, len(some), f"{mean:.3f}", above, where]


def write_peers(reports: list[Report], path: Path) -> None:
    """Write the median errors of the peers over all games."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("kind", "calls", "index", "method", "median_relative_rms_error", "runs"))
        for (kind, calls, index, method), found in sorted(medians(reports, "all").items()):
            if ":" in method:
                writer.writerow((kind, calls, index, method.partition(":")[2], f"{found.error:.6g}", found.runs))
