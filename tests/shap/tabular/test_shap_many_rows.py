"""Many rows of one call: later rows of a table begin with what the first ones told."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer

N, CALLS = 13, 200
RNG = np.random.default_rng(0)
INNER, OUTER = RNG.normal(size=(N, 10)), RNG.normal(size=10)
ROWS = RNG.normal(size=(8, N))
BACKGROUND = np.zeros((1, N))


def model(x):
    return np.tanh(x @ INNER / 2) @ OUTER + (x[:, 0] > 0.5) * x[:, 1]


def explained(rows, **settings):
    return SpexExplainer(model, BACKGROUND, max_evals=CALLS, **settings)(rows, silent=True, error_bounds=True)


def exact(row):
    """Return the Shapley values by their definition, over all coalitions."""
    masks = all_masks(N)
    values, sizes = model(masks * row), masks.sum(axis=1)
    weights = np.array([1 / (N * comb(N - 1, s)) for s in range(N)])
    without = [np.flatnonzero(~masks[:, i]) for i in range(N)]
    steps = [weights[sizes[out]] @ (values[out + 2**i] - values[out]) for i, out in enumerate(without)]
    return np.array(steps)


@pytest.fixture(scope="module")
def together():
    return explained(ROWS)


@pytest.mark.slow
def test_the_first_rows_are_those_of_a_call_of_their_own(together):
    for i in range(4):
        assert_allclose(together.values[i], explained(ROWS[i : i + 1]).values[0], rtol=0, atol=0)


def test_a_row_alone_and_among_others_agree_within_their_deviations(together):
    assert any("first functions" in row.method for row in together.interactions[4:])
    errors = {True: [], False: []}
    for i in range(4, 8):
        alone = explained(ROWS[i : i + 1])
        assert "first functions" not in alone.interactions[0].method
        deviations = np.hypot(alone.error_std[0], together.error_std[i])
        assert (np.abs(together.values[i] - alone.values[0]) < 3 * deviations).all()
        truth = exact(ROWS[i])
        errors[True].append(np.linalg.norm(together.values[i] - truth))
        errors[False].append(np.linalg.norm(alone.values[0] - truth))
    assert np.sum(errors[True]) < 1.3 * np.sum(errors[False])


@pytest.mark.slow
def test_rows_are_paid_for_one_by_one(together):
    asked = []

    def counted(x):
        asked.append(len(x))
        return model(x)

    explainer = SpexExplainer(counted, BACKGROUND, max_evals=CALLS)
    found = explainer(ROWS, silent=True)
    assert_allclose(found.values, together.values, rtol=0, atol=0)
    assert [row.n_calls for row in found.interactions] == [CALLS] * len(ROWS)
    assert sum(asked) == CALLS * len(ROWS)


@pytest.mark.slow
def test_columns_that_do_not_vary_are_not_mixed_up():
    """Rows in which other columns vary have as many features, of other meaning."""
    rows = np.repeat(ROWS[:1], 10, axis=0) * (1 + 0.1 * np.arange(10)[:, None])
    rows[:, 1] = 0.0  # as the background
    rows[5:, 1], rows[5:, 2] = rows[5:, 2], 0.0
    wide = np.hstack([rows, np.ones((10, 1))])
    explainer = SpexExplainer(lambda x: model(x[:, :N]), np.zeros((1, N + 1)), max_evals=CALLS)
    methods = [row.method for row in explainer(wide, silent=True).interactions]
    assert ["first functions" in method for method in methods[:4] + methods[5:9]] == [False] * 8


@pytest.mark.parametrize("kind", ["explanation", "rows", "row"])
def test_earlier_explanations_are_a_prior(kind, tmp_path, together):
    prior = {"explanation": together[:4], "rows": together[:4].interactions}.get(kind)
    if prior is None:
        together[0].interactions.save(tmp_path / "row.npz")
        prior = spex.Interactions.load(tmp_path / "row.npz")
    found = explained(ROWS[5:6], prior=prior)
    assert "prior" in found.interactions[0].method
    assert "prior" not in together[5].interactions.method
    error, alone = (np.linalg.norm(one.values[0] - exact(ROWS[5])) for one in (found, explained(ROWS[5:6])))
    assert error < 1.2 * alone


def test_a_saved_explainer_keeps_its_prior(tmp_path, together):
    explainer = SpexExplainer(model, BACKGROUND, max_evals=CALLS, prior=together[:2])
    explainer.save(tmp_path / "explainer")
    loaded = SpexExplainer.load(tmp_path / "explainer")
    expected, found = (one(ROWS[5:6], silent=True) for one in (explainer, loaded))
    assert_allclose(found.values, expected.values, rtol=0, atol=0)
    assert "prior" in found.interactions[0].method


@pytest.mark.slow
def test_the_prior_of_another_model_does_no_harm():
    def other(masks):
        return np.prod(1 - 2.0 * masks[:, 3:9], axis=1) + np.exp(1e-2 * masks.sum(axis=1))

    strange = spex.explain(other, N, index="SV", budget=CALLS, progress=False)
    values = []
    for prior in (None, strange):
        function = lambda masks: model(masks * ROWS[6])  # noqa: E731
        found = spex.explain(function, N, index="SV", budget=CALLS, prior=prior, progress=False)
        values.append(found.single_values("SV").values)
    truth = exact(ROWS[6])
    assert np.linalg.norm(values[1] - truth) < 1.3 * np.linalg.norm(values[0] - truth)


def test_an_exact_sparse_explanation_tells_nothing():
    sparse = spex.explain(lambda m: 1.0 * m[:, 0] * m[:, 1], N, index="SV", budget=CALLS, progress=False)
    function = lambda masks: model(masks * ROWS[6])  # noqa: E731
    settings = {"index": "SV", "budget": CALLS, "progress": False}
    alone, found = (spex.explain(function, N, prior=prior, **settings) for prior in (None, sparse))
    assert_allclose(found.single_values("SV").values, alone.single_values("SV").values, rtol=0, atol=0)
    assert found.method == alone.method


def test_columns_are_matched_by_name(together):
    """The same explanation with columns in another order, and another name for one."""
    names = [f"column {i}" for i in range(N)]
    order = RNG.permutation(N)
    function = lambda masks: model(masks * ROWS[0])  # noqa: E731
    shuffled = lambda masks: function(masks[:, np.argsort(order)])  # noqa: E731
    settings = {"index": "SV", "budget": CALLS, "progress": False}
    first = spex.explain(function, N, feature_names=names, **settings)
    found = spex.explain(shuffled, N, feature_names=[names[i] for i in order], prior=first, **settings)
    assert "of the prior" in found.method
    rates = [one.function.uncertainties[1].kernel.product.rates for one in (first, found)]
    assert np.corrcoef(np.log(rates[0][order]), np.log(rates[1]))[0, 1] > 0.8


@pytest.mark.parametrize("prior", [3, [], ["x"]])
def test_what_is_no_explanation_is_refused_before_any_call(prior):
    with pytest.raises(InputError, match="prior: must be an explanation"):
        spex.explain(lambda masks: pytest.fail("called"), 14, index="SV", budget=100, prior=prior)


def test_a_prior_without_kernel_and_an_estimator_without_use_for_it(together):
    exact_one = spex.explain(lambda masks: masks[:, 0] * 1.0, 4, progress=False)
    with pytest.raises(InputError, match="no kernel"):
        spex.explain(lambda masks: pytest.fail("called"), 14, index="SV", budget=100, prior=exact_one)
    with pytest.raises(InputError, match='the estimator "spex" does not use'):
        spex.explain(lambda masks: pytest.fail("called"), 14, budget=100, estimator="spex", prior=together)
