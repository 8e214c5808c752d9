"""Decoding: spex_plugins and the authors' package on the same functions, the same noise, as many samples.

    python benchmarks decoding [--peer-python PATH_TO_PYTHON_WITH_spectralexplain]

Every measurement runs in a process of its own. The two designs differ (each package draws its own), their
size 3 · 2^b · (p + 1) does not. Prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import fmean, median
from typing import NamedTuple

from library.measure.machine import machine
from library.measure.processes import measure
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table

_PEER = "spectralexplain_decoders"
_OURS = "sparse_function"
_NAMES = {"soft-noise": "soft, told the noise"}
_DECODED = ("decode", "found", "false", "R²")
_REFITTED = ("refit", "found", "false", "R² refitted")
_HEADER = ("noise", "method", "threads", *_DECODED, *_REFITTED)


class Key(NamedTuple):
    """A row of the table; its reports, one per seed, are averaged."""

    noise: float
    method: str
    threads: int | None


def run(arguments: Namespace) -> dict[Key, list[Report]]:
    """Measure every noise and seed with one thread; at last, once, with all threads."""
    reports: dict[Key, list[Report]] = defaultdict(list)
    cases: list[tuple[float, int, int | None]] = [
        (noise, seed, 1) for noise in arguments.noise for seed in range(arguments.seeds)
    ]
    for noise, seed, threads in [*cases, (arguments.noise[0], 0, None)]:
        for method, report in _one(noise, seed, threads, arguments):
            reports[Key(noise, method, threads)].append({"seed": seed, **report})
            print(f"… noise {noise:g}, seed {seed}, {method}, threads {threads or 'default'}", flush=True)
    return reports


def _one(noise: float, seed: int, threads: int | None, arguments: Namespace) -> Iterator[tuple[str, Report]]:
    shape = {"n": arguments.n, "b": arguments.b, "t": 5, "terms": arguments.terms}
    problem: list[object] = []
    for name, value in {**shape, "noise": noise, "seed": seed}.items():
        problem += [f"--{name}", value]
    (phases,) = measure(_OURS, [*problem, "--mode", "phases"], threads=threads)
    yield "ours", phases
    size = phases["samples"]
    for report in measure(_OURS, [*problem, "--mode", "explain", "--budget", size], threads=threads):
        yield "ours, `explain`", report
    if not arguments.peer_python:
        return
    decoders = ["hard", "soft-noise", "soft"] if threads else ["hard", "soft"]
    command = [*problem, "--decoders", *decoders, "--limit", arguments.limit]
    setup, *reports = measure(_PEER, command, python=arguments.peer_python, threads=threads)
    for decoder, report in zip(decoders, reports, strict=False):
        yield f"authors', {_NAMES.get(decoder, decoder)}", setup | report


def rows(reports: dict[Key, list[Report]], terms: int) -> Iterator[list[object]]:
    for key in sorted(reports, key=lambda key: (key.noise, key.method, key.threads or 99)):
        some = reports[key]
        label = [f"{key.noise:g}", key.method, key.threads or "default"]
        unfinished = [report for report in some if report.keys() & {"over_s", "exit_status"}]
        if unfinished:
            yield [*label, _why(unfinished[0]), *["–"] * 7]
        elif "decoded" in some[0]:
            yield [
                *label,
                *_part(some, "decode_s", "decoded", terms),
                *_part(some, "refit_s", "refitted", terms),
            ]
        else:
            time, *scores = _part(some, "own_s", "refitted", terms)
            yield [*label, f"in all {time}", *[""] * 4, *scores]


def _part(some: list[Report], time: str, score: str, terms: int) -> list[object]:
    scores = [report[score] for report in some]
    return [
        _spread([report[time] for report in some]),
        f"{sum(each['recovered'] for each in scores)}/{terms * len(some)}",
        sum(each["false"] for each in scores),
        f"{fmean(each['r2'] for each in scores):.5f}",
    ]


def _why(report: Report) -> str:
    if "over_s" in report:
        return f"over {seconds(report['over_s'])}"
    return f"failed, exit status {report['exit_status']}"


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return seconds(values[0])
    return f"{seconds(median(values))} ({seconds(min(values))} – {seconds(max(values))})"


def once(reports: dict[Key, list[Report]], noise: float) -> Iterator[list[object]]:
    """List what a process pays once: compilation, tables of the code, masks, and our first decoding."""
    for name in ("ours", "authors', soft"):
        some = reports.get(Key(noise, name, 1), [])
        if some:
            times = [
                [report.get(part) for report in some]
                for part in ("warmup_s", "code_s", "design_s", "first_s")
            ]
            yield [name, *("–" if None in time else seconds(median(time)) for time in times)]


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--peer-python", help="an interpreter that has spectralexplain")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.5, 2.0, 4.0, 6.0])
    parser.add_argument("--n", type=int, default=256)
    parser.add_argument("--b", type=int, default=6)
    parser.add_argument("--terms", type=int, default=30)
    parser.add_argument("--limit", type=int, default=900, help="seconds that one decoding of theirs may take")
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    where = machine()
    reports = run(arguments)
    samples = reports[Key(arguments.noise[0], "ours", 1)][0]["samples"]
    print(
        f"\n{where}\n\nn = {arguments.n}, b = {arguments.b}, t = 5, C = 3: {samples:,} samples, "
        f"{arguments.terms} terms, {arguments.seeds} seeds.\n"
    )
    print(table(_HEADER, rows(reports, arguments.terms)))
    print("\nOnce per process:\n")
    print(
        table(("package", "compiling", "code", "masks", "first decoding"), once(reports, arguments.noise[0]))
    )
    records = ({**key._asdict(), **report} for key, group in reports.items() for report in group)
    save(arguments.out, "decoding", records)


if __name__ == "__main__":
    main()
