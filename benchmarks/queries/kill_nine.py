"""Kill runs at random moments with SIGKILL, start them again, and look for answers that are lost or wrong.

    python benchmarks kill_nine --kills 100

Every run works at the same store and is killed after a random number of milliseconds, in the middle of a
model call, a transaction or a start. After each, the store is read and compared with what had been asked.
"""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, sleep

import numpy as np

from library.measure.machine import machine
from library.measure.processes import BENCHMARKS, environment, worker
from library.measure.result_files import save
from library.report.markdown import table
from library.workers.killed_run import N, value
from spex_plugins.queries import Store

_BATCH = 8


@dataclass
class Tally:
    """What was seen; all but ``kills``, ``asked`` and ``wall_s`` should be 0, ``again`` at most a batch."""

    kills: int = 0
    asked: int = 0
    lost: int = 0
    wrong: int = 0
    again: int = 0
    wall_s: float = 0.0
    stored: set[bytes] = field(default_factory=set)
    asked_masks: set[bytes] = field(default_factory=set)


def start(folder: Path, notes: str, count: int, seconds: float) -> subprocess.Popen[bytes]:
    """Begin a run at the store of the folder."""
    arguments = [folder / "s.sqlite", folder / notes, count, _BATCH, seconds]
    variables = environment(own=True, threads=None)
    variables["PYTHONPATH"] += f"{os.pathsep}{BENCHMARKS.parent}"  # the package beside this folder
    command = [sys.executable, worker("killed_run"), *map(str, arguments)]
    return subprocess.Popen(command, env=variables)


def asked_in(file: Path) -> list[bytes]:
    """Return the masks that a run asked for, in order."""
    data, width = (file.read_bytes() if file.exists() else b""), -(-N // 8)
    return [data[i : i + width] for i in range(0, len(data), width)]


def examine(folder: Path, notes: str, tally: Tally) -> None:
    """Compare the store with what had been there and had been asked before."""
    asked = asked_in(folder / notes)
    stored: set[bytes] = set()
    if (folder / "s.sqlite").exists():
        with Store(folder / "s.sqlite") as store:
            known = bool(store.info()) and store.info()[0].answers > 0
            masks, values = store.export() if known else (np.zeros((0, N), dtype=bool), np.zeros((0, 2)))
        tally.wrong += int((values != value(masks)).any(axis=1).sum())
        stored = set(map(bytes, np.packbits(masks, axis=1)))
    answered = asked[: (max(0, len(asked) - 1) // _BATCH) * _BATCH]  # all batches but the last
    tally.lost += len(tally.stored - stored) + len(set(answered) - stored)
    tally.again = max(tally.again, len(set(asked) & tally.asked_masks), len(asked) - len(set(asked)))
    tally.asked += len(asked)
    tally.stored = stored
    tally.asked_masks |= set(asked)


def kill_often(
    folder: Path, kills: int, count: int, rng: np.random.Generator, seconds: float = 0.01
) -> Tally:
    """Kill so many runs, then let one end; a run that ends before it is killed does not count."""
    tally, begin = Tally(), perf_counter()
    run = 0
    while tally.kills < kills:
        run += 1
        process = start(folder, f"{run}", count, seconds)
        if rng.random() < 0.9:  # else it may die before it has begun
            while not asked_in(folder / f"{run}") and process.poll() is None:
                sleep(0.001)
        sleep(rng.uniform(0, 0.15))
        tally.kills += process.poll() is None
        process.kill()
        if process.wait() == 0:
            raise RuntimeError(f"the run ended before it was killed {kills} times; give more masks")
        examine(folder, f"{run}", tally)
    if start(folder, "last", count, 0.0).wait():
        raise RuntimeError("the last run failed")
    examine(folder, "last", tally)
    tally.lost += count - len(tally.stored)
    tally.wall_s = perf_counter() - begin
    return tally


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    print(machine() + "\n")
    with TemporaryDirectory() as name:
        tally = kill_often(
            Path(name), arguments.kills, 200 * arguments.kills, np.random.default_rng(arguments.seed)
        )
    head = (
        "killed",
        "answers",
        "asked",
        "lost",
        "wrong",
        "asked again after one kill, at most",
        "batch",
        "seconds",
    )
    numbers = (tally.kills, len(tally.stored), tally.asked, tally.lost, tally.wrong, tally.again, _BATCH)
    print(table(head, [[*map(str, numbers), f"{tally.wall_s:.0f}"]]))
    record = asdict(tally) | {"stored": len(tally.stored), "seed": arguments.seed}
    del record["asked_masks"]
    save(arguments.out, "kill_nine", [record])


if __name__ == "__main__":
    main()
