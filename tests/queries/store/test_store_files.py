"""The store as a file: its names, what may not be written, what is damaged, and disks that are full."""

from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from time import sleep

import numpy as np
import pytest
from games import Recorded
from sessions import masks_of

from spex_plugins import InputError, StoreError
from spex_plugins.__main__ import main
from spex_plugins.queries import Queries, Session, Store
from spex_plugins.queries.store import schema
from spex_plugins.queries.store.database import Database

MASKS = masks_of(64)


def weighted(masks):
    return masks @ (np.arange(masks.shape[1]) / 4 + 0.5)


def ask(function, masks, store, **options):
    options = {"fingerprint": "f", "progress": False} | options
    with Session(function, Queries(store=store, **options)) as session:
        return session.ask(masks)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.sqlite"


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


def arrays_in(path):
    with np.load(path) as data:
        return dict(data)


# Names


def by_link(path):
    link = path.with_name("latest.sqlite")
    link.symlink_to(path.name)
    return link


def by_linked_folder(path):
    link = path.parent / "elsewhere"
    link.symlink_to(path.parent)
    return link / path.name


def by_dots(path):
    (path.parent / "sub").mkdir()
    return path.parent / "sub" / ".." / path.name


def by_relative_path(path):
    return os.path.relpath(path)


@pytest.mark.parametrize("other_name", [by_link, by_linked_folder, by_dots, by_relative_path])
def test_sessions_that_use_different_names_share_the_work(path, other_name):
    Store(path).close()
    other, inner = other_name(path), []

    def outer_function(batch):
        if not inner:
            inner.append(ask(inner_function, MASKS[8:], other, batch_size=8))
        return weighted(batch)

    def inner_function(batch):
        assert not (batch[:, None] == MASKS[None, :8]).all(axis=2).any()
        return weighted(batch)

    answers = ask(outer_function, MASKS, path, batch_size=8)
    assert (answers.n_stored, inner[0].n_stored) == (56, 0)
    np.testing.assert_array_equal(answers.values, weighted(MASKS))


def test_a_link_to_a_store_that_does_not_exist_yet(path):
    link = by_link(path)
    ask(weighted, MASKS, link)
    assert link.is_symlink()
    assert ask(weighted, MASKS, path).n_stored == 64


def test_the_working_directory_may_change(tmp_path, monkeypatch):
    """A relative path means the file that it named when the queries were made, in every session."""
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    monkeypatch.chdir(here)

    def function(batch):
        os.chdir(there)
        return weighted(batch)

    queries = Queries(store="run.sqlite", fingerprint="f", progress=False, batch_size=8)
    for count in (32, 64):
        with Session(function, queries) as session:
            assert session.ask(MASKS[:count]).n_stored == count - 32
    assert names_in(here) == ["run.sqlite"]
    assert names_in(there) == []


def test_hard_links_are_refused_before_anything_is_asked(path):
    ask(weighted, MASKS[:10], path)
    other = path.with_name("other.sqlite")
    other.hardlink_to(path)
    for name in (path, other):
        function = Recorded(weighted)
        with pytest.raises(InputError, match=r"store: .*sqlite has a second name"):
            ask(function, MASKS, name)
        assert function.calls == 0
    other.unlink()
    assert ask(weighted, MASKS, path).n_stored == 10


def test_a_directory_is_refused(tmp_path, capsys):
    with pytest.raises(InputError, match=r"store: .* is a directory; give the path of a file"):
        ask(weighted, MASKS, tmp_path)
    assert main(["store", "info", str(tmp_path)]) == 1
    assert "is a directory" in capsys.readouterr().err


def mounted(source, target):
    target.touch()
    done = subprocess.run(["mount", "--bind", source, target], capture_output=True, check=False)
    return done.returncode == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="mounts need root")
def test_a_mount_of_the_file_alone_is_refused(path):
    ask(weighted, MASKS[:10], path)
    other = path.with_name("mounted.sqlite")
    if not mounted(path, other):
        pytest.skip("no mounts here")
    try:
        with pytest.raises(InputError, match="has a second name"):
            ask(weighted, MASKS, other)
    finally:
        subprocess.run(["umount", other], check=True)


@pytest.mark.parametrize("name", ["", "a\0b", b"bytes", 5])
def test_what_is_no_path_is_refused(name):
    with pytest.raises(InputError, match="store: must be the path of a file"):
        Queries(store=name)


