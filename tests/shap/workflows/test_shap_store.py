"""A store under `SpexExplainer`: nothing is asked twice, and nothing is taken for what it is not."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import shap
from games import SmallGame
from numpy.testing import assert_allclose

from spex_plugins import InputError, Queries
from spex_plugins.shap import SpexExplainer, as_model

RNG = np.random.default_rng(0)
BACKGROUND, ROWS = RNG.normal(size=(4, 6)), RNG.normal(size=(2, 6))


class Counted:
    """Probabilities of two classes; counts the rows that it is asked for."""

    def __init__(self):
        self.rows = 0

    def __call__(self, x):
        x = np.asarray(x, dtype=float)
        self.rows += len(x)
        p = 1 / (1 + np.exp(-x[:, 0] * x[:, 1] - x[:, 2] + x[:, 3] * x[:, 4] * x[:, 5]))
        return np.column_stack([p, 1 - p])


def run(path, rows=ROWS, masker=BACKGROUND, model=None, fingerprint="model 1", **options):
    """Explain with the store, and return the explanation and how many rows the model was asked for."""
    model = model or Counted()
    how = Queries(store=path, fingerprint=fingerprint)
    call = {name: options.pop(name) for name in ("outputs", "max_evals") if name in options}
    found = SpexExplainer(model, masker, queries=how, **options)(rows, silent=True, **call)
    return found, model.rows


@pytest.mark.slow
@pytest.mark.parametrize("link", [shap.links.identity, shap.links.logit])
@pytest.mark.parametrize("max_evals", [40, 64])
def test_a_second_run_asks_nothing(tmp_path, link, max_evals):
    options = {"link": link, "max_evals": max_evals}
    plain = SpexExplainer(Counted(), BACKGROUND, link)(ROWS, max_evals=max_evals, silent=True)
    first, asked = run(tmp_path / "s.sqlite", **options)
    second, again = run(tmp_path / "s.sqlite", **options)
    assert asked == 2 * 4 * max_evals
    # A link that is linearised needs the two ends of every row to know its weights.
    assert again == (0 if link is shap.links.identity else 2 * 4 * 2)
    for found in (first, second):
        assert_allclose(found.values, plain.values, atol=1e-9)
        assert_allclose(found.base_values, plain.base_values, atol=1e-12)
    assert [one.n_stored for one in second.interactions] == [max_evals] * 2
    assert [one.n_calls for one in second.interactions] == [0] * 2


def test_a_larger_run_asks_what_is_missing(tmp_path):
    run(tmp_path / "s.sqlite", max_evals=40)
    found, asked = run(tmp_path / "s.sqlite", max_evals=64)
    stored = sum(one.n_stored for one in found.interactions)
    assert stored > 10
    assert asked == 4 * (2 * 64 - stored)
    assert_allclose(found.values, SpexExplainer(Counted(), BACKGROUND)(ROWS, silent=True).values, atol=1e-9)


def shifted(mask, x):
    return (x * mask - 1.0 * ~mask)[None]


def doubled(mask, x):
    return (x * mask - 2.0 * ~mask)[None]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {"rows": ROWS + 1}),
        ({}, {"masker": BACKGROUND + 1}),
        ({}, {"masker": BACKGROUND[:3]}),
        ({}, {"link": shap.links.logit}),
        ({"link": shap.links.logit}, {"link": shap.links.logit, "linearize_link": False}),
        ({}, {"fingerprint": "model 2"}),
        ({}, {"outputs": [1]}),
        ({"outputs": [0]}, {"outputs": [1]}),
        ({"masker": shifted}, {"masker": doubled}),
    ],
)
def test_other_questions_are_asked_anew(tmp_path, before, after):
    fingerprint = after.get("fingerprint", "model 1")
    run(tmp_path / "s.sqlite", **before)
    found, _ = run(tmp_path / "s.sqlite", **after)
    alone, _ = run(tmp_path / "alone.sqlite", **(after | {"fingerprint": fingerprint}))
    assert_allclose(found.values, alone.values, atol=1e-9)
    assert all(one.n_stored == 0 for one in found.interactions)


def test_tables_of_mixed_columns(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0, 3.0], "b": ["x", "y", "z"], "c": [0, 1, 0]})
    calls = []

    def model(table):
        calls.append(len(table))
        return table["a"].to_numpy() * (table["b"] == "x") + table["c"]

    how = Queries(store=tmp_path / "s.sqlite", fingerprint="table 1")
    explained = [SpexExplainer(model, frame, queries=how)(frame.iloc[:2], silent=True) for _ in range(2)]
    assert_allclose(explained[1].values, explained[0].values, atol=1e-12)
    asked = sum(calls)
    SpexExplainer(model, frame, queries=how)(frame.iloc[:2], silent=True)
    assert sum(calls) == asked
    SpexExplainer(model, frame, queries=how)(frame.iloc[2:], silent=True)
    assert sum(calls) > asked


def test_texts_and_their_groups(tmp_path, words):
    def length(texts):
        asked.extend(texts)
        return np.array([float(len(text)) for text in texts])

    def explained(features):
        how = Queries(store=tmp_path / "s.sqlite", fingerprint="length 1")
        asked.clear()
        explainer = SpexExplainer(length, words, features=features, queries=how)
        return explainer(["never fails to charm"], max_evals=16, silent=True), len(asked)

    asked: list[str] = []
    tokens, _ = explained(None)
    pairs, in_pairs = explained(lambda text: ["never fails", "to charm"])
    halves, in_halves = explained(lambda text: ["never", "fails to charm"])
    again, none = explained(lambda text: ["never", "fails to charm"])
    assert (in_pairs > 0, in_halves > 0, none) == (True, True, 0)
    assert pairs[0].interactions.n_stored == halves[0].interactions.n_stored == 0
    assert_allclose(again.values[0], halves.values[0], atol=1e-12)
    assert tokens[0].interactions.n_stored == 0


def test_a_game_names_itself(tmp_path):
    def explained(game):
        model, masker, row = as_model(game)
        how = Queries(store=tmp_path / "s.sqlite")
        return SpexExplainer(model, masker, queries=how)(row, silent=True)

    first, second, other = SmallGame(), SmallGame(), SmallGame(fingerprint="small game 2")
    before = explained(first)
    assert_allclose(explained(second).values, before.values, atol=0)
    explained(other)
    assert (first.calls, second.calls, other.calls) == (32, 0, 32)


def test_a_run_that_was_stopped_goes_on(tmp_path):
    class Stopped(SmallGame):
        def __call__(self, masks):
            if self.calls + len(masks) > 20:
                raise KeyboardInterrupt
            return super().__call__(masks)

    def explained(game):
        model, masker, row = as_model(game)
        how = Queries(store=tmp_path / "s.sqlite")
        return SpexExplainer(model, masker, batch_size=4, queries=how)(row, silent=True)

    stopped, rest = Stopped(), SmallGame()
    with pytest.raises(KeyboardInterrupt):
        explained(stopped)
    found = explained(rest)
    assert stopped.calls + rest.calls == 32
    assert_allclose(found.values, explained(SmallGame()).values, atol=0)


def test_what_cannot_be_used_here_is_refused(tmp_path):
    def model(x):
        raise AssertionError("asked")

    def refused(told, **options):
        with pytest.raises(InputError, match=told):
            SpexExplainer(model, BACKGROUND, queries=Queries(**options))

    refused("fingerprint: a store needs a text", store=tmp_path / "s.sqlite")
    refused("queries: batch_size is not supported here; the host has an argument", batch_size=3)
    refused("queries: timeout is not supported here; the host evaluates batches", timeout=3)
    with ThreadPoolExecutor() as threads:
        refused("queries: executor is not supported here", executor=threads)
    with pytest.raises(InputError, match="queries: must be spex_plugins"):
        SpexExplainer(model, BACKGROUND, queries={"store": "s.sqlite"})


def test_limits_hold_for_a_row():
    how = Queries(max_cost=20, progress=False)
    found = SpexExplainer(Counted(), BACKGROUND, queries=how)(ROWS[:1], silent=True)
    assert found[0].interactions.n_calls == 20
    assert "max_cost" in found[0].interactions.plan
