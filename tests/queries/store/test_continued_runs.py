"""A run continues from the answers in its store: what was paid for is used, whatever asked for it."""

from __future__ import annotations

import re

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.core.designs.design_record import design_from, design_record
from spex_plugins.estimators import resolve
from spex_plugins.queries import Store

SETTINGS = [
    ("auto", None),
    ("auto", "SV"),
    ("shapley", "k-SII"),
    ("shapley", None),
    ("sparse_regression", None),
    ("gaussian_process", None),
    ("spex", None),
]


class Counted:
    """A rough function that refuses to be asked for a mask twice."""

    def __init__(self, n, most=None):
        rng = np.random.default_rng(n)
        self.inner, self.outer = rng.normal(size=(n, 30)) / np.sqrt(n), rng.normal(size=30)
        self.asked, self.most = set(), most

    def __call__(self, masks):
        keys = {mask.tobytes() for mask in masks}
        assert len(keys) == len(masks)
        assert not keys & self.asked
        if self.most is not None and len(self.asked) + len(masks) > self.most:
            raise KeyboardInterrupt
        self.asked |= keys
        return np.tanh(3 * (masks - 0.5) @ self.inner) @ self.outer


@pytest.fixture
def options(tmp_path):
    return {"store": tmp_path / "s.sqlite", "fingerprint": "f", "progress": False}


def same(one, other):
    masks = np.random.default_rng(5).random((200, one.n)) < 0.5
    np.testing.assert_array_equal(one.predict(masks), other.predict(masks))
    np.testing.assert_array_equal(one.r2, other.r2)
    assert one.plan == other.plan


@pytest.mark.slow
@pytest.mark.parametrize(
    ("n", "first", "second", "estimator", "index"),
    [(13, 150, 301, *setting) for setting in SETTINGS] + [(30, 200, 400, *SETTINGS[0])],
)
def test_a_larger_budget_asks_for_the_difference(n, first, second, estimator, index, options):
    function, options = Counted(n), options | {"estimator": estimator, "index": index}
    one = spex.explain(function, n, budget=first, **options)
    two = spex.explain(function, n, budget=second, **options)
    assert abs(two.n_calls - (second - first)) <= 0.03 * first
    assert two.n_calls + two.n_stored <= second
    count = len(function.asked)
    for budget, before in ((second, two), (first, one), (second, two)):
        again = spex.explain(function, n, budget=budget, **options)
        assert again.n_calls == 0
        same(again, before)
    assert len(function.asked) == count


@pytest.mark.slow
def test_answers_of_other_masks_are_used_as_far_as_they_serve(options):
    function = Counted(30)
    spex.explain(function, 30, budget=300, **options)
    values = spex.explain(function, 30, budget=300, index="SV", **options)
    # Of the sizes around 15, the 300 masks for Shapley values need some 100.
    assert 60 <= values.n_stored <= 200
    assert values.n_calls + values.n_stored == 300
    assert spex.explain(function, 30, budget=300, index="SV", **options).n_calls == 0


@pytest.mark.slow
def test_a_smaller_budget_than_is_stored_asks_nothing_more(options):
    function = Counted(30)
    spex.explain(function, 30, budget=500, **options)
    less = spex.explain(function, 30, budget=200, **options)
    assert less.n_calls <= 20  # so many as test the fit, and by chance are of sizes that are not stored
    assert less.n_calls + less.n_stored == 200


@pytest.mark.slow
def test_a_run_that_was_interrupted_while_it_continued_has_the_same_result(options):
    whole = Counted(20)
    spex.explain(whole, 20, budget=200, **options)
    expected = spex.explain(whole, 20, budget=400, **options)
    cut, other = Counted(20, 300), options | {"fingerprint": "g"}
    spex.explain(cut, 20, budget=200, **other)
    with pytest.raises(KeyboardInterrupt):
        spex.explain(cut, 20, budget=400, **other)
    cut.most = None
    same(spex.explain(cut, 20, budget=400, **other), expected)
    assert len(cut.asked) == len(whole.asked)


