"""Errors of ours over the best peer's in every cell, and their geometric means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple, TextIO

import numpy as np

from library.games.complete.kinds import KINDS, Name
from library.games.complete.true_indices import INDICES
from library.measure.result_files import Report, append, begin_run
from library.report.markdown import table

__all__ = [
    "medians",
    "print_covered",
    "print_failed",
    "print_report",
    "ratios",
    "read_medians",
    "write_medians",
]

FLOOR = 1e-3
"""Relative errors below are as good as none: ratios take them as equal."""

BENCHMARK = "complete_tables_medians"
"""Kind of these records in the schema."""


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
        name = Name.parse(report["game"])
        games = "report" if name.reserved else "develop"
        for index, error in report.get("errors", {}).items():
            row = Row(games, name.kind, report["calls"], index)
            errors[row][report["method"]].append(error)
    return {row: {m: float(np.median(some)) for m, some in of.items()} for row, of in errors.items()}


def read_medians(records: list[Report]) -> Medians:
    """Return the medians that `write_medians` wrote."""
    return {Row(**{name: record[name] for name in Row._fields}): record["errors"] for record in records}


def write_medians(file: TextIO, known: Medians, peers: dict[str, str]) -> None:
    """Write medians, a record for every row."""
    begin_run(file, BENCHMARK, peers)
    for row, errors in sorted(known.items()):
        rounded = {method: float(f"{error:.4g}") for method, error in sorted(errors.items())}
        append(file, BENCHMARK, row._asdict() | {"errors": rounded})


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


def print_covered(reports: list[Report], games: str, estimators: list[str]) -> None:
    """Print how many of the true values lie within two of the deviations that each estimator states."""
    for estimator in estimators:
        shares: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for report in reports:
            name = Name.parse(report["game"])
            if report["method"] == estimator and name.reserved == (games == "report"):
                for index, share in report.get("covered", {}).items():
                    shares[name.kind][index].append(share)
                    shares["all"][index].append(share)
        if shares:
            print(
                f"`{estimator}`, games to {games}: share of the truth within two of the stated deviations\n"
            )
            kinds = [kind for kind in (*KINDS, "all") if kind in shares]
            rows = [[kind, *(f"{np.mean(shares[kind][index]):.0%}" for index in INDICES)] for kind in kinds]
            print(table(("kind", *INDICES), rows), "\n")


def print_failed(reports: list[Report]) -> None:
    """Print how methods failed."""
    failed = sorted(
        {(r["method"], r["game"], r["calls"], r["failed"][:80]) for r in reports if "failed" in r}
    )
    if failed:
        print("Failed:\n")
        print(table(("method", "game", "calls", "how"), failed))


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
