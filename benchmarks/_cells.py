"""Cells of a benchmark: computed in processes, each appended to a file at once, none computed twice."""

from __future__ import annotations

import json
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import strftime
from typing import Any

from _harness import THREAD_VARIABLES

__all__ = ["Report", "compute", "read"]

Report = dict[str, Any]


def read(folder: Path) -> list[Report]:
    """Return all cells in the files of a folder."""
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line) for line in lines if line.endswith("}")]  # the last may have been cut off


def compute(
    cells: Iterable[Report],
    work: Callable[[Report], Report],
    path: Path,
    jobs: int,
    set_up: Callable[..., None],
    *settings: Any,
) -> None:
    """Append the cells that no file in the folder of ``path`` has yet to ``path``.

    Parameters
    ----------
    cells : iterable of dict
        What makes a cell the one it is; `work` returns what was measured.
    set_up : callable
        Called once in every process, with ``settings``.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = list(cells)
    keys = list(cells[0]) if cells else []
    known = {_key(report, keys) for report in read(path.parent) if set(keys) <= report.keys()}
    missing = [cell for cell in cells if _key(cell, keys) not in known]
    print(f"{len(cells)} cells, {len(cells) - len(missing)} of them known", flush=True)
    os.environ |= dict.fromkeys((*THREAD_VARIABLES, "LOKY_MAX_CPU_COUNT"), "1")
    cut_off = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
    with path.open("a") as file:
        file.write("\n" if cut_off else "")
        for cell, report in _reports(missing, work, jobs, set_up, settings):
            file.write(json.dumps(cell | report | {"at": strftime("%Y-%m-%d %H:%M")}) + "\n")
            file.flush()


def _reports(
    cells: list[Report],
    work: Callable[[Report], Report],
    jobs: int,
    set_up: Callable[..., None],
    settings: Any,
) -> Iterator[tuple[Report, Report]]:
    # Fresh processes: the numbers of threads are read when NumPy is imported.
    context = multiprocessing.get_context("spawn")
    with context.Pool(jobs, initializer=set_up, initargs=settings) as pool:
        yield from pool.imap(_Both(work), cells)
        pool.close()
        pool.join()


class _Both:
    def __init__(self, work: Callable[[Report], Report]) -> None:
        self._work = work

    def __call__(self, cell: Report) -> tuple[Report, Report]:
        return cell, self._work(cell)


def _key(report: Report, keys: list[str]) -> tuple[Any, ...]:
    return tuple(report[key] for key in keys)
