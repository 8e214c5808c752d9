"""The store: a dictionary from masks to values that survives; nothing else gets in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from games import Recorded
from hypothesis import given
from hypothesis import strategies as st

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.__main__ import main
from spex_plugins.queries import Queries, Session, Store

ROOT = Path(__file__).parents[3]


def masks_of(m, n, seed=0):
    masks = np.random.default_rng(seed).random((2 * m, n)) < 0.5
    return np.unique(masks, axis=0)[np.random.default_rng(seed).permutation(m)]


def ask(function, masks, store, **options):
    options = {"fingerprint": "f", "progress": False} | options
    with Session(function, Queries(store=store, **options)) as session:
        return session.ask(masks)


def weighted(masks):
    return masks @ (np.arange(masks.shape[1]) / 4 + 0.5)  # no rounding: sums are exact in any order


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.sqlite"


@pytest.mark.slow
@given(
    n=st.integers(1, 70),
    outputs=st.sampled_from([(), (1,), (3,)]),
    rounds=st.lists(st.integers(0, 40), min_size=1, max_size=6),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_store_is_a_dictionary(tmp_path_factory, n, outputs, rounds, seed):
    """Any sequence of runs, each in a new session: only what is missing is asked, and all bits come back."""
    path = tmp_path_factory.mktemp("store") / "s.sqlite"
    rng = np.random.default_rng(seed)
    oracle = {}

    def function(masks):
        values = rng.normal(size=(len(masks), *outputs)) * 10.0 ** rng.integers(-300, 300)
        for mask, value in zip(masks, values, strict=True):
            assert mask.tobytes() not in oracle
            oracle[mask.tobytes()] = value
        return values

    for m in rounds:
        masks = rng.random((m, n)) < rng.random()  # with repetitions
        known = {mask.tobytes() for mask in masks} & set(oracle)
        answers = ask(function, masks, path, batch_size=int(rng.integers(1, 9)))
        assert answers.answered.all()
        assert answers.n_stored == len(known)
        expected = [oracle[mask.tobytes()] for mask in masks]
        np.testing.assert_array_equal(answers.values, np.array(expected).reshape(answers.values.shape))
    if oracle:
        with Store(path) as store:
            masks, values = store.export()
        assert values.shape == (len(oracle), *outputs)
        assert {m.tobytes(): v.tobytes() for m, v in zip(masks, values, strict=True)} == {
            key: value.tobytes() for key, value in oracle.items()
        }


@pytest.mark.slow
def test_the_same_call_asks_nothing(path):
    function = Recorded(weighted)
    options = {"budget": 300, "store": path, "fingerprint": "f", "progress": False}
    first = spex.explain(function, 30, **options)
    again = spex.explain(function, 30, **options)
    assert function.calls == 300
    assert (first.n_calls, first.n_stored, again.n_calls, again.n_stored) == (300, 0, 0, 300)
    np.testing.assert_array_equal(first.spectrum.coefficients, again.spectrum.coefficients)
    assert first.plan == again.plan
    assert "0 of 300, 300 answers from the store" in repr(again)
    larger = spex.explain(function, 30, **options | {"budget": 500})
    assert larger.n_calls + larger.n_stored == 500
    assert function.calls == 300 + larger.n_calls


def test_values_of_one_function_do_not_answer_for_another(path):
    masks = masks_of(50, 12)
    ask(weighted, masks, path)
    other = ask(lambda m: -weighted(m), masks, path, fingerprint="g")
    np.testing.assert_array_equal(other.values, -weighted(masks))
    assert other.n_stored == 0


def test_the_fingerprint_of_the_value_function_is_used(path):
    function = Recorded(weighted)
    function.fingerprint = "model 3"
    masks = masks_of(20, 12)
    ask(function, masks, path, fingerprint=None)
    assert ask(function, masks, path, fingerprint=None).n_stored == 20
    assert ask(function, masks, path, fingerprint="model 3").n_stored == 20
    assert ask(function, masks, path, fingerprint="model 4").n_stored == 0
    function.fingerprint = "model 5"
    assert ask(function, masks, path, fingerprint=None).n_stored == 0


@pytest.mark.parametrize("fingerprint", [None, "", 5])
def test_a_name_is_no_fingerprint(path, fingerprint):
    function = Recorded(weighted)
    function.__name__ = "weighted"
    if fingerprint is not None:
        function.fingerprint = fingerprint
    with pytest.raises(
        InputError, match="fingerprint: a store needs a text that identifies the value function"
    ):
        spex.explain(function, 30, budget=50, store=path, progress=False)
    assert function.batches == []
    assert not path.exists()


def test_a_fingerprint_belongs_to_one_number_of_features(path):
    ask(weighted, masks_of(5, 12), path)
    with pytest.raises(
        InputError, match="fingerprint: in the store, it belongs to a function of 12 features, not 13"
    ):
        ask(weighted, masks_of(5, 13), path)


def test_other_shapes_than_the_stored_ones_are_refused(path):
    masks = masks_of(20, 12)
    ask(weighted, masks[:10], path)
    with pytest.raises(
        spex.ValueFunctionError,
        match=r"returned values of shape \(10, 2\), but one number per mask before; return the same",
    ):
        ask(lambda m: np.zeros((len(m), 2)), masks, path)


def test_neither_secrets_nor_prompts_are_written(path):
    secret, prompt = "sk-very-secret", "Was the film any good?"
    function = Recorded(weighted)
    function.key, function.prompt = secret, prompt
    ask(function, masks_of(40, 12), path, fingerprint=f"{secret} {prompt}", description="a note")
    written = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert secret.encode() not in written
    assert prompt.encode() not in written
    assert b"a note" in written
    with Store(path) as store:
        assert store.info()[0].fingerprint == sha256(f"{secret} {prompt}".encode()).hexdigest()


def test_failures_are_not_stored(path):
    masks = masks_of(40, 12)

    def failing(batch):
        values = weighted(batch)
        values[batch[:, 0]] = np.nan
        return values

    answers = ask(failing, masks, path, on_failure="drop")
    np.testing.assert_array_equal(answers.answered, ~masks[:, 0])
    again = ask(weighted, masks, path)
    assert again.n_stored == int((~masks[:, 0]).sum())
    np.testing.assert_array_equal(again.values, weighted(masks))


def test_what_was_answered_before_a_failure_is_stored(path):
    masks = masks_of(40, 12)
    calls = []

    def failing(batch):
        calls.append(len(batch))
        if len(calls) == 4:
            raise ValueError("enough")
        return weighted(batch)

    with pytest.raises(spex.ValueFunctionError) as caught:
        ask(failing, masks, path, batch_size=8)
    assert len(caught.value.masks) == 24
    assert ask(weighted, masks, path).n_stored == 24


def test_a_full_disk_loses_nothing_that_was_answered(path, monkeypatch):
    masks = masks_of(40, 12)
    ask(weighted, masks[:1], path)
    with sqlite3.connect(path) as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT raise(abort, 'disk full'); END")
    db.close()
    with pytest.raises(spex.StoreError, match=r"run.sqlite cannot be used.*disk full") as caught:
        ask(weighted, masks, path, batch_size=8)
    assert len(caught.value.masks) == 9
    np.testing.assert_array_equal(caught.value.values, weighted(caught.value.masks))


def test_other_files_are_refused(tmp_path):
    text = tmp_path / "text"
    text.write_text("something that is no database at all\n" * 100)
    with pytest.raises(InputError, match=r"store: .*text cannot be used as a store: file is not a database"):
        Store(text)
    assert text.read_text().startswith("something")
    foreign = tmp_path / "foreign"
    with sqlite3.connect(foreign) as db:
        db.execute("CREATE TABLE answers (x)")
    db.close()
    with pytest.raises(InputError, match="database of another program"):
        Store(foreign)
    with pytest.raises(InputError, match="unable to open"):
        Store(tmp_path / "no" / "folder")
    Store(tmp_path / "new").close()
    with sqlite3.connect(tmp_path / "new") as db:
        db.execute("PRAGMA user_version = 3")
    db.close()
    with pytest.raises(InputError, match="a newer version wrote it"):
        Store(tmp_path / "new")


def test_nothing_is_left_beside_the_store(path):
    ask(weighted, masks_of(40, 12), path)
    assert [file.name for file in path.parent.iterdir()] == ["run.sqlite"]


def test_every_batch_waits_for_the_disk(path):
    """SQLite's `FULL`: neither a dead process nor a power cut takes an answer back."""
    levels = []

    def function(batch):
        return weighted(batch)

    with Session(function, Queries(store=path, fingerprint="f", progress=False, batch_size=8)) as session:
        db = session._store._db.connection
        db.set_trace_callback(lambda text: levels.append(text))
        session.ask(masks_of(32, 12))
        db.set_trace_callback(None)
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    modes = [
        text for text in levels if "synchronous" in text or "INSERT OR IGNORE" in text or text == "COMMIT"
    ]
    for i, text in enumerate(modes):
        if "INSERT OR IGNORE" in text:
            before = [mode for mode in modes[:i] if "synchronous" in mode]
            assert before[-1].endswith("FULL")
    assert sum(text == "COMMIT" for text in modes) >= 8


