"""Estimation time: seconds of a fit without the model, and peak memory, for each of our estimators.

    python benchmarks estimation_time [--large] [--gpu]

n = 64 with 2,000 calls and n = 1,000 with 4,000; with --large, n = 64 with 20,000 calls, the most that a
Gaussian process gets. With --gpu the process has imported torch and uses its GPU. Every case runs in a
process of its own, so that its peak memory is its own. Prints markdown; see benchmarks/README.md.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from library.games.masked_inputs import long_text
from library.measure.machine import machine
from library.measure.processes import measure
from library.measure.result_files import Report, save
from library.report.markdown import seconds, table

_CASES = ((64, 2000, 15), (1000, 4000, 120))  # n, calls, seconds that we want to stay below
_LARGE = (64, 20_000, 600)
_HEADER = (
    "n",
    "calls",
    "estimator",
    "seconds",
    "target",
    "of the processor",
    "peak memory",
    "R²",
    "R² stated",
)


def case(n: int, calls: int, estimator: str, arguments: Namespace) -> Report:
    """Measure one fit."""
    command: list[object] = ["--n", n, "--calls", calls, "--estimator", estimator]
    command += ["--models", arguments.models, *(["--gpu"] if arguments.gpu else [])]
    report: Report = {"n": n, "calls": calls, "estimator": estimator}
    for each in measure("estimation", command, threads=arguments.threads):
        report |= each
    print(f"… n = {n}, {estimator}", flush=True)
    return report


def row(report: Report, target: int) -> list[object]:
    first: list[object] = [f"{report['n']:,}", f"{report['calls']:,}", report["estimator"]]
    if "own_s" not in report:
        return [*first, f"failed ({report['exit_status']})", f"{target} s", "", "", "", ""]
    times = [
        seconds(report["own_s"]),
        f"{target} s",
        seconds(report["cpu_s"]),
        f"{report['mib'] / 1024:.2f} GiB",
    ]
    return [*first, *times, f"{report['r2']:.3f}", f"{report['stated_r2']:.3f}"]


def _gpu() -> str:
    import torch

    return f" GPU: {torch.cuda.get_device_name()}."


def main() -> None:
    parser = ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--ours", nargs="+", default=["auto", "gaussian_process", "spex"], metavar="NAME")
    parser.add_argument("--large", action="store_true", help="20,000 calls instead: ten minutes each")
    parser.add_argument("--gpu", action="store_true", help="with torch imported and its GPU in use")
    parser.add_argument("--threads", type=int, help="threads of BLAS and of boosting; by default all")
    parser.add_argument(
        "--models", type=Path, default=Path("out/per_call/models"), help="folder of the model"
    )
    parser.add_argument("--out", type=Path, help="write the raw numbers here")
    arguments = parser.parse_args()
    chosen = (_LARGE,) if arguments.large else _CASES
    for n, *_ in chosen:  # trains the model and writes the texts, so that no worker has to
        long_text(n, arguments.models)
    where = machine()
    cases = [(n, calls, target, name) for n, calls, target in chosen for name in arguments.ours]
    reports = [case(n, calls, name, arguments) for n, calls, _, name in cases]
    print(f"\n{where} Threads: {arguments.threads or 'default'}.{_gpu() if arguments.gpu else ''}\n")
    rows = zip(reports, cases, strict=True)
    print(table(_HEADER, [row(report, target) for report, (_, _, target, _) in rows]))
    save(arguments.out, "estimation_time", reports)


if __name__ == "__main__":
    main()
