"""What the query layer costs beside the model: asking, storing, opening, and what a second worker brings.

    python benchmarks query_overhead

The value function of the first table costs next to nothing, so that what is left is the layer. Prints
markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

import numpy as np

from library.measure.machine import machine
from library.measure.result_files import Report, save
from library.report.markdown import table
from spex_plugins.queries import Queries, QueryOptions, Session, Store

_N, _BATCH = 256, 1000


def first_feature(masks: np.ndarray) -> np.ndarray:
    return masks[:, 0] * 1.0


class Digests:
    """A value function that keeps a processor busy: chained hashes, a millisecond or so for every mask."""

    def __init__(self, repeats: int) -> None:
        self.repeats = repeats

    def __call__(self, masks: np.ndarray) -> np.ndarray:
        return np.array([self._one(mask.tobytes()) for mask in masks])

    def _one(self, data: bytes) -> float:
        for _ in range(self.repeats):
            data = sha256(data).digest()
        return data[0] / 255


def ask(function, masks: np.ndarray, **options) -> tuple[float, int]:
    """Ask in a session of its own; returns seconds and how many answers came from the store."""
    queries: QueryOptions = {"batch_size": _BATCH, "progress": False, **options}
    start = perf_counter()
    with Session(function, Queries(**queries)) as session:
        answers = session.ask(masks)
    return perf_counter() - start, answers.n_stored


def overhead(folder: Path, masks: np.ndarray, repeats: int) -> list[Report]:
    reports = []
    for i in range(repeats):
        stored = {"store": folder / f"{i}.sqlite", "fingerprint": "first feature"}
        for what, options in (("no store", {}), ("asked and stored", stored), ("all from the store", stored)):
            busy = process_time()
            seconds, _ = ask(first_feature, masks, **options)
            busy = process_time() - busy
            share = 1e6 / len(masks)
            reports.append({"what": what, "wall_us": share * seconds, "cpu_us": share * busy})
    return reports


def opening(folder: Path, count: int) -> Report:
    """Fill a store with answers, then time its opening and a batch of old and new masks."""
    path, rng = folder / "large.sqlite", np.random.default_rng(0)
    stored = {"store": path, "fingerprint": "first feature"}
    filled = 0.0
    for _ in range(count // 100_000):
        filled += ask(first_feature, rng.random((100_000, _N)) < 0.5, **stored)[0]
    last = np.random.default_rng(0).random((_BATCH // 2, _N)) < 0.5
    start = perf_counter()
    Store(path).close()
    opened = perf_counter() - start
    both = np.concatenate([last, rng.random((_BATCH // 2, _N)) < 0.5])
    seconds, found = ask(first_feature, both, **stored)
    size = path.stat().st_size / 2**20
    report: Report = {"what": "large store", "open_s": opened, "batch_s": seconds, "found": found}
    return report | {"fill_s": filled, "mib": size, "masks": count}


def workers(masks: np.ndarray, repeats: int) -> Report:
    function = Digests(repeats)
    alone, _ = ask(function, masks, batch_size=64)
    report: Report = {"what": "worker processes", "alone_s": alone}
    for count, name in ((1, "one_worker_s"), (2, "two_workers_s")):
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            ask(function, masks[:256], batch_size=64, executor=pool)  # the workers start
            report[name] = ask(function, masks, batch_size=64, executor=pool)[0]
    return report


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--masks", type=int, default=50_000)
    parser.add_argument("--stored", type=int, default=1_000_000, help="size of the large store")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    print(machine() + "\n")
    masks = np.random.default_rng(1).random((arguments.masks, _N)) < 0.5
    with TemporaryDirectory() as name:
        asked = overhead(Path(name), masks, arguments.repeats)
        rows = []
        for what in dict.fromkeys(report["what"] for report in asked):
            these = [report for report in asked if report["what"] == what]
            times = [report["wall_us"] for report in these]
            processor = min(report["cpu_us"] for report in these)
            rows.append([what, f"{min(times):.1f} µs", f"{max(times):.1f} µs", f"{processor:.1f} µs"])
        print(table((f"per mask, n = {_N}, batches of {_BATCH:,}", "best", "worst", "processor"), rows))
        large = opening(Path(name), arguments.stored)
    print(
        f"\nA store of {large['masks']:,} masks ({large['mib']:.0f} MiB, filled at "
        f"{1e6 * large['fill_s'] / large['masks']:.1f} µs per mask): opened in "
        f"{1e3 * large['open_s']:.1f} ms; "
        f"opened and {_BATCH:,} masks asked, {large['found']} of them known, in {large['batch_s']:.3f} s."
    )
    busy = workers(masks[:4000], 2000)
    print(
        f"\n4,000 masks of a function that keeps a processor busy: {busy['alone_s']:.2f} s alone, "
        f"{busy['one_worker_s']:.2f} s with one worker process, {busy['two_workers_s']:.2f} s with two "
        f"({busy['one_worker_s'] / busy['two_workers_s']:.2f} times as fast)."
    )
    save(arguments.out, "query_overhead", [*asked, large, busy])


if __name__ == "__main__":
    main()
