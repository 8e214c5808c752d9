"""Measurements in fresh processes with a set number of threads, and tables of them."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterable, Sequence
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

from spex_plugins import __version__

HERE = Path(__file__).parent

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)

Report = dict[str, Any]


def measure(
    arguments: Sequence[object],
    *,
    python: str = sys.executable,
    threads: int | None = 1,
) -> list[Report]:
    """Run a worker script in a fresh process and read its JSON lines.

    Parameters
    ----------
    arguments : sequence
        The script, relative to this folder, and its arguments.
    python : str
        Interpreter.
    threads : int, optional
        Threads that BLAS, OpenMP and Numba may use; None leaves every library its default.

    Returns
    -------
    list of dict
        When the worker fails, what it printed until then and {"failed": exit status} at the end.
    """
    environment = {key: value for key, value in os.environ.items() if key not in THREAD_VARIABLES}
    if threads is not None:
        environment |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    if python != sys.executable:
        environment.pop("PYTHONPATH", None)
    script, *rest = map(str, arguments)
    command = [python, str(HERE / script), *rest]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=False)
    reports = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
    return [*reports, {"failed": done.returncode}] if done.returncode else reports


def machine() -> str:
    """Describe where and when, in one line."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    load = f", load before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{date.today().isoformat()}, {_cpu()}, {cores} cores{load}; "
        f"Python {platform.python_version()}, spex-plugins {__version__}, "
        f"numpy {version('numpy')}."
    )


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def seconds(value: float) -> str:
    """Write a duration with two significant digits or so."""
    if value < 0.0995:
        return f"{1000 * value:.2g} ms"
    return f"{value:.2f} s" if value < 9.995 else f"{value:.0f} s"


def save(path: Path | None, records: object) -> None:
    """Write the raw numbers beside the table, when a path is given."""
    if path:
        path.write_text(json.dumps(records, indent=1) + "\n")


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