@pytest.mark.slow
def test_rounds_begin_with_what_is_stored(options):
    function = Counted(20)
    spex.explain(function, 20, budget=600, **options)
    found = spex.explain(function, 20, budget=900, target_r2=0.9999, **options)
    assert found.n_calls + found.n_stored == 900
    assert found.n_calls <= 330
    first = int(re.search(r"R² [\d.]+ at (\d+)", found.plan)[1])
    assert found.n_stored <= first <= 600
    again = spex.explain(function, 20, budget=900, target_r2=0.9999, **options)
    assert again.n_calls == 0
    same(again, found)


@pytest.mark.slow
@pytest.mark.parametrize(("estimator", "index"), [("auto", None), ("auto", "SV"), ("spex", None)])
def test_the_plan_says_what_will_be_asked(estimator, index, options):
    function = Counted(30)
    settings = {"estimator": estimator, "index": index}
    queries = spex.Queries(**options)
    assert spex.plan(30, 200, queries=queries, **settings).least_calls == 200  # no such file yet
    assert not options["store"].exists()
    spex.explain(function, 30, budget=200, queries=queries, **settings)
    told = spex.plan(30, 450, queries=queries, **settings)
    found = spex.explain(function, 30, budget=450, queries=queries, **settings)
    assert told.least_calls == told.most_calls == found.n_calls
    assert told.n_stored == found.n_stored > 190
    assert told.design in found.plan
    assert f"{found.n_stored} answers from the store" in repr(told)
    assert spex.plan(30, 450, **settings).least_calls == 450


@pytest.mark.slow
def test_the_plan_of_rounds_counts_stored_answers(options):
    queries = spex.Queries(**options)
    spex.explain(Counted(20), 20, budget=600, queries=queries)
    told = spex.plan(20, 900, target_r2=0.9999, queries=queries)
    assert told.least_calls <= 30
    assert told.most_calls == 900 - told.n_stored <= 330


def test_a_plan_with_a_store_needs_a_fingerprint(options):
    spex.explain(Counted(20), 20, budget=100, **options)
    with pytest.raises(spex.InputError, match="fingerprint"):
        spex.plan(20, 200, queries=spex.Queries(store=options["store"]))
    with pytest.raises(spex.InputError, match="queries: must be"):
        spex.plan(20, 200, queries="run.sqlite")


@pytest.mark.slow
def test_a_store_of_an_older_version_is_continued(options):
    function = Counted(30)
    one = spex.explain(function, 30, budget=200, **options)
    with Store(options["store"]) as store:
        store._db.rows("DROP TABLE designs")
    same(spex.explain(function, 30, budget=200, **options), one)
    with Store(options["store"]) as store:
        store._db.rows("DROP TABLE designs")
    two = spex.explain(function, 30, budget=400, **options)
    assert two.n_calls <= 210


def test_a_damaged_design_is_drawn_anew(options):
    function = Counted(30)
    one = spex.explain(function, 30, budget=200, **options)
    with Store(options["store"]) as store:
        store._db.rows("UPDATE designs SET design = substr(design, 1, 90)")
    same(spex.explain(function, 30, budget=200, **options), one)


@pytest.mark.slow
def test_a_store_that_cannot_be_written_is_continued(options):
    function = Counted(30)
    one = spex.explain(function, 30, budget=200, **options)
    options["store"].chmod(0o444)
    options["store"].parent.chmod(0o555)
    try:
        same(spex.explain(function, 30, budget=200, **options), one)
    finally:
        options["store"].parent.chmod(0o755)


@pytest.mark.parametrize(("name", "budget"), [("auto", 300), ("auto", 2000), ("shapley", 300)])
def test_a_design_is_kept_as_it_is(name, budget):
    design = resolve(name).design(64, budget, None, np.random.default_rng(0))
    read = design_from(design_record(design))
    np.testing.assert_array_equal(read.masks, design.masks)
    assert (read.plan, read.n_structured, read.n_known) == (design.plan, design.n_structured, design.n_known)
    assert (read.coded is None) == (design.coded is None)
    if design.coded is not None:
        for part in ("hashes", "offsets", "rows"):
            np.testing.assert_array_equal(getattr(read.coded, part), getattr(design.coded, part))
