"""The estimators behind the attributions: which one runs by itself, and how sure it is."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from spex_plugins.captum import Spex

N = 12
X = torch.linspace(0.5, 2, N, dtype=torch.float64)[None]
WEIGHTS = torch.linspace(-1, 1, N, dtype=torch.float64)


def smooth(x):
    """No spectrum of few terms fits it."""
    return torch.sin(2 * x @ WEIGHTS) + x[:, 0] * x[:, 5]


def explained(**options):
    attributions, (found,) = Spex(smooth).attribute(X, return_interactions=True, **options)
    return attributions[0].numpy(), found


@pytest.mark.slow
@pytest.mark.parametrize(("budget", "error"), [(150, 0.2), (400, 0.08)])
def test_by_itself_a_gaussian_process_that_knows_how_sure_it_is(budget, error):
    """Its standard deviations are of the size of its errors, over several designs."""
    exact, _ = explained(n_samples=2**N)
    errors, in_deviations = [], []
    for seed in range(4):
        attributions, found = explained(n_samples=budget, seed=seed)
        assert found.n_calls == budget
        assert "Gaussian process" in found.plan
        single = found.single_values("SV")
        errors.append((attributions - exact) / np.ptp(exact))
        in_deviations.append((single.values - exact) / single.deviations)
    assert 0.5 < np.sqrt(np.mean(np.square(in_deviations))) < 2
    assert np.sqrt(np.mean(np.square(errors))) < error


@pytest.mark.slow
def test_exact_where_all_masks_are_allowed():
    attributions, found = explained(n_samples=2**N)
    assert_allclose(found.single_values("SV").values, attributions, atol=1e-9)
    assert "all" in found.plan


def test_the_coded_design_has_no_deviations():
    _, found = explained(n_samples=400, estimator="spex")
    assert found.estimator == "spex"
    assert np.isnan(found.single_values("SV").deviations).all()


def test_deviations_belong_to_the_features_that_vary():
    """A feature equal to its baseline has the value 0 without doubt; the others stay in their places."""
    x = X.clone()
    x[0, 3] = 0
    _, (found,) = Spex(smooth).attribute(x, n_samples=150, return_interactions=True)
    single = found.single_values("SV")
    assert (single.values[3], single.deviations[3]) == (0, 0)
    assert (np.delete(single.deviations, 3) > 0).all()
    _, (alone,) = Spex(lambda x: smooth(torch.cat([x[:, :3], 0 * x[:, :1], x[:, 3:]], dim=1))).attribute(
        torch.cat([X[:, :3], X[:, 4:]], dim=1), n_samples=150, return_interactions=True
    )
    assert_allclose(np.delete(single.values, 3), alone.single_values("SV").values, atol=1e-8)
