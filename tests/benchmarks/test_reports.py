"""The documented commands print the figures of the committed results, and the index names every script."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SCRIPTS = sorted(
    path for path in BENCHMARKS.glob("*/*.py") if path.parent.name != "library" and path.stem[0] != "_"
)

ROOMS = ("faithfulness", "values", "recorded", "paper", "systems", "speed", "queries")
BY_ROOM = sorted(SCRIPTS, key=lambda path: (ROOMS.index(path.parent.name), path.stem))


def run(monkeypatch, module, *arguments):
    monkeypatch.setattr(sys, "argv", [module.__file__, *map(str, arguments)])
    module.main()


def test_faithfulness_report(monkeypatch, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    from faithfulness import faithfulness_per_call

    options = ("--report", "--out", BENCHMARKS / "results", "--ours", "auto", "--figure", tmp_path / "f.png")
    run(monkeypatch, faithfulness_per_call, *options)
    out = capsys.readouterr().out
    rows = [
        line
        for line in out.splitlines()
        if line.startswith("| 500 | 0.929 (0.917–0.947) [30] | 0.933 | 0.913 |")
    ]
    assert len(rows) == 1  # 64 words: of the first two cells, of the others' medians
    assert [line for line in out.splitlines() if line.startswith("### ")] == [
        f"### {game}, n = {n}" for game in ("tfidf", "vader") for n in (32, 64, 128, 256)
    ]
    assert (tmp_path / "f.png").stat().st_size > 50_000


def test_shapley_report(monkeypatch, capsys):
    from values import shapley_per_call

    run(monkeypatch, shapley_per_call, "--report", "--out", BENCHMARKS / "results")
    out = capsys.readouterr().out
    assert "| trees-cancer | 2,000 | shapley | OddSHAP | 10 | 0.37 (" in out


def test_the_index_lists_every_script():
    """With what it measures, the time it takes, what it needs and what it writes."""
    row = r"^\| `(\w+\.py)` \|(?: [^|]+ \|){4}$"
    listed = re.findall(row, (BENCHMARKS / "README.md").read_text(), re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in SCRIPTS)


def test_scripts_run_by_their_names(monkeypatch, tmp_path):
    listing = subprocess.run([sys.executable, BENCHMARKS], capture_output=True, text=True, check=False)
    assert listing.returncode == 1
    assert re.findall(r"^  (\w+)", listing.stderr, re.MULTILINE) == [path.stem for path in BY_ROOM]
    monkeypatch.setenv("PYTHONPATH", str(BENCHMARKS.parent))
    command = [sys.executable, BENCHMARKS, "overhead", "--help"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "--out" in told.stdout


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_every_script_names_a_schema_of_its_results(script):
    from library.measure.schema import load_schema

    tree, known = ast.parse(script.read_text()), load_schema()["records"].keys()
    names = {
        node.args[1].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("save", "compute", "begin_run")
    }
    assert names <= known
    assert (script.stem in names) == (script.stem in known)
