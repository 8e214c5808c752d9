"""The examples of exports and questions run, and say what is true of their functions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RESULTS = Path(__file__).parents[2] / "examples" / "results"


def run(name, out):
    done = subprocess.run(
        [sys.executable, RESULTS / name, "--out", out],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_exports(tmp_path):
    for package in ("sympy", "shapiq", "networkx", "pandas", "shap"):
        pytest.importorskip(package)
    text = run("exports.py", tmp_path)
    assert "2.5*x1*x2" in text
    assert r"\text{never}" in text
    assert "('never', 'fails')" in text
    assert (tmp_path / "interactions.csv").read_text().startswith("term,")
    assert (tmp_path / "explanation.json").stat().st_size > 100


@pytest.mark.slow
def test_questions(tmp_path):
    pytest.importorskip("matplotlib")
    text = run("questions.py", tmp_path)
    assert "Fewest features that keep the value above 0" in text
    assert text.count("(1 model call)") == 4
    assert (tmp_path / "network.png").stat().st_size > 10_000
    assert (tmp_path / "waterfall.png").stat().st_size > 10_000
