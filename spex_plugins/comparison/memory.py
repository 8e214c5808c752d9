"""The peak memory of this process during a run, where the system tells it (Linux)."""

from __future__ import annotations

from pathlib import Path

__all__ = ["PeakMemory"]

_STATUS, _RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


class PeakMemory:
    """Measures how far the resident memory rises above its level at the time of creation."""

    def __init__(self) -> None:
        try:
            _RESET.write_text("5")  # sets the peak to the present size
            self._start = _mebibytes("VmRSS")
        except OSError:
            self._start = float("nan")

    def grown(self) -> float:
        """Return the growth in MiB; NaN where it is not known."""
        if self._start != self._start:
            return self._start
        return max(0.0, _mebibytes("VmHWM") - self._start)


def _mebibytes(name: str) -> float:
    lines = _STATUS.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(f"{name}:")).split()[1]) / 1024
