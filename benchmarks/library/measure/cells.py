"""Cells of a benchmark: computed in processes, each appended to a file at once, none computed twice."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import strftime
from typing import Any

from library.measure.processes import THREAD_VARIABLES
from library.measure.result_files import Report, append, begin_run, read_lines

__all__ = ["Computation"]


@dataclass(frozen=True)
class Computation:
    """How cells are computed.

    Attributes
    ----------
    benchmark : str
        Name of the kind of records.
    work : callable
        Cell → what was measured.
    set_up : callable
        Called once in every process, with ``settings``.
    settings : tuple
    peers : dict
        Versions of the packages of the peers' interpreter.
    """

    benchmark: str
    work: Callable[[Report], Report]
    set_up: Callable[..., None]
    settings: tuple[Any, ...]
    peers: dict[str, str]

    def run(self, cells: Iterable[Report], path: Path, jobs: int) -> None:
        """Append the cells that no file in the folder of ``path`` has yet to ``path``.

        Parameters
        ----------
        cells : iterable of dict
            What makes a cell the one it is.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        cells = list(cells)
        keys = list(cells[0]) if cells else []
        known = {_key(record, keys) for record in read_lines(path.parent) if set(keys) <= record.keys()}
        missing = [cell for cell in cells if _key(cell, keys) not in known]
        print(f"{len(cells)} cells, {len(cells) - len(missing)} of them known", flush=True)
        if not missing:
            return
        os.environ |= dict.fromkeys((*THREAD_VARIABLES, "LOKY_MAX_CPU_COUNT"), "1")
        cut_off = path.exists() and path.read_bytes()[-1:] not in (b"", b"\n")
        with path.open("a") as file:
            file.write("\n" if cut_off else "")
            begin_run(file, self.benchmark, self.peers)
            for cell, report in self._reports(missing, jobs):
                append(file, self.benchmark, cell | report | {"at": strftime("%Y-%m-%d %H:%M")})

    def _reports(self, cells: list[Report], jobs: int) -> Iterator[tuple[Report, Report]]:
        # Fresh processes: the numbers of threads are read when NumPy is imported.
        context = multiprocessing.get_context("spawn")
        with context.Pool(jobs, initializer=self.set_up, initargs=self.settings) as pool:
            yield from pool.imap(partial(_with_cell, self.work), cells)
            pool.close()
            pool.join()


def _with_cell(work: Callable[[Report], Report], cell: Report) -> tuple[Report, Report]:
    return cell, work(cell)


def _key(report: Report, keys: list[str]) -> tuple[Any, ...]:
    return tuple(report[key] for key in keys)
