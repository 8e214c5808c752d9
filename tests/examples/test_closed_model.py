"""The example for closed models, on a server that answers from a known function."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "games"))
from chat_server import ChatServer, truth  # noqa: E402


@pytest.mark.slow
def test_the_example_runs_again_without_paying_again(tmp_path):
    with ChatServer(lambda prompt: truth(prompt.split("Review: ")[1])) as server:
        environment = {**os.environ, "OPENAI_BASE_URL": server.base_url, "OPENAI_API_KEY": "none"}
        command = [sys.executable, str(ROOT / "examples" / "language_models" / "closed_model.py")]
        command += ["--model", "known", "--calls", "120", "--store", str(tmp_path / "run.sqlite")]
        first, second = (
            subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
            for _ in range(2)
        )
    assert "120 requests" in first
    assert " 0 requests" in second
    assert set(server.answered.values()) == {1}
