"""Scaling: thousands of features, phase by phase and through the public call.

    python benchmarks scaling

Every case runs in a process of its own, so that its peak memory is its own. Prints markdown;
see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

from library.measure.machine import machine
from library.measure.processes import measure
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table

_PHASES = (
    "n",
    "calls",
    "code",
    "masks",
    "WHTs",
    "peeling",
    "refit",
    "peak memory",
    "terms decoded",
    "false",
    "R² refitted",
)
_EXPLAIN = ("n", "calls", "explain, less the model", "peak memory", "terms kept", "false", "R²", "R² stated")


def case(n: int, mode: str, arguments: Namespace) -> Report:
    shape = {"n": n, "b": arguments.b, "t": 5, "terms": arguments.terms, "noise": arguments.noise, "seed": 0}
    command: list[object] = ["--mode", mode]
    for name, value in shape.items():
        command += [f"--{name}", value]
    (report,) = measure("sparse_function", command, threads=arguments.threads)
    print(f"… n = {n}, {mode}", flush=True)
    return {"n": n, "mode": mode, **report}


def phase_row(report: Report, terms: int) -> Sequence[object]:
    decoded = report["decoded"]
    return (
        f"{report['n']:,}",
        f"{report['calls']:,}",
        seconds(report["code_s"]),
        seconds(report["design_s"]),
        seconds(report["wht_s"]),
        f"{seconds(report['decode_s'] - report['wht_s'])} (first {seconds(report['first_s'])})",
        seconds(report["refit_s"]),
        _gib(report["refit_mib"]),
        f"{decoded['recovered']}/{terms}",
        decoded["false"],
        f"{report['refitted']['r2']:.5f}",
    )


def explain_row(report: Report, terms: int) -> Sequence[object]:
    kept = report["refitted"]
    return (
        f"{report['n']:,}",
        f"{report['calls']:,}",
        seconds(report["own_s"]),
        _gib(report["explain_mib"]),
        f"{kept['recovered']}/{terms}",
        kept["false"],
        f"{kept['r2']:.5f}",
        f"{report['stated_r2']:.5f}",
    )


def _gib(mebibytes: float) -> str:
    return f"{mebibytes / 1024:.2f} GiB"


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--n", type=int, nargs="+", default=[1000, 2000, 4000])
    parser.add_argument("--b", type=int, default=8)
    parser.add_argument("--terms", type=int, default=50)
    parser.add_argument("--noise", type=float, default=0.5)
    parser.add_argument("--threads", type=int, help="threads of BLAS; by default all")
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    where = machine()
    phases = [case(n, "phases", arguments) for n in arguments.n]
    explained = [case(n, "explain", arguments) for n in arguments.n]
    print(
        f"\n{where}\n\nb = {arguments.b}, t = 5, C = 3, {arguments.terms} terms, noise {arguments.noise:g}, "
        f"BLAS threads: {arguments.threads or 'default'}.\n"
    )
    print(table(_PHASES, [phase_row(report, arguments.terms) for report in phases]))
    print()
    print(table(_EXPLAIN, [explain_row(report, arguments.terms) for report in explained]))
    save(arguments.out, "scaling", phases + explained)


if __name__ == "__main__":
    main()
