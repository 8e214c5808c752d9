"""Files of recordings: what is saved is loaded, nothing is executed, damage is named."""

from __future__ import annotations

import json

import functions
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins import InputError, Recording, explain
from spex_plugins.queries import Store


def same(one, other):
    assert one.fingerprint == other.fingerprint
    assert (one.kinds, one.about, one.n) == (other.kinds, other.about, other.n)
    assert (one.feature_names, one.output_names) == (other.feature_names, other.output_names)
    np.testing.assert_array_equal(one.masks(), other.masks())
    np.testing.assert_array_equal(one(one.masks()), other(one.masks()))
    for kind in one.kinds:
        np.testing.assert_array_equal(one.masks(kind), other.masks(kind))


@given(st.integers(2, 20), st.sampled_from([np.float32, np.float64]), st.sampled_from([(), (2,)]))
def test_a_file_gives_back_what_was_saved(tmp_path_factory, n, dtype, outputs):
    path = tmp_path_factory.mktemp("recordings") / "one.npz"
    masks = functions.uniform(n, 30)
    values = np.random.default_rng(n).normal(size=(len(masks), *outputs)).astype(dtype)
    about = {"model": "ℵ \ud83d", "n": 3, "list": [1.5, None, {"deep": True}]}
    more = {"kinds": {"uniform": np.arange(len(masks))[::-1]}, "about": about}
    names = {"feature_names": list("äbcdefghijklmnopqrst"[:n])}
    names |= {"output_names": ["no", "yes"]} if outputs else {}
    recording = Recording(masks, values, **more, **names)
    recording.save(path)
    same(recording, Recording.load(path))
    with np.load(path, allow_pickle=False) as stored:
        assert stored["values"].dtype == dtype


def test_a_complete_file_has_no_masks_and_is_small(tmp_path):
    path = tmp_path / "all.npz"
    rng = np.random.default_rng(0)

    def noise(masks):
        return rng.normal(size=len(masks))

    noise.n = 12
    recording = Recording.record(noise, single_precision=True, progress=False)
    recording.save(path)
    same(recording, Recording.load(path))
    with np.load(path) as stored:
        assert set(stored.files) == {"header", "values"}
    assert path.stat().st_size < 4 * 2**12 + 1500  # 32 bits a value


def test_a_file_of_an_explanation_is_no_recording(tmp_path):
    explain(lambda masks: masks[:, 0], 6, progress=False).save(tmp_path / "one.npz")
    with pytest.raises(InputError, match=r"one\.npz is not a recording"):
        Recording.load(tmp_path / "one.npz")


def test_a_store_that_does_not_exist_is_not_made(tmp_path):
    with pytest.raises(InputError, match=r"store: .*none\.sqlite does not exist"):
        Recording.from_store(tmp_path / "none.sqlite")
    assert not list(tmp_path.iterdir())
    with Store(tmp_path / "empty.sqlite"):
        pass
    with pytest.raises(InputError, match=r"store: .*empty\.sqlite has no answers"):
        Recording.from_store(tmp_path / "empty.sqlite")


def test_a_second_recording_replaces_the_first_one(tmp_path):
    path = tmp_path / "one.npz"
    for n in (5, 7):
        functions.incomplete(n, 20).save(path)
    assert Recording.load(path).n == 7
    assert [each.name for each in tmp_path.iterdir()] == ["one.npz"]
    with pytest.raises(OSError, match="missing"):
        functions.incomplete(5, 20).save(tmp_path / "missing" / "one.npz")


def changed(path, **arrays):
    with np.load(path) as stored:
        content = dict(stored)
    for name, array in arrays.items():
        content[name] = array
        if array is None:
            del content[name]
    np.savez(path, **content)


def with_header(path, **fields):
    with np.load(path) as stored:
        header = json.loads(stored["header"].tobytes()) | fields
    changed(path, header=np.frombuffer(json.dumps(header).encode(), dtype=np.uint8))


def truncated(path):
    path.write_bytes(path.read_bytes()[:-100])


def flipped(path):
    content = bytearray(path.read_bytes())
    content[200] ^= 255
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncated, "is not a recording, or is damaged"),
        (flipped, "is not a recording, or is damaged"),
        (lambda path: path.write_text("text"), "is not a recording, or is damaged"),
        (lambda path: path.write_bytes(b""), "is not a recording, or is damaged"),
        (lambda path: changed(path, header=None), "is not a recording, or is damaged: 'header"),
        (lambda path: changed(path, masks=None), r"damaged: \d+ values of 2\^9 masks"),
        (lambda path: changed(path, values=np.zeros(3)), r"damaged: masks of shape"),
        (lambda path: changed(path, kind_1=None), "damaged: 'kind_1"),
        (lambda path: with_header(path, n=10**9), "damaged: masks of shape"),
        (lambda path: with_header(path, n="9"), "is not a recording, or is damaged"),
        (lambda path: with_header(path, format=2), "was written by a newer version"),
    ],
)
def test_damaged_files_are_refused(tmp_path, damage, message):
    path = tmp_path / "one.npz"
    functions.incomplete(9, 40).save(path)
    damage(path)
    with pytest.raises(InputError, match=message):
        Recording.load(path)


def test_pickles_are_not_opened(tmp_path):
    path = tmp_path / "one.npz"
    functions.incomplete(9, 40).save(path)
    changed(path, values=np.array([{}, object], dtype=object))
    with pytest.raises(InputError, match="is not a recording"):
        Recording.load(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        Recording.load(tmp_path / "none.npz")
