"""Pictures and questions: the committed weights answer new questions, and the example says why."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "images" / "visual_questions"
torch = pytest.importorskip("torch")
pytest.importorskip("PIL")


def run(name, folder, *arguments):
    command = [sys.executable, str(FOLDER / name), *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def parts():
    """The modules of the example: scenes and network."""
    sys.path.insert(0, str(FOLDER))
    import network
    import scenes

    yield scenes, network
    sys.path.remove(str(FOLDER))


def answer(question, shapes):
    """Return the answer from the places of the shapes, by the words of the question."""
    words = question.split()
    there = (words[3], words[4]) in shapes
    if there and len(words) > 5:
        (row, column), (other_row, other_column) = shapes[words[3], words[4]], shapes[words[-2], words[-1]]
        there = {
            "left": column < other_column,
            "right": column > other_column,
            "above": row < other_row,
            "below": row > other_row,
        }[words[5]]
    return there == (words[2] == "a")


def test_answers_of_the_data_are_true(parts):
    scenes, _ = parts
    batch = scenes.scenes(500, np.random.default_rng(5))
    colours, shapes = list(scenes.COLOURS), scenes.SHAPES
    for seen, outlines, words, yes in zip(
        batch.colours, batch.shapes, batch.words, batch.answers, strict=True
    ):
        known = {
            (colours[seen[cell] - 1], shapes[outlines[cell] - 1]): divmod(cell, scenes.BOARD)
            for cell in np.flatnonzero(seen)
        }
        question = " ".join(scenes.VOCABULARY[word] for word in words if word)
        assert answer(question, known) == yes
        assert scenes.encoded(f"{question.capitalize()}?") == words.tolist()
    assert 0.4 < batch.answers.mean() < 0.6


def test_the_committed_weights_answer_new_questions(parts):
    scenes, network = parts
    batch = scenes.scenes(2000, np.random.default_rng(6))
    questions = [" ".join(scenes.VOCABULARY[word] for word in words if word) for words in batch.words]
    score = network.VisualQuestions()
    right = (score(batch.images, questions) > 0) == batch.answers
    two = batch.words[:, 5] > 0
    assert right[two].mean() > 0.99
    assert right[~two].mean() > 0.99
    assert network.WEIGHTS.stat().st_size < 1_000_000


@pytest.mark.slow
def test_the_answer_is_explained_by_cells_and_words_together(tmp_path):
    out = run("explain.py", tmp_path, "--calls", "800", "--out", str(tmp_path))
    assert "Is there a red circle left of the blue square? Yes (log-odds of yes: +8.4)" in out
    mixed = re.findall(r"^  ([+-]\d\.\d\d)  (.*)$", out.split("Cells and words together")[1], re.MULTILINE)
    assert all("[red circle]" in name for _, name in mixed[:3])
    assert {"[red circle] × red", "[red circle] × left"} <= {name for _, name in mixed}
    assert any("[blue square]" in name for _, name in mixed)
    assert (tmp_path / "visual_question.png").stat().st_size > 20_000
    page = (tmp_path / "visual_question.html").read_text()
    assert "data:image/png;base64," in page
    assert "[red circle]" in page
    assert "Yes (log-odds of yes: +8.4)" in page
    assert "Parts that act together" in page


@pytest.mark.slow
def test_the_training_runs_and_writes_weights_that_load(tmp_path, parts):
    out = run("train.py", tmp_path, "--seconds", "2", "--out", str(tmp_path / "w.npz"))
    assert "accuracy on new scenes" in out
    scenes, network = parts
    batch = scenes.scenes(4, np.random.default_rng(7))
    found = network.VisualQuestions(tmp_path / "w.npz")(batch.images, ["is there a red circle"] * 4)
    assert np.isfinite(found).all()
