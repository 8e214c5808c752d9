"""A store that is removed or replaced during a run, whose name is too long, or whose texts are damaged."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from sessions import masks_of

from spex_plugins import InputError, StoreError
from spex_plugins.__main__ import main
from spex_plugins.queries import Queries, Session, Store

MASKS = masks_of(64)


def weighted(masks):
    return masks @ (np.arange(masks.shape[1]) / 4 + 0.5)


def ask(function, masks, store):
    with Session(function, Queries(store=store, fingerprint="f", progress=False, batch_size=16)) as session:
        return session.ask(masks)


@pytest.mark.parametrize("replaced", [False, True])
def test_a_store_that_loses_its_file_ends_the_run_with_the_answers(tmp_path, replaced):
    path = tmp_path / "run.sqlite"
    calls = []

    def function(batch):
        if len(calls) == 1:
            path.unlink()
            if replaced:
                shutil.copy(other, path)
        calls.append(len(batch))
        return weighted(batch)

    other = tmp_path / "other.sqlite"
    Store(other).close()
    with pytest.raises(StoreError, match="was removed, or replaced by another file") as caught:
        ask(function, MASKS, path)
    assert calls == [16, 16]  # nothing is paid for that cannot be kept
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    assert len(caught.value.masks) == 32


def test_a_name_that_is_too_long(tmp_path):
    with pytest.raises(InputError, match=r"store: .* cannot be opened"):
        ask(weighted, MASKS, tmp_path / ("a" * 400))


def outcome_of(path):
    try:
        return ask(weighted, MASKS, path), None
    except (StoreError, InputError) as error:
        return None, error


def test_damaged_texts_that_sqlite_quotes(tmp_path, capsys):
    path = tmp_path / "run.sqlite"
    ask(weighted, MASKS, path)
    whole = path.read_bytes()
    told = 0
    start = whole.index(b"CREATE TABLE")
    for at in range(start - 60, start + 60, 4):
        damaged, new = tmp_path / "d.sqlite", tmp_path / "new.sqlite"
        damaged.write_bytes(whole[:at] + b"\xf3\xe8" * 4 + whole[at + 8 :])
        answers, error = outcome_of(damaged)
        told += error is not None
        assert str(damaged) in str(error or damaged)
        assert answers is None or np.array_equal(answers.values, weighted(MASKS))
        assert main(["store", "recover", str(damaged), str(new)]) in (0, 1)
        assert "Traceback" not in capsys.readouterr().err
        for file in [*tmp_path.glob("d.sqlite*"), *tmp_path.glob("new.sqlite*")]:
            file.unlink()
    assert told
