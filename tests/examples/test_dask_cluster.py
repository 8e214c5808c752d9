"""The example of a cluster, run as a user does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_cluster_finds_the_pair_and_leaves_a_store(tmp_path):
    command = [sys.executable, str(ROOT / "examples" / "clusters" / "dask_cluster.py")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    assert "model calls 2000 of 2000\n" in done.stdout
    assert "x3 × x17" in done.stdout
    assert [path.name for path in tmp_path.iterdir() if "sqlite" in path.name] == ["dask_cluster.sqlite"]
