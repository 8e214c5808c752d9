"""Recovery of damaged stores: what can be read is copied, and what is lost is said."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import numpy as np
import pytest
from games import Recorded
from sessions import masks_of

import spex_plugins as spex
from spex_plugins import StoreError
from spex_plugins.__main__ import main
from spex_plugins.games import CallOutcome, PartsGame
from spex_plugins.queries import Queries, Session, Store
from spex_plugins.queries.store.database import Database
from spex_plugins.queries.store.recovery import recovered

MASKS = masks_of(64)


def weighted(masks):
    return masks @ (np.arange(masks.shape[1]) / 4 + 0.5)


def two(masks):
    return np.column_stack([weighted(masks)] * 2)


def ask(function, masks, store, fingerprint="f", **options):
    options = {"fingerprint": fingerprint, "progress": False} | options
    with Session(function, Queries(store=store, **options)) as session:
        return session.ask(masks)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.sqlite"


@pytest.fixture
def new(tmp_path):
    return tmp_path / "new.sqlite"


def overwrite(path, *names):
    """Write over the first page of tables and indices."""
    with closing(sqlite3.connect(path)) as db:
        size = db.execute("PRAGMA page_size").fetchone()[0]
        pages = dict(db.execute("SELECT name, rootpage FROM sqlite_master"))
    content = bytearray(path.read_bytes())
    for name in names:
        end = pages[name] * size
        content[end - size : end] = b"\xa5" * size
    path.write_bytes(content)


def recover(path, new, capsys):
    """Return what the command says on either stream."""
    assert main(["store", "recover", str(path), str(new)]) == 0
    said = capsys.readouterr()
    assert "store recover" not in said.out + said.err  # what has just been done
    return said.out, said.err


def test_a_damaged_page_of_answers_costs_these_answers_only(path, new, capsys):
    masks = masks_of(3000)
    ask(weighted, masks, path)
    ask(two, MASKS, path, fingerprint="g", description="two")
    with closing(sqlite3.connect(path)) as db:
        page = db.execute("PRAGMA page_size").fetchone()[0]
    content = bytearray(path.read_bytes())
    at = len(content) // 2 // page * page
    content[at : at + page] = bytes(page)
    path.write_bytes(content)
    out, err = recover(path, new, capsys)
    assert "answers to 2 functions written" in out
    assert err == "Other answers could not be read; they will be evaluated again.\n"
    function = Recorded(weighted)
    answers = ask(function, masks, new)
    np.testing.assert_array_equal(answers.values, weighted(masks))
    assert 0 < function.calls < 400  # those of the page that is lost
    again = ask(lambda batch: np.zeros((len(batch), 2)), MASKS, new, fingerprint="g")
    np.testing.assert_array_equal(again.values, two(MASKS))
    assert main(["store", "recover", str(path), str(new)]) == 1
    assert "exists already" in capsys.readouterr().err


def test_the_answers_outlive_the_list_of_value_functions(path, new, capsys):
    """The fingerprints are in the index of the list too, and the shapes in the answers."""
    ask(weighted, MASKS, path, description="lost")
    ask(two, MASKS, path, fingerprint="g")
    overwrite(path, "runs")
    out, err = recover(path, new, capsys)
    assert out.startswith("128 answers to 2 functions written")
    assert "no readable entry for 2 of them" in err
    for function, fingerprint in ((weighted, "f"), (two, "g")):
        model = Recorded(function)
        np.testing.assert_array_equal(ask(model, MASKS, new, fingerprint).values, function(MASKS))
        assert model.calls == 0


def test_answers_without_a_fingerprint_can_be_exported(path, new, capsys):
    ask(weighted, MASKS, path)
    overwrite(path, "runs", "sqlite_autoindex_runs_1")
    assert "export them with --fingerprint lost-1" in recover(path, new, capsys)[1]
    with Store(new) as store:
        masks, values = store.export("lost-1")
    assert {*map(bytes, masks)} == {*map(bytes, MASKS)}
    np.testing.assert_array_equal(values, weighted(masks))


def ask_repeats(store):
    """Ask masks of 16 features, which four further columns follow."""
    with Session(weighted, Queries(store=store, fingerprint="f", progress=False), repeat_bits=4) as session:
        return session.ask(MASKS)


def test_recovery_keeps_what_is_a_repeat(path, new, capsys):
    ask_repeats(path)
    with Store(path) as store:
        before = store.export()
    overwrite(path, "runs")
    recover(path, new, capsys)
    with Store(new) as store:
        after = store.export()
        assert (store.info()[0].n, store.info()[0].repeat_bits) == (16, 4)
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)


def test_lost_repeats_are_said(path, new, capsys):
    ask_repeats(path)
    overwrite(path, "repeats")
    assert "have the number of the repeat as further features" in recover(path, new, capsys)[1]
    assert ask_repeats(new).n_stored == 64
    with Store(new) as store:
        assert (store.info()[0].n, store.info()[0].repeat_bits) == (16, 4)


def test_a_store_without_later_tables_is_recovered(path, new, capsys):
    ask(weighted, MASKS, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("DROP TABLE repeats")
        db.execute("DROP TABLE designs")
    assert recover(path, new, capsys) == (f"64 answers to 1 function written to {new}\n", "")


def called(parts):
    return CallOutcome(float(len(parts)), cost=0.5, trace={"parts": list(parts)})


def test_calls_of_a_parts_game_are_copied(path, new, capsys):
    parts = {"a": 1, "b": 2, "c": 3}
    game = PartsGame(called, parts, fingerprint="agent", traces=path)
    spex.explain(game, budget=8, store=path, progress=False)
    out, err = recover(path, new, capsys)
    assert f"8 rows of table calls written to {new}" in out
    assert err == ""
    assert PartsGame(called, parts, fingerprint="agent", traces=new).records() == game.records()
    overwrite(path, "calls")
    new.unlink()
    assert recover(path, new, capsys)[1] == "Table calls could not be read as a whole.\n"


@pytest.mark.parametrize("damage", ["everything", "tables"])
def test_where_nothing_can_be_read_a_backup_is_advised(path, new, damage):
    ask(weighted, MASKS, path)
    if damage == "tables":
        overwrite(path, "runs", "sqlite_autoindex_runs_1", "answers")
    else:
        path.write_bytes(b"\xa5" * path.stat().st_size)
    with pytest.raises(StoreError, match=r"run.sqlite cannot be recovered.*Restore it from a backup\.$"):
        recovered(path, new)
    assert not new.exists()


@pytest.mark.slow
def test_damage_anywhere_gives_no_wrong_value(path, tmp_path):
    """64 bytes are written over, at many places."""
    ask(weighted, masks_of(400), path)
    ask(two, MASKS, path, fingerprint="g")
    whole, damaged, told = path.read_bytes(), tmp_path / "damaged.sqlite", []
    for k, at in enumerate(range(100, len(whole) - 64, len(whole) // 24)):
        damaged.write_bytes(whole[:at] + bytes(range(64, 128)) + whole[at + 64 :])
        new = tmp_path / f"{k}.sqlite"
        try:
            recovered(damaged, new)
        except StoreError as error:
            told.append(str(error))
            continue
        with Store(new) as store:
            for run in store.info():
                masks, values = store.export(run.fingerprint) if run.answers else (MASKS[:0], np.zeros(0))
                np.testing.assert_array_equal(values, (two if run.outputs else weighted)(masks))
    assert all("Restore it from a backup" in error for error in told)


def test_entries_that_disagree_with_the_answers_are_not_believed(path, new):
    ask(weighted, MASKS, path)
    with closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE runs SET n = 1000, outputs = 7")
    found = recovered(path, new)
    assert (found.functions, found.answers) == (1, 64)
    assert "no readable entry for 1 of them" in found.losses[0]
    answers = ask(weighted, MASKS, new)
    assert answers.n_stored == 64


def test_the_errors_of_a_recovery_advise_no_recovery(path, new, monkeypatch):
    """Also where reading the file is tried on opening: beside a log that cannot be written."""

    def fails(self, damaged):
        try:
            raise sqlite3.DatabaseError("malformed")
        except sqlite3.DatabaseError as error:
            raise StoreError.damaged(damaged, str(error)) from error

    path.touch()
    monkeypatch.setattr(Database, "__init__", fails)
    with pytest.raises(StoreError, match=r"cannot be recovered.*malformed.*from a backup\.$"):
        recovered(path, new)
