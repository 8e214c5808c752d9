"""What the adapters share: several functions explained together, all inputs, values that add up."""

from __future__ import annotations

import numpy as np
import pytest
from games import Recorded, random_spectrum
from numpy.testing import assert_allclose
from oracles import all_masks, shapley_value

from spex_plugins import InputError, Queries, ValueFunctionError, explain
from spex_plugins.adapter_tools import (
    about,
    constant,
    default_budget,
    query_options,
    single_values,
    telling_masks,
    widened,
)
from spex_plugins.api import explain_each


def functions(n, outputs=None):
    rng = np.random.default_rng(0)
    return [random_spectrum(n, 6, 3, rng, outputs) for _ in range(3)]


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize("budget", [100, 2000])
@pytest.mark.parametrize("seed", [4, "generator"])
def test_functions_explained_together_are_explained_as_if_alone(outputs, budget, seed):
    truths = functions(20, outputs)
    ask = Recorded(
        lambda masks: np.concatenate([f.predict(masks).reshape(len(masks), -1) for f in truths], 1)
    )

    def split(answers):
        return [part if outputs else part[:, 0] for part in np.split(answers, 3, axis=1)]

    def own():
        return np.random.default_rng(4) if seed == "generator" else seed

    together = explain_each(ask, 20, split, budget=budget, seed=own(), progress=False)
    assert ask.calls == len(np.unique(ask.masks, axis=0)) == budget
    for one, truth in zip(together, truths, strict=True):
        alone = explain(truth.predict, 20, budget=budget, seed=own(), progress=False)
        assert_allclose(one.spectrum.supports, alone.spectrum.supports)
        assert_allclose(one.spectrum.coefficients, alone.spectrum.coefficients, atol=1e-9)
        assert_allclose(one.r2, alone.r2, atol=1e-9)
        assert one.n_calls == budget


def test_a_failing_split_keeps_the_answers():
    with pytest.raises(ZeroDivisionError) as caught:
        explain_each(lambda masks: masks.sum(1), 4, lambda answers: 1 / 0, budget=9, progress=False)
    assert caught.value.masks.shape == (9, 4)
    assert_allclose(caught.value.values, caught.value.masks.sum(1))


def test_errors_are_those_of_explain():
    with pytest.raises(InputError, match="budget: "):
        explain_each(len, 4, list, budget=1)
    with pytest.raises(ValueFunctionError, match="must return"):
        explain_each(lambda masks: "text", 4, list, budget=16, progress=False)


@pytest.mark.parametrize(("n", "budget"), [(1, 2), (9, 512), (12, 4096), (13, 500), (32, 512), (1000, 16000)])
def test_default_budget(n, budget):
    assert default_budget(n) == budget


def test_values_add_up_and_the_rest_is_shared_by_those_that_play():
    (truth, *_) = functions(6)
    additive = {"max_order": 1, "estimator": "spex"}  # a fit without deviations
    found = explain(truth.predict, 6, budget=40, progress=False, **additive)
    difference = np.asarray(truth.predict(np.ones((1, 6), bool)) - truth.predict(np.zeros((1, 6), bool)))[0]
    playing = np.array([0, 2, 5])
    plain, shared = found.index("SV").first_order(), single_values(found, "SV", difference, playing)
    assert abs(difference - plain.sum()) > 0.1
    assert shared.sum() == pytest.approx(difference, abs=1e-12)
    assert_allclose((shared - plain)[[1, 3, 4]], 0, atol=0)
    assert np.ptp((shared - plain)[playing]) < 1e-12
    assert_allclose(single_values(found, "BV", difference, playing), found.index("BV").first_order(), atol=0)


def test_exact_values_are_left_as_they_are():
    (truth, *_) = functions(6)
    found = explain(truth.predict, 6, budget=64, progress=False)
    ends = truth.predict(np.array([[False] * 6, [True] * 6]))
    exact = shapley_value(truth.predict(all_masks(6)))
    values = single_values(found, "SV", ends[1] - ends[0], np.arange(6))
    assert_allclose(values, [exact[i,] for i in range(6)], atol=1e-9)


@pytest.mark.parametrize("outputs", [None, 2])
def test_widened_explanations_ignore_the_other_inputs(outputs):
    truth = functions(4, outputs)[0]
    found = explain(truth.predict, 4, budget=16, progress=False)
    wide = widened(found, np.array([1, 2, 5, 6]), list("abcdefgh"))
    masks = np.random.default_rng(1).random((20, 8)) < 0.5
    assert_allclose(wide.predict(masks), truth.predict(masks[:, [1, 2, 5, 6]]), atol=1e-9)
    assert wide.feature_names == tuple("abcdefgh")
    assert (wide.n, wide.n_calls) == (8, 16)


@pytest.mark.parametrize("value", [np.array(3.0), np.array([3.0, 4.0])])
@pytest.mark.parametrize("names", ["", "abc"])
def test_constants(value, names):
    found = constant(value, names, 500)
    assert_allclose(found.predict(np.ones((2, len(names)), bool)), [value, value])
    assert (found.n_calls, found.budget, found.feature_names) == (1, 500, tuple(names))
    assert_allclose(found.full_value, value)
    assert np.isnan(found.r2).all()
    assert "model calls 1 of 500" in repr(found)


@pytest.mark.parametrize("n", [1, 2, 3, 8, 9, 1000])
def test_telling_masks_tell_all_features_apart(n):
    masks = telling_masks(n)
    assert masks.dtype == bool
    assert (masks[0].any(), masks[1].all()) == (False, True)
    assert len(np.unique(masks, axis=1).T) == n
    assert len(masks) <= 3 + np.log2(n)


def test_options_are_what_was_asked_for():
    assert query_options(None, len) == {}
    options = query_options(Queries(retries=3, max_cost=7, progress=False), len)
    assert options == {"retries": 3, "max_cost": 7, "on_failure": "raise", "price": 1.0}
    assert about(options, "a row") == options


def test_a_fingerprint_is_of_the_model_and_of_what_it_is_asked(tmp_path):
    def digest(*parts, fingerprint="model 1"):
        options = query_options(Queries(store=tmp_path / "s", fingerprint=fingerprint), len)
        return about(options, *parts)["fingerprint"]

    class Named:
        fingerprint = "model 1"

    assert digest("a", "b") == digest("a", "b")
    named = query_options(Queries(store=tmp_path / "s"), Named())
    assert about(named, "a", "b")["fingerprint"] == digest("a", "b")
    row = np.arange(3.0)
    others = [digest(), digest("ab"), digest("a", "b"), digest(row), digest(row[None]), digest("a", row)]
    others += [digest(row.astype(int)), digest("a", fingerprint="model 2"), digest("a")]
    assert len(set(others)) == len(others)
    with pytest.raises(InputError, match="fingerprint: a store needs a text"):
        query_options(Queries(store=tmp_path / "s"), len)
