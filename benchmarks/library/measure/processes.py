"""Measurements in fresh processes with a set number of threads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from library.measure.result_files import Report

__all__ = ["BENCHMARKS", "THREAD_VARIABLES", "environment", "measure", "worker"]

BENCHMARKS = Path(__file__).parents[2]
"""Folder from which `library` is imported."""

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMBA_NUM_THREADS",
)


def worker(name: str) -> str:
    """Return the path of a program in `library.workers`."""
    return str(BENCHMARKS / "library" / "workers" / f"{name}.py")


def environment(*, own: bool, threads: int | None) -> dict[str, str]:
    """Return the environment variables of a worker.

    Parameters
    ----------
    own : bool
        Whether it runs in this interpreter; then it sees the ``PYTHONPATH`` of this process too.
    threads : int or None
        Threads that BLAS, OpenMP and Numba may use; None leaves every library its default.
    """
    variables = {key: value for key, value in os.environ.items() if key not in THREAD_VARIABLES}
    if threads is not None:
        variables |= dict.fromkeys(THREAD_VARIABLES, str(threads))
    inherited = variables.get("PYTHONPATH") if own else None
    variables["PYTHONPATH"] = os.pathsep.join([str(BENCHMARKS), *([inherited] if inherited else [])])
    return variables


def measure(
    name: str,
    arguments: Sequence[object] = (),
    *,
    python: str = sys.executable,
    threads: int | None = 1,
) -> list[Report]:
    """Run a worker in a fresh process and read its JSON lines.

    Parameters
    ----------
    name : str
        Of a module in `library.workers`.
    arguments : sequence
        Its command line.
    python : str
        Interpreter.
    threads : int, optional
        See `environment`.

    Returns
    -------
    list of dict
        When the worker fails, what it printed until then and {"exit_status": …} at the end.
    """
    command = [python, worker(name), *map(str, arguments)]
    variables = environment(own=python == sys.executable, threads=threads)
    done = subprocess.run(command, env=variables, stdout=subprocess.PIPE, check=False)
    reports = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
    return [*reports, {"exit_status": done.returncode}] if done.returncode else reports
