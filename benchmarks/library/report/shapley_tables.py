"""Tables of `shapley_per_call.py`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from library.measure.machine import machine
from library.measure.result_files import Report
from library.report.markdown import quartiles, table

__all__ = ["print_report"]

_NOTHING = 1e-5  # of the mean size of a value: smaller errors are as good as none


def print_report(reports: list[Report], ours: Sequence[str], peers: Sequence[str]) -> None:
    """Print the errors of every game and budget, and ours beside the best peer's."""
    print(
        f"\n{machine()}\n\nMean absolute error of Shapley values: median (quartiles) over inputs and seeds.\n"
    )
    names = [*ours, *peers]
    print(table(("game", "calls", "mean size", *names), _error_rows(reports, names)))
    print("\nOurs beside the peer that is best in the median of that game and budget:\n")
    head = (
        "game",
        "calls",
        "ours",
        "best peer",
        "pairs",
        "ratio of errors, median (quartiles)",
        "ours ahead",
        "within two of our deviations",
    )
    print(table(head, _best_rows(reports, ours, peers)))
    failed = {(r["method"], r["game"], r["calls"], r["failed"][:80]) for r in reports if "failed" in r}
    if failed:
        print("\nFailed:\n")
        print(table(("method", "game", "calls", "how"), sorted(failed)))


def _error_rows(reports: list[Report], names: list[str]) -> Iterator[list[object]]:
    for game_name, calls in sorted({(r["game"], r["calls"]) for r in reports}):
        errors = [list(_errors(reports, game_name, calls, name).values()) for name in names]
        yield [
            game_name,
            f"{calls:,}",
            f"{_size(reports, game_name):.2g}",
            *(quartiles(each, ".2g") for each in errors),
        ]


def _best_rows(reports: list[Report], ours: Sequence[str], rivals: Sequence[str]) -> Iterator[list[object]]:
    for game_name, calls in sorted({(r["game"], r["calls"]) for r in reports}):
        peers = {name: _errors(reports, game_name, calls, name) for name in rivals}
        medians = {name: np.median(list(errors.values())) for name, errors in peers.items() if errors}
        for name in ours:
            errors = _errors(reports, game_name, calls, name)
            if errors and medians:
                best = min(medians, key=lambda peer: medians[peer])
                both = [key for key in errors if key in peers[best]]
                floor = _NOTHING * _size(reports, game_name)
                ratios = np.array([max(errors[key], floor) / max(peers[best][key], floor) for key in both])
                ahead = f"{(ratios <= 1).mean():.0%}"
                held = [r["within_two"] for r in _of(reports, game_name, calls, name) if "within_two" in r]
                within = f"{np.mean(held):.0%}" if held else ""
                yield [
                    game_name,
                    f"{calls:,}",
                    name,
                    best,
                    len(both),
                    quartiles(ratios, ".2g"),
                    ahead,
                    within,
                ]


def _errors(reports: list[Report], game_name: str, calls: int, method: str) -> dict[tuple[int, int], float]:
    some = _of(reports, game_name, calls, method)
    return {(r["input"], r["seed"]): r["mae"] for r in some if "mae" in r}


def _of(reports: list[Report], game_name: str, calls: int, method: str) -> list[Report]:
    wanted = (game_name, calls, method)
    return [r for r in reports if (r["game"], r["calls"], r["method"]) == wanted]


def _size(reports: list[Report], game_name: str) -> float:
    return float(np.mean([r["size"] for r in reports if r["game"] == game_name and "size" in r]))