# The command line


@pytest.fixture
def filled(path):
    masks = masks_of(50, 12)
    ask(lambda m: np.column_stack([weighted(m), -weighted(m)]), masks, path, description="two outputs")
    ask(weighted, masks[:20], path, fingerprint="g")
    return path, masks


def test_info_tells_what_is_there(filled, capsys):
    path, _ = filled
    assert main(["store", "info", str(path)]) == 0
    text = capsys.readouterr().out
    for part in (
        sha256(b"f").hexdigest()[:12],
        sha256(b"g").hexdigest()[:12],
        "two outputs",
        "50",
        "20",
        "12",
    ):
        assert part in text
    assert "description" not in text.split(sha256(b"g").hexdigest()[:12])[1]


def test_the_package_is_a_command(filled):
    command = [sys.executable, "-m", "spex_plugins", "store", "info", filled[0]]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert "two outputs" in done.stdout


@pytest.mark.filterwarnings("ignore::spex_plugins.UnidentifiableWarning")
def test_export_writes_arrays(filled, tmp_path, capsys):
    path, masks = filled
    out = tmp_path / "out.npz"
    assert main(["store", "export", str(path), str(out), "--fingerprint", sha256(b"f").hexdigest()[:6]]) == 0
    with np.load(out, allow_pickle=False) as data:
        assert {m.tobytes() for m in data["masks"]} == {m.tobytes() for m in masks}
        np.testing.assert_array_equal(data["values"][:, 0], weighted(data["masks"]))
        assert spex.fit(data["masks"], data["values"]).n_outputs == 2


