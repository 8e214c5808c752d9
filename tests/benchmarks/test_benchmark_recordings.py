"""Recorded answers of real models: names, masks, a run that is stopped and goes on, and scores."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest

from spex_plugins import Recording

FOLDER = Path(__file__).parents[2] / "benchmarks" / "recordings"
FILES = sorted(FOLDER.glob("*.npz"))


class Game:
    """Twelve numbers, and pairs of neighbours; counts its masks."""

    n, feature_names, fingerprint = 12, tuple("abcdefghijkl"), "pairs of neighbours"
    calls = 0

    def __call__(self, masks):
        Game.calls += len(masks)
        return masks @ np.arange(1.0, 13.0) + 3.0 * (masks[:, 1:] & masks[:, :-1]).sum(axis=1)


@pytest.fixture
def tiny(monkeypatch):
    """Two inputs in the place of all: one with all masks, one with a sample that grows."""
    from library.recorded import inputs

    def make(_):
        return inputs.Asked(Game(), {"model": "sums"}, names=tuple(f"w{i}" for i in range(12)))

    found = [
        inputs.Input("trees", "all", "report", make),
        inputs.Input("trees", "some", "choose", make, (200, 400)),
    ]
    monkeypatch.setattr(inputs, "inputs", lambda group: found if group == "trees" else [])
    monkeypatch.setattr(Game, "calls", 0)
    return found


def run(monkeypatch, script, *arguments):
    monkeypatch.setattr("sys.argv", [f"{script.__name__}.py", *map(str, arguments)])
    script.main()


@pytest.mark.parametrize("n", [12, 16, 40])
def test_masks_of_a_name_grow_and_are_what_they_are_called(n):
    from library.recorded.masks import masks_of

    small, large = (masks_of("a name", n, count) for count in (400, 1200))
    for kind, masks in large.items():
        np.testing.assert_array_equal(masks[: len(small[kind])], small[kind])
        assert len(np.unique(masks, axis=0)) == len(masks)
    assert [len(each) for each in large.values()] == [2, 1200, 300]
    np.testing.assert_array_equal(large["ends"], np.repeat([[False], [True]], n, axis=1))
    np.testing.assert_array_equal(large["all sizes"][::2], ~large["all sizes"][1::2])
    assert (masks_of("another", n, 400)["uniform"] != small["uniform"]).any()
    assert masks_of("a name", n, 0) is None
    errors = (large["uniform"].mean(axis=0) - 0.5) * 2 * np.sqrt(1200)
    assert np.abs(errors).max() < 4.5  # standard deviations
    sizes = large["all sizes"].sum(axis=1)
    assert sizes.min() == 1
    assert sizes.max() == n - 1
    if n == 40:  # of few features, small masks are soon all drawn
        assert abs((sizes <= 10).mean() - 10 / 39) < 0.08


def test_half_of_the_inputs_are_for_reports_and_names_differ():
    pytest.importorskip("torch")
    from library.recorded.inputs import GROUPS, ROLES, inputs, steps

    everything = [one for group in GROUPS for one in inputs(group)]
    paths = {one.path(FOLDER) for one in everything}
    assert len(paths) == len(everything)
    assert set(FILES) <= paths
    assert {one.role for one in inputs("paper")} == {"report"}  # no estimator is chosen by them
    everything = [one for one in everything if one.group != "paper"]
    for group in set(GROUPS) - {"paper"}:
        roles = [one.role for one in inputs(group)]
        assert roles.count(ROLES[0]) == roles.count(ROLES[1]) == len(roles) / 2
    for complete in (True, False):
        roles = [one.role for one in everything if bool(one.rounds) != complete]
        assert roles.count(ROLES[0]) == len(roles) / 2
    order = steps(GROUPS[:-1])
    assert len(order) == sum(max(len(one.rounds), 1) for one in everything)
    first = [step.input.path(FOLDER) for step in order[: len(everything)]]
    assert len(set(first)) == len(first)


def test_questions_have_as_many_sentences_as_are_asked():
    import json

    items = json.loads((FOLDER.parent / "library" / "recorded" / "questions.json").read_text())
    counts = [len(item["text"].replace("\n\n", " ").rstrip(".").split(". ")) for item in items]
    assert sorted(counts) == [12] * 4 + [16] * 4
    assert all(item["text"].count("\n\n") == 1 for item in items)


@pytest.mark.slow
def test_a_stopped_run_goes_on_and_a_finished_one_asks_nothing(tiny, tmp_path, monkeypatch, capsys):
    from recorded import record

    folders = ["--out", tmp_path / "out", "--cache", tmp_path / "cache"]
    run(monkeypatch, record, "--list", *folders)
    assert Game.calls == 0
    assert "1 of 3: trees_all_report, all masks" in capsys.readouterr().out

    stop_at = 700

    def until_stopped(self, masks, ask=Game.__call__):
        if Game.calls > stop_at:
            raise KeyboardInterrupt
        return ask(self, masks)

    with monkeypatch.context() as patch:
        patch.setattr(Game, "__call__", until_stopped)
        with pytest.raises(KeyboardInterrupt):
            run(monkeypatch, record, *folders)
    assert not list((tmp_path / "out").iterdir())
    run(monkeypatch, record, *folders)
    # Both inputs have one function: what the first one asked is in the store.
    assert Game.calls == 2**12
    run(monkeypatch, record, *folders)
    assert Game.calls == 2**12

    all_masks = Recording.load(tmp_path / "out" / "trees_all_report.npz")
    assert all_masks.complete
    assert all_masks.about["role"] == "report"
    assert all_masks.feature_names[3] == "w3"
    some = Recording.load(tmp_path / "out" / "trees_some_choose.npz")
    assert some.kinds == {"ends": 2, "uniform": 400, "all sizes": 100}
    np.testing.assert_array_equal(some(some.masks()), Game()(some.masks()).astype(np.float32))


def test_a_larger_number_of_masks_is_recorded_again(tiny, tmp_path, monkeypatch):
    from library.recorded.inputs import Step
    from recorded import record

    tmp_path.joinpath("cache").mkdir()
    step = Step(tiny[1], 200)
    assert not record.recorded(step, tmp_path)
    record.record(step, tmp_path, tmp_path / "cache")
    before = Game.calls
    assert record.recorded(step, tmp_path)
    assert not record.recorded(step._replace(count=400), tmp_path)
    record.record(step._replace(count=400), tmp_path, tmp_path / "cache")
    assert before < Game.calls <= before + 250
    assert record.recorded(step._replace(count=400), tmp_path)


@pytest.mark.slow
def test_scores_of_an_additive_and_of_our_method(tiny, tmp_path, monkeypatch, capsys):
    pytest.importorskip("sklearn")
    from library.recorded.scoring import scores
    from recorded import record, recorded_answers

    run(monkeypatch, record, "--out", tmp_path, "--cache", tmp_path / "cache")
    complete = Recording.load(tmp_path / "trees_all_report.npz")
    found = dict(scores(complete, "auto", 300, 1))
    assert found["R² uniform"] > 0.999
    assert set(found) == {"R² uniform", "error SV", "error k-SII", "error FSII"}
    assert max(found["error SV"], found["error FSII"]) < 0.02
    # Half of the 11 pairs' variance, (3 / 4)² each, is not that of single features.
    signs = complete(complete.masks())
    additive = dict(scores(complete, "ridge", 2**12, 1))
    assert set(additive) == {"R² uniform"}
    np.testing.assert_allclose(1 - additive["R² uniform"], 11 * (3 / 4) ** 2 / signs.var(), rtol=0.01)

    monkeypatch.setattr("library.recorded.scoring._HELD_OUT", {"uniform": 100, "all sizes": 20})
    options = ["--recordings", tmp_path, "--methods", "auto", "ridge", "--budgets", 150]
    run(monkeypatch, recorded_answers, *options)
    printed = capsys.readouterr().out
    assert "… trees_some_choose" in printed
    assert "trees_all_report" not in printed.split("…")[-1]
    assert "| trees, a sample | R² uniform | 150 | 0.99" in printed or "| 150 | 1.000 |" in printed


@pytest.mark.skipif(not FILES, reason="nothing is recorded yet")
def test_committed_recordings_are_small_and_say_what_they_are():
    sizes = [path.stat().st_size for path in FILES]
    assert max(sizes) < 1e6
    assert sum(sizes) < 8e6
    for path in FILES:
        recording = Recording.load(path)
        assert {"model", "asked", "role", "recorded", "versions", "model_fingerprint"} <= set(recording.about)
        assert path.stem.endswith(f"_{recording.about['role']}")
        if recording.complete:
            assert recording.n == 8 if path.stem.startswith("paper") else 12 <= recording.n <= 14
        else:
            assert set(recording.kinds) == {"ends", "uniform", "all sizes"}
            assert recording.kinds["uniform"] >= 2000
        if "review" in path.stem:  # whose words may not be passed on
            assert recording.feature_names == tuple(f"w{i}" for i in range(recording.n))


@pytest.mark.parametrize("path", [path for path in FILES if "shapley" in str(Recording.load(path).about)])
def test_values_of_trees_add_up_on_recorded_masks(path):
    recording = Recording.load(path)
    empty, full = recording(recording.masks("ends"))
    np.testing.assert_allclose(sum(recording.about["shapley_values"]), full - empty, rtol=1e-5, atol=1e-5)


def test_the_game_of_a_tree_is_the_one_of_the_definition():
    pytest.importorskip("shapiq")
    pytest.importorskip("lightgbm")
    from library.recorded.columns import _asked

    asked = _asked("wine", "boosted", 0, False, Path())
    game, model = asked.game, asked.game._model
    masks = np.random.default_rng(0).random((5, game.n)) < 0.5
    for mask, value in zip(masks, game(masks), strict=True):
        rows = model.background.copy()
        rows[:, mask] = game.row[mask]
        np.testing.assert_allclose(value, model.booster.predict(rows, raw_score=True).mean(), rtol=1e-12)
    again = partial(_asked, "wine", "boosted")(1, False, Path()).game
    assert again.fingerprint != game.fingerprint
