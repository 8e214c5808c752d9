"""The default estimator with fewer masks than a cross-validation needs."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import FewSamplesWarning


def pairs(masks):
    """Return single features and pairs of neighbours."""
    return masks @ np.arange(1.0, masks.shape[1] + 1) + 3.0 * (masks[:, 1:] & masks[:, :-1]).sum(axis=1)


def shifted(masks):
    return np.stack([pairs(masks), 1.0 - pairs(masks)], axis=1)


@pytest.mark.parametrize(
    ("n", "budget", "least"), [(8, 16, 0.8), (8, 32, 0.95), (12, 32, 0.9), (30, 32, 0.2)]
)
def test_few_masks_explain_more_than_the_mean(n, budget, least):
    held_out = np.random.default_rng(5).random((1000, n)) < 0.5
    truth = pairs(held_out)
    with pytest.warns(FewSamplesWarning):
        found = spex.explain(pairs, n, budget=budget, progress=False)
    assert found.n_calls <= budget
    assert 1 - ((found.predict(held_out) - truth) ** 2).mean() / truth.var() > least
    assert np.isnan(found.r2)
    assert len(found.spectrum) > n


def test_an_order_and_several_outputs_hold_with_few_masks():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FewSamplesWarning)
        found = spex.explain(pairs, 10, budget=30, max_order=1, progress=False)
        both = spex.explain(shifted, 10, budget=30, progress=False)
    assert found.spectrum.max_order == 1
    masks = np.ones((1, 10), dtype=bool)
    assert both.predict(masks).shape == (1, 2)
    np.testing.assert_allclose(both.predict(masks).sum(), 1.0, atol=1e-6)
