"""Methods on recorded answers, of which only some masks are known."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError, Recording


class Model:
    n = 20

    def __call__(self, masks):
        return 2.0 * (masks[:, 0] & masks[:, 1]) - 1.0 * masks[:, 2] + 0.5 * masks[:, 5]


@pytest.fixture(scope="module")
def recording():
    rng = np.random.default_rng(0)
    kinds = {
        "uniform": rng.random((400, 20)) < 0.5,
        "all sizes": rng.random((100, 20)) < rng.random((100, 1)),
    }
    return Recording.record(Model(), kinds, progress=False)


def test_methods_choose_among_the_masks_that_are_not_held_out(recording):
    report = spex.compare(
        recording, methods=["auto", "banzhaf", "shap:kernel"], budgets=[100], held_out=150, progress=False
    )
    about = report.inputs[0]
    masks = [about.held_out.uniform.masks, about.held_out.sizes.masks]
    assert [len(one) for one in masks] == [150, recording.kinds["all sizes"] // 2]
    table = report.table.set_index("method")
    assert table.r2["auto"] == pytest.approx(1.0)
    assert 0.5 < table.r2["banzhaf"] < 1.0
    assert table.calls["auto"] <= 100
    assert "were not recorded" in table.problem["shap:kernel"]
    assert about.n_calls <= 150 + 50 + 2 + 2 * 100
    again = spex.compare(recording, methods=["auto"], budgets=[100], held_out=150, progress=False)
    np.testing.assert_array_equal(again.inputs[0].held_out.uniform.masks, masks[0])


def test_no_mask_is_both_fitted_and_held_out(recording, monkeypatch):
    from spex_plugins.comparison.calls.counted_game import CountedGame

    asked = []
    call = CountedGame.__call__
    monkeypatch.setattr(
        CountedGame, "__call__", lambda game, masks: (asked.append(masks), call(game, masks))[1]
    )
    methods = ["auto", "lasso", "proxyspex"]
    report = spex.compare(recording, methods=methods, budgets=[1000], held_out=1000, progress=False)
    held_out = report.inputs[0].held_out
    tested = {row.tobytes() for one in (held_out.uniform, held_out.sizes) for row in one.masks}
    assert len(held_out.uniform.masks) == 200  # half of them
    ends = {np.zeros(20, bool).tobytes(), np.ones(20, bool).tobytes()}
    assert not ({row.astype(bool).tobytes() for masks in asked for row in masks} - ends) & tested


def test_held_out_masks_of_a_recording_are_a_number(recording):
    report = spex.compare(
        recording, methods=["lasso"], budgets=[50], held_out=recording.masks("uniform")[:9], progress=False
    )
    assert "held_out: give a number" in report.table.problem[0]
    with pytest.raises(InputError, match="at most"):
        recording.split(1000)


@pytest.mark.parametrize(
    ("kept", "lacking"),
    [(slice(2, None), "empty and the full mask were"), (slice(1, None), "empty mask was")],
)
def test_a_recording_without_both_ends_is_refused_and_told_what_to_record(kept, lacking):
    ends = np.repeat([[False], [True]], 20, axis=1)
    inner = np.random.default_rng(0).random((300, 20)) < 0.5
    masks = np.concatenate([ends, inner])[kept]
    uniform = np.arange(len(masks))
    model = Model()
    with pytest.raises(InputError, match=f"game: the {lacking} not recorded, .* Record them too"):
        spex.compare(Recording(masks, model(masks), kinds={"uniform": uniform}), progress=False)
    whole = Recording.record(model, {"uniform": inner, "ends": ends}, progress=False)
    report = spex.compare(whole, methods=["lasso"], budgets=100, held_out=100, progress=False)
    assert not report.runs[0].problem