def test_texts_that_cannot_be_written_are_refused(path):
    for option in ("fingerprint", "description"):
        with pytest.raises(InputError, match=f"{option}: must be a string that can be encoded as UTF-8"):
            Queries(**{option: "half a pair: \ud800"})
    function = Recorded(weighted)
    function.fingerprint = "half a pair: \ud800"
    ask(function, MASKS[:5], path, fingerprint=None)
    assert ask(function, MASKS[:5], path, fingerprint=None).n_stored == 5


def test_whoever_may_use_the_store_may_see_its_owners(path):
    Store(path).close()
    path.chmod(0o666)
    modes = []

    def function(batch):
        modes.extend(stat.S_IMODE(file.stat().st_mode) for file in path.parent.glob("*-asked-by-*"))
        return weighted(batch)

    ask(function, MASKS[:5], path)
    assert modes == [0o666]


# Files that cannot be written


@pytest.fixture(params=["file", "folder"])
def read_only(request, path, monkeypatch):
    """A store with 40 answers of which the file or the folder is protected, also against root."""
    ask(weighted, MASKS[:40], path)
    protected, real = path if request.param == "file" else path.parent, os.access
    monkeypatch.setattr(
        os, "access", lambda name, mode: os.fspath(name) != str(protected) and real(name, mode)
    )
    return path


def test_answers_are_read_where_nothing_can_be_written(read_only, capsys, tmp_path_factory):
    before = read_only.read_bytes()
    function = Recorded(weighted)
    answers = ask(function, MASKS[:40], read_only)
    assert (function.calls, answers.n_stored) == (0, 40)
    np.testing.assert_array_equal(answers.values, weighted(MASKS[:40]))
    assert main(["store", "info", str(read_only)]) == 0
    out = tmp_path_factory.mktemp("out") / "out.npz"
    assert main(["store", "export", str(read_only), str(out)]) == 0
    assert len(arrays_in(out)["masks"]) == 40
    assert read_only.read_bytes() == before
    assert names_in(read_only.parent) == ["run.sqlite"]


@pytest.mark.parametrize("options", [{}, {"fingerprint": "another"}])
def test_answers_that_could_not_be_kept_are_not_asked_for(read_only, options):
    function = Recorded(weighted)
    with pytest.raises(InputError, match=r"store: .*run.sqlite cannot be written, and it lacks answers"):
        ask(function, MASKS, read_only, **options)
    assert function.calls == 0


def left_behind(path):
    """Leave a store as a killed process does: its newest answers are in the log only."""
    ask(weighted, MASKS[:40], path)
    copies = {}
    with Session(weighted, Queries(store=path, fingerprint="f", progress=False)) as session:
        session.ask(MASKS)
        for name in (path, path.with_name(f"{path.name}-wal"), path.with_name(f"{path.name}-shm")):
            copies[name] = name.read_bytes()
    for name, content in copies.items():
        name.write_bytes(content)


def test_answers_that_are_only_in_the_log_are_not_overlooked(path, monkeypatch):
    left_behind(path)
    real = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: os.fspath(name) != str(path) and real(name, mode))
    function = Recorded(weighted)
    assert ask(function, MASKS, path).n_stored == 64
    assert function.calls == 0


# Damage


def outcome_of(path, masks):
    try:
        return ask(weighted, masks, path), None
    except (StoreError, InputError) as error:
        return None, error


