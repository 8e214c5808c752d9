"""The example of a comparison, with few calls; run again it costs nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_example_runs_again_without_paying_again(tmp_path):
    pytest.importorskip("sklearn")
    command = [sys.executable, str(ROOT / "examples" / "tables" / "compare_methods.py"), "--budgets", "40"]
    command += ["--out", str(tmp_path / "compare.html"), "--store", str(tmp_path / "run.sqlite")]
    first, second = (
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout for _ in range(2)
    )
    assert "With 40 calls" in first
    assert "\n0 model calls" in second
    assert (tmp_path / "compare.html").stat().st_size < 1_000_000
