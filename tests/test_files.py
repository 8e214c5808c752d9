"""Files are replaced as a whole, or not at all."""

from __future__ import annotations

import errno
import os
import stat
import threading
from pathlib import Path

import numpy as np
import pytest
from games import Recorded

import spex_plugins as spex
from spex_plugins import files
from spex_plugins.files import replacing
from spex_plugins.plots import save_html


def write(path, content=b"new"):
    with replacing(path) as file:
        file.write(content)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def found_at(value):
    masks = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=bool)
    return spex.fit(masks, value * masks.sum(axis=1), estimator="sparse_regression")


def test_a_file_appears_once_it_is_complete(tmp_path):
    target = tmp_path / "out"
    with replacing(target) as file:
        file.write(b"half")
        assert not target.exists()
    assert target.read_bytes() == b"half"
    assert names_in(tmp_path) == ["out"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("before", [b"old", None])
def test_a_failure_leaves_what_was_there(tmp_path, error, before):
    target = tmp_path / "out"
    if before is not None:
        target.write_bytes(before)

    def fail():
        with replacing(target) as file:
            file.write(b"half")
            raise error

    with pytest.raises(type(error)):
        fail()
    assert names_in(tmp_path) == ([] if before is None else ["out"])
    assert before is None or target.read_bytes() == before


def test_permissions_are_passed_on_and_new_files_follow_the_umask(tmp_path):
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_bytes(b"old")
    old.chmod(0o604)
    write(old)
    assert stat.S_IMODE(old.stat().st_mode) == 0o604
    write(new)
    plain = tmp_path / "plain"
    plain.touch()
    assert new.stat().st_mode == plain.stat().st_mode


def test_a_link_stays_a_link(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    link, chain = tmp_path / "link", tmp_path / "chain"
    link.symlink_to(Path("folder") / "out")
    chain.symlink_to("link")
    for content in (b"first", b"second"):
        write(chain, content)
        assert (folder / "out").read_bytes() == content
    assert chain.is_symlink()
    assert link.is_symlink()
    assert names_in(folder) == ["out"]


def test_what_open_refuses_is_refused(tmp_path):
    with pytest.raises(IsADirectoryError):
        write(tmp_path)
    with pytest.raises(FileNotFoundError) as error:
        write(tmp_path / "no" / "folder")
    assert error.value.filename == str(tmp_path / "no" / "folder")
    assert names_in(tmp_path) == []


def test_a_pipe_is_written_to_and_not_replaced(tmp_path):
    pipe, read = tmp_path / "pipe", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: read.append(pipe.read_bytes()))
    reader.start()
    write(pipe)
    reader.join()
    assert read == [b"new"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_a_file_in_a_folder_that_cannot_be_written_is_written_in_place(tmp_path, monkeypatch):
    target = tmp_path / "out"
    target.write_bytes(b"old")
    node = target.stat().st_ino
    monkeypatch.setattr(os, "access", lambda path, mode: os.fspath(path) != str(tmp_path))
    write(target)
    assert (target.read_bytes(), target.stat().st_ino) == (b"new", node)


def test_mount_points_are_known_with_all_their_characters(tmp_path, monkeypatch):
    table = tmp_path / "mounts"
    table.write_bytes(
        b"36 35 98:0 /a /mnt/a\\040b\\134c rw - ext4 /dev/sda rw\n37 35 98:0 / / rw - tmpfs t rw\n"
    )
    monkeypatch.setattr(files, "_MOUNTS", table)
    assert files.is_mount_point("/mnt/a b\\c")
    assert not files.is_mount_point("/mnt/a")
    monkeypatch.setattr(files, "_MOUNTS", tmp_path / "none")
    assert not files.is_mount_point("/")


def test_a_result_survives_a_save_that_fails(tmp_path, monkeypatch):
    path = tmp_path / "found.npz"
    found_at(1.0).save(path)

    def full(file, **arrays):
        file.write(b"some of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        found_at(2.0).save(path)
    monkeypatch.undo()
    assert spex.Interactions.load(path).full_value == 2.0
    assert names_in(tmp_path) == ["found.npz"]


def test_a_page_survives_what_cannot_be_drawn(tmp_path):
    path = tmp_path / "page.html"
    save_html(found_at(1.0), path)
    page = path.read_text(encoding="utf-8")
    with pytest.raises(spex.InputError):
        save_html(found_at(2.0), path, index="nope")
    assert path.read_text(encoding="utf-8") == page


def test_an_export_survives_an_export_that_fails(tmp_path, monkeypatch, capsys):
    from spex_plugins.__main__ import main

    store, out = tmp_path / "run.sqlite", tmp_path / "out.csv"
    function = Recorded(lambda masks: masks.sum(axis=1))
    spex.explain(function, 5, budget=32, store=store, fingerprint="f", progress=False)
    out.write_text("old")
    assert main(["store", "export", str(store), str(store.with_suffix(".npz") / "x.npz")]) == 1
    assert "run.npz does not exist" in capsys.readouterr().err
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    assert main(["store", "export", str(store), str(out)]) == 1
    assert "No space left" in capsys.readouterr().err
    assert out.read_text() == "old"
    monkeypatch.undo()
    assert main(["store", "export", str(store), str(out)]) == 0
    assert len(out.read_text().splitlines()) == 33