def test_damage_anywhere_is_told_or_harmless(path, tmp_path_factory, capsys):
    """64 bytes are written over, at many places: no wrong value, no part as if it were all, no raw error."""
    masks = masks_of(400)
    ask(weighted, masks, path)
    whole, folder = path.read_bytes(), tmp_path_factory.mktemp("damaged")
    out, told = folder / "out.npz", 0
    for at in range(100, len(whole) - 64, len(whole) // 40):
        damaged = folder / "d.sqlite"
        damaged.write_bytes(whole[:at] + bytes(range(64, 128)) + whole[at + 64 :])
        status = main(["store", "export", str(damaged), str(out)])
        said = capsys.readouterr().err
        assert status == 0 or f"store: {damaged}" in said
        if status == 0:
            exported = arrays_in(out)
            assert len(exported["masks"]) == 400
            np.testing.assert_array_equal(exported["values"], weighted(exported["masks"]))
        answers, error = outcome_of(damaged, masks)
        if answers is not None:
            np.testing.assert_array_equal(answers.values, weighted(masks))
        assert error is None or str(damaged) in str(error)
        told += error is not None
        for file in folder.iterdir():
            file.unlink()
    assert told > 5


@pytest.mark.parametrize("changed", ["zeroblob(length(answer))", "substr(answer, 2)", "'text'", "5"])
def test_answers_that_are_not_what_was_written(path, changed, capsys):
    ask(weighted, MASKS, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(f"UPDATE answers SET answer = {changed} WHERE mask IN (SELECT mask FROM answers LIMIT 3)")
    with pytest.raises(StoreError, match=r"run.sqlite is damaged \(3 answers have wrong checksums\)"):
        ask(weighted, MASKS, path)
    assert main(["store", "export", str(path), str(path.with_suffix(".npz"))]) == 1
    assert "3 answers have wrong checksums" in capsys.readouterr().err
    assert not path.with_suffix(".npz").exists()


def test_a_store_of_the_first_version_is_used(path):
    """Its answers have no checksums."""
    ask(weighted, MASKS[:40], path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE answers SET answer = substr(answer, 1, 8)")
        db.execute("PRAGMA user_version = 1")
    answers = ask(weighted, MASKS, path)
    assert answers.n_stored == 40
    np.testing.assert_array_equal(answers.values, weighted(MASKS))
    with Store(path) as store:
        masks, values = store.export()
    np.testing.assert_array_equal(values, weighted(masks))
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (2,)


def without_later_tables(path):
    """Make a store as the first programs did, which knew neither designs nor repeats."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE designs")
        db.execute("DROP TABLE repeats")


def test_a_store_without_later_tables_is_read_and_extended(path, monkeypatch):
    ask(weighted, MASKS[:40], path)
    without_later_tables(path)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda name, mode: mode != os.W_OK)
        with Store(path) as store:
            assert [(run.n, run.answers, run.repeat_bits) for run in store.info()] == [(20, 40, 0)]
            assert store.export()[0].shape == (40, 20)
    assert ask(weighted, MASKS, path).n_stored == 40
    with Store(path) as store:
        assert store.export()[0].shape == (64, 20)


def test_the_store_is_no_place_for_its_export(path, capsys):
    store = path.with_suffix(".npz")
    ask(weighted, MASKS, store)
    assert main(["store", "export", str(store), str(store)]) == 1
    assert "is the store itself" in capsys.readouterr().err
    assert ask(weighted, MASKS, store).n_stored == 64


# Disks that are full


def fill_up_after(path, count):
    """Let the store refuse answers beyond the first ones, as a full disk does."""
    with closing(sqlite3.connect(path)) as db, db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON answers "
            f"WHEN (SELECT count(*) FROM answers) >= {count} BEGIN SELECT raise(abort, 'disk full'); END"
        )


def test_answers_under_way_arrive_although_the_store_is_full(path):
    Store(path).close()
    fill_up_after(path, 8)

    def function(batch):
        calls.extend(map(bytes, np.packbits(batch, axis=1)))
        sleep(0.05)
        return weighted(batch)

    calls = []
    with ThreadPoolExecutor(4) as pool, pytest.raises(StoreError, match="disk full") as caught:
        ask(function, MASKS, path, executor=pool, batch_size=4, in_flight=4)
    assert sorted(map(bytes, np.packbits(caught.value.masks, axis=1))) == sorted(calls)
    assert len(set(calls)) == len(calls) < len(MASKS)
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))
    assert caught.value.masks.shape[1] == MASKS.shape[1]


def test_a_store_that_fails_in_a_later_round_loses_none_of_the_earlier(path):
    with Session(weighted, Queries(store=path, fingerprint="f", progress=False)) as session:
        session.ask(MASKS[:40])
        with closing(sqlite3.connect(path)) as db, db:
            db.execute("DROP TABLE answers")
        with pytest.raises(StoreError, match="no such table") as caught:
            session.ask(MASKS)
    assert len(caught.value.masks) == 40
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


def test_a_file_that_another_process_prepares_at_the_same_time(tmp_path, monkeypatch):
    path, rows = tmp_path / "s.sqlite", Database.rows

    def create():
        """Create a store, unless the other connection looks at the file at this moment."""
        other = sqlite3.connect(path, timeout=0, isolation_level=None)
        with suppress(sqlite3.OperationalError):  # it is locked, or has been created before
            for statement in ("BEGIN IMMEDIATE", *schema._SCHEMA, "PRAGMA user_version = 2"):
                other.execute(statement)
            other.execute(f"PRAGMA application_id = {schema._APPLICATION}")
            other.execute("COMMIT")
        other.close()

    def interrupted(db, query, values=()):
        if "count(*) FROM sqlite_master" in query:  # the identity of the file has been read
            create()
        return rows(db, query, values)

    monkeypatch.setattr(Database, "rows", interrupted)
    for _ in range(2):
        with Store(path) as store:
            assert store.info() == []
