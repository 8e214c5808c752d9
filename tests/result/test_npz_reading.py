"""Files that are no explanation are refused in words, and nothing in them is executed."""

from __future__ import annotations

import json

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError, Interactions


@pytest.fixture
def path(tmp_path):
    file = tmp_path / "found.npz"
    spex.explain(lambda m: 1.0 * (m[:, 0] & m[:, 1]), 4, budget=16, progress=False).save(file)
    return file


def changed(path, **arrays):
    """Write some arrays in place of those of the file; None removes one."""
    with np.load(path) as stored:
        content = dict(stored) | arrays
    np.savez(path, **{name: array for name, array in content.items() if array is not None})


def with_header(path, **fields):
    with np.load(path) as stored:
        header = json.loads(stored["header"].tobytes()) | fields
    changed(path, header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8))


def of_another_program(path):
    np.savez(path, masks=np.ones((3, 2), dtype=bool), values=np.zeros(3))


def single_array(path):
    with open(path, "wb") as file:
        np.save(file, np.zeros(3))


def cut_off(path):
    path.write_bytes(path.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_text("text"), "it is no .npz file"),
        (lambda path: path.write_bytes(b""), "it is no .npz file"),
        (cut_off, "it is no .npz file"),
        (single_array, "it is no .npz file"),
        (of_another_program, "header is not a file"),
        (lambda path: changed(path, supports=None), "supports is not a file"),
        (lambda path: changed(path, r2=np.array([{}, object], dtype=object)), "Object arrays"),
        (lambda path: changed(path, header=np.zeros(3, dtype=np.uint8)), ""),
        (lambda path: with_header(path, unknown=1), "unknown"),
        (lambda path: with_header(path, feature_names=5), ""),
    ],
)
def test_files_that_are_no_explanation_are_refused(path, damage, message):
    damage(path)
    with pytest.raises(InputError, match=rf"path: .*found.npz is not a saved explanation.*{message}"):
        Interactions.load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Interactions.load(tmp_path / "none.npz")
