"""Too few samples: one warning, that names the argument and the remedy, where the user called."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import spex_plugins as spex

ESTIMATORS = ["auto", "shapley", "spex", pytest.param("proxyspex", marks=pytest.mark.slow)]


def linear(masks):
    return masks @ np.arange(1.0, masks.shape[1] + 1)


def parity(masks):
    return (-1.0) ** masks.sum(axis=1)


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [(one.category, str(one.message), one.filename) for one in caught]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(
    ("function", "budget", "text"),
    [
        (linear, 25, "budget=25: 25 masks of 30 features: there should be at least 60, two for each feature"),
        (linear, 61, "budget=61: 61 masks of 30 features: they are too few to measure R²"),
        (parity, 400, "budget=400: 400 masks of 30 features: R² is"),
    ],
)
def test_explain(function, budget, text, estimator):
    if text.endswith("measure R²") and estimator in ("auto", "spex", "proxyspex"):
        text = None  # these leave more of the masks out, or each once
    found = warned(lambda: spex.explain(function, 30, budget=budget, estimator=estimator, progress=False))
    if text:
        ((category, message, filename),) = found
        assert category is spex.FewSamplesWarning
        assert message.startswith(text)
        assert "allow more model calls" in message
        assert filename == __file__


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("n", "budget"), [(30, 300), (5, "auto"), (3, 8), (1, 2)])
def test_enough_is_not_complained_of(n, budget, estimator):
    assert not warned(lambda: spex.explain(linear, n, budget=budget, estimator=estimator, progress=False))


def test_a_constant_needs_no_more():
    assert not warned(lambda: spex.explain(lambda m: np.ones(len(m)), 30, budget=100, progress=False))


def test_fit():
    masks = np.random.default_rng(0).random((30, 20)) < 0.5
    ((category, message, filename),) = warned(lambda: spex.fit(masks, linear(masks)))
    assert category is spex.FewSamplesWarning
    assert message.startswith("masks: 30 masks of 20 features")
    assert filename == __file__


@pytest.mark.parametrize("estimator", ["auto", "shapley", "gaussian_process"])
@pytest.mark.parametrize("budget", range(2, 14))
def test_nothing_is_printed(budget, estimator, capfd):
    spex.explain(parity, 6, budget=budget, estimator=estimator, progress=False)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("n", range(1, 13))
def test_all_masks_of_few_features_are_asked_by_default(n):
    found = spex.explain(parity, n, progress=False)
    assert found.n_calls == found.budget == 2**n == spex.plan(n).least_calls == spex.plan(n).most_calls
    assert f"all 2^{n}" in str(spex.plan(n))
    assert found.r2 == 1
    assert found.spectrum.as_dict() == {tuple(range(n)): 1.0}


def test_more_features_and_targets_are_asked_in_rounds():
    assert spex.plan(13).least_calls == 400
    assert spex.explain(linear, 12, target_r2=0.9, progress=False).n_calls == 400


def test_a_run_that_is_cut_short_has_masked_every_feature():
    found = spex.explain(linear, 10, progress=False, price=1.0, max_cost=300, batch_size=10)
    assert found.n_calls <= 300
    np.testing.assert_allclose(found.single_values().values, np.arange(1.0, 11.0), atol=1e-6)


@pytest.mark.parametrize("index", [None, "SV", "FBII"])
@pytest.mark.parametrize("budget", [2, 3])
def test_two_or_three_masks_do_not_tell_how_sure_values_are(budget, index):
    with pytest.warns(spex.FewSamplesWarning):
        found = spex.explain(lambda m: m @ np.arange(10.0), 10, budget=budget, index=index)
    assert np.isnan(found.single_values("SV").deviations).all()
    assert np.isnan(found.deviations(found.index("FSII"))).all()
