"""The default estimator with fewer masks than a cross-validation needs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from oracles import all_masks

import spex_plugins as spex
from spex_plugins import FewSamplesWarning
from spex_plugins.core.basis.feature_sets import from_sets


def pairs(masks):
    """Return single features and pairs of neighbours."""
    return masks @ np.arange(1.0, masks.shape[1] + 1) + 3.0 * (masks[:, 1:] & masks[:, :-1]).sum(axis=1)


def shifted(masks):
    return np.stack([pairs(masks), 1.0 - pairs(masks)], axis=1)


@pytest.mark.parametrize(
    ("n", "budget", "least"), [(8, 16, 0.8), (8, 32, 0.95), (12, 32, 0.95), (30, 32, 0.2), (30, 64, 0.99)]
)
def test_few_masks_explain_more_than_the_mean(n, budget, least):
    held_out = np.random.default_rng(5).random((1000, n)) < 0.5
    truth = pairs(held_out)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewSamplesWarning)
        found = spex.explain(pairs, n, budget=budget, progress=False)
    assert found.n_calls <= budget
    assert f"complementary masks for {'every index' if n < 16 else 'BV'} that repel" in found.design
    true = 1 - ((found.predict(held_out) - truth) ** 2).mean() / truth.var()
    assert true > least
    if budget == 16:
        assert np.isnan(found.r2)
    elif budget > n + 2:  # the odd part is known
        assert abs(found.r2 - true) < 3 * found.r2_error
        assert len(found.spectrum) >= n - 1
    else:
        assert found.r2 < true


def test_fewer_masks_than_features_are_said_to_be_unreliable():
    with pytest.warns(FewSamplesWarning, match="allow more model calls"):
        spex.explain(pairs, 30, budget=32, progress=False)


def test_an_empty_input_far_from_all_others_does_not_harm():
    """The value of the empty mask weighs nothing among uniform masks, and may be far from all others."""
    everything = (np.arange(2**10)[:, None] >> np.arange(10) & 1).astype(bool)

    def far(masks):
        return pairs(masks) - 1000.0 * ~masks.any(axis=1)

    near, found = (spex.explain(f, 10, budget=120, progress=False) for f in (pairs, far))
    inner = everything.any(axis=1)
    np.testing.assert_allclose(found.predict(everything[inner]), near.predict(everything[inner]), atol=0.01)
    assert found.predict(everything[:1]) == pytest.approx(-1000.0)


def test_an_order_and_several_outputs_hold_with_few_masks():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewSamplesWarning)
        found = spex.explain(pairs, 10, budget=30, max_order=1, progress=False)
        both = spex.explain(shifted, 10, budget=30, progress=False)
    assert found.spectrum.max_order == 1
    masks = np.ones((1, 10), dtype=bool)
    assert both.predict(masks).shape == (1, 2)
    np.testing.assert_allclose(both.predict(masks).sum(), 1.0, atol=1e-6)


@pytest.mark.parametrize("order", [3, 6])
def test_sets_of_any_order_are_exact_with_few_features(order):
    """Also where the budget would allow a coded design, whose sets have up to five features."""
    rng = np.random.default_rng(order)
    sets = {tuple(sorted(rng.choice(13, rng.integers(1, order + 1), replace=False))) for _ in range(15)}
    sparse = spex.Spectrum.from_terms(13, from_sets(sorted(sets), 13), rng.normal(size=len(sets)))
    found = spex.explain(sparse.predict, 13, budget=2000, progress=False)
    assert "complementary masks for every index" in found.design
    np.testing.assert_allclose(found.predict(all_masks(13)), sparse.predict(all_masks(13)), atol=1e-9)
    assert len(found.spectrum) == len(sets) + 1  # the constant


@pytest.mark.parametrize("index", ["SV", "k-SII", "FSII"])
def test_told_nothing_other_indices_are_read_as_well(index):
    """Half of the masks have sizes far from n/2: errors are less than half, and R² is kept."""
    n, order = 13, 1 if index == "SV" else 2

    def f(masks):
        kept = masks.mean(axis=1)
        return np.tanh(masks @ np.linspace(-1, 1, n)) + np.exp(-3 * kept) * (masks @ np.cos(np.arange(n)))

    exact = spex.explain(f, n, budget=2**n, progress=False)
    wrong = {}
    for told in (None, "BV"):
        found = spex.explain(f, n, budget=500, index=told, progress=False)
        values = found.index(index, order).as_dict()
        wrong[told] = [values.get(term, 0.0) - value for term, value in exact.index(index, order)]
        held_out = all_masks(n)
        assert ((found.predict(held_out) - f(held_out)) ** 2).mean() < 0.02 * f(held_out).var()
    assert np.linalg.norm(wrong[None]) < 0.5 * np.linalg.norm(wrong["BV"])