def test_export_writes_tables(filled, tmp_path, capsys):
    path, masks = filled
    out = tmp_path / "out.csv"
    assert main(["store", "export", str(path), str(out), "--fingerprint", sha256(b"g").hexdigest()]) == 0
    head, *lines = out.read_text().splitlines()
    assert head == "mask,value0"
    read = {line.split(",")[0]: float(line.split(",")[1]) for line in lines}
    expected = ["".join(str(int(kept)) for kept in mask) for mask in masks[:20]]
    assert read == dict(zip(expected, weighted(masks[:20]).tolist(), strict=True))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["info", "missing"], "store: missing does not exist"),
        (["export", "{}", "x.npz"], "fingerprint: 2 of the runs"),
        (["export", "{}", "x.npz", "--fingerprint", "zz"], "fingerprint: 0 of the runs"),
        (["export", "{}", "x.txt"], "out: must end in .npz or .csv"),
        (["export", "{}", "none/x.npz"], "none does not exist; make it"),
        (["recover", "{}", "none/x.sqlite"], "none does not exist; make it"),
    ],
)
def test_the_command_line_explains_its_failures(filled, capsys, arguments, text):
    assert main(["store", *(part.format(filled[0]) for part in arguments)]) == 1
    assert text in capsys.readouterr().err
