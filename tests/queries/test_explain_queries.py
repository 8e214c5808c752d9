"""`explain` on top of the query layer: the same answer however it was asked, and an honest account of it."""

from __future__ import annotations

import sys
from io import StringIO
from time import sleep

import numpy as np
import pytest
from games import Recorded, random_spectrum

import spex_plugins as spex
from spex_plugins import Interactions, PartialAnswerError, ValueFunctionError
from spex_plugins.api import explain_each

TRUTH = random_spectrum(24, 6, 3, np.random.default_rng(0))


class Unreliable:
    """Answers like the truth, but fails now and then, never at the same mask more than twice."""

    fingerprint = "truth"

    def __init__(self, seed, stop_after=None):
        self.rng, self.stop_after = np.random.default_rng(seed), stop_after
        self.failures, self.answered = {}, 0

    def __call__(self, masks):
        if self.stop_after is not None and self.answered >= self.stop_after:
            raise KeyboardInterrupt
        keys = [mask.tobytes() for mask in masks]
        often = np.array([self.failures.get(key, 0) for key in keys])
        fails = (self.rng.random(len(masks)) < 0.3) & (often < 2)
        for i in np.flatnonzero(fails):
            self.failures[keys[i]] = often[i] + 1
        self.answered += int((~fails).sum())
        values = np.where(fails, np.nan, TRUTH.predict(masks))
        if fails.any():
            raise PartialAnswerError("busy", values=values, answered=~fails)
        return values

    def work(self, masks):
        return masks.sum(axis=1) + 1.0


@pytest.mark.slow
def test_the_explanation_does_not_depend_on_how_it_was_asked(tmp_path):
    """Faults, an order by length, small batches, a stop and a resumed run: bit by bit the same."""
    plain = spex.explain(TRUTH.predict, 24, budget=400, progress=False)
    options = {"budget": 400, "store": tmp_path / "s.sqlite", "progress": False, "batch_size": 16}
    stopped = Unreliable(1, stop_after=150)
    with pytest.raises(KeyboardInterrupt):
        spex.explain(stopped, 24, **options)
    rest = Unreliable(2)
    found = spex.explain(rest, 24, **options)
    assert found.n_stored == stopped.answered
    assert found.n_calls == rest.answered == 400 - stopped.answered
    np.testing.assert_array_equal(found.spectrum.supports, plain.spectrum.supports)
    np.testing.assert_allclose(found.spectrum.coefficients, plain.spectrum.coefficients, atol=1e-12)
    again = f"; {sum(rest.failures.values())} masks evaluated again, as calls failed"
    assert again in found.plan
    assert found.plan.replace(again, "") == plain.plan


@pytest.mark.slow
def test_several_functions_share_a_store(tmp_path):
    def both(masks):
        return np.column_stack([TRUTH.predict(masks), -TRUTH.predict(masks)])

    function = Recorded(both)
    options = {"budget": 200, "store": tmp_path / "s.sqlite", "fingerprint": "both", "progress": False}
    for stored in (0, 200):
        found = explain_each(function, 24, lambda values: list(values.T), **options)
        assert [one.n_stored for one in found] == [stored] * 2
        assert [one.n_calls for one in found] == [200 - stored] * 2
    assert function.calls == 200


@pytest.mark.slow
def test_saved_files_tell_what_came_from_the_store(tmp_path):
    options = {"budget": 100, "store": tmp_path / "s.sqlite", "fingerprint": "t", "progress": False}
    spex.explain(TRUTH.predict, 24, **options)
    found = spex.explain(TRUTH.predict, 24, **options)
    found.save(tmp_path / "found.npz")
    loaded = Interactions.load(tmp_path / "found.npz")
    assert (loaded.n_calls, loaded.n_stored) == (0, 100)
    assert repr(loaded) == repr(found)


def test_a_limit_and_dropped_masks_are_both_told():
    def failing(masks):
        values = TRUTH.predict(masks)
        values[masks[:, 0] & masks[:, 1] & masks[:, 2]] = np.inf
        return values

    found = spex.explain(failing, 24, budget=400, max_cost=300, on_failure="drop", progress=False)
    assert found.n_calls < 300
    dropped = 300 - found.n_calls
    assert f"{found.n_calls} of 400 distinct masks" in found.plan
    assert f"{dropped} masks dropped, of which the first returned NaN or inf" in found.plan
    assert "ended early by max_cost=300" in found.plan


def test_all_masks_but_one_are_no_exact_transform():
    def failing(masks):
        values = masks @ np.arange(1.0, 6)
        values[masks.sum(axis=1) == 4] = np.nan
        return values

    found = spex.explain(failing, 5, budget=32, on_failure="drop", progress=False)
    assert found.n_calls == 27
    assert found.r2_source != "exact: all masks are known"


def test_a_store_cannot_be_a_missing_folder(tmp_path):
    function = Recorded(TRUTH.predict)
    with pytest.raises(spex.InputError, match=r"store: .* cannot be used as a store"):
        spex.explain(function, 24, budget=100, store=tmp_path / "no" / "s", fingerprint="t", progress=False)
    assert function.batches == []


@pytest.mark.slow
def test_the_bar_counts_calls_and_drops(monkeypatch, tmp_path):
    screen = StringIO()
    monkeypatch.setattr(sys, "stderr", screen)

    def slow(masks):
        sleep(0.12)
        values = TRUTH.predict(masks)
        values[masks[:, 0] & masks[:, 1] & masks[:, 2]] = np.inf
        return values

    options = {"budget": 400, "on_failure": "drop", "store": tmp_path / "s", "fingerprint": "t"}
    found = spex.explain(slow, 24, batch_size=20, **options)
    shown = screen.getvalue()
    assert "model calls" in shown
    assert "/400 [" in shown
    assert "call/s" in shown
    assert f"{400 - found.n_calls} dropped" in shown
    screen.truncate(0)
    spex.explain(lambda m: sleep(1.3) or np.zeros(len(m)), 24, batch_size=500, **options)
    assert f"/{400 - found.n_calls} [" in screen.getvalue()  # those of the store are not left to do


def test_errors_keep_what_came_from_the_store_too(tmp_path):
    options = {"store": tmp_path / "s", "fingerprint": "t", "progress": False}
    spex.explain(TRUTH.predict, 24, budget=100, max_cost=40, **options)

    def broken(masks):
        raise RuntimeError("down")

    with pytest.raises(ValueFunctionError, match="down") as caught:
        spex.explain(broken, 24, budget=100, **options)
    assert len(caught.value.masks) == 40
    np.testing.assert_array_equal(caught.value.values, TRUTH.predict(caught.value.masks))
