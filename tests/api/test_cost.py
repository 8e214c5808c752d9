"""What `plan` announces is what the run asks, whatever the estimator."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.estimators import Estimator, resolve
from spex_plugins.estimators.common.known_functions import mean_fit
from spex_plugins.estimators.common.uniform_design import uniform_design

NAMES = ["auto", "gaussian_process", "shapley", "sparse_regression", "spex", "proxyspex", "stacking"]


def asked(n, **arguments):
    """Return the masks that a run asks for, and its result."""
    rng, seen = np.random.default_rng(0), []
    inner, outer = rng.normal(size=(n, 40)) / np.sqrt(n), rng.normal(size=40)

    def value(masks):
        seen.append(masks)
        return np.tanh(3 * (masks - 0.5) @ inner) @ outer

    found = spex.explain(value, n, progress=False, **arguments)
    return np.concatenate(seen), found


def share_with_complement(masks):
    rows = {row.tobytes() for row in masks}
    return np.mean([(~row).tobytes() in rows for row in masks])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("n", "budget"), [(7, 200), (14, 302), pytest.param(20, 1200, marks=pytest.mark.slow)]
)
def test_the_plan_is_what_is_asked(name, n, budget):
    told = spex.plan(n, budget, estimator=name)
    masks, found = asked(n, budget=budget, estimator=name)
    assert told.least_calls == told.most_calls == len(masks) == min(budget, 2**n)
    assert f"{told.most_calls:,} distinct masks: {told.design}; " in found.plan
    if "transform" in told.design:
        assert len(np.unique(masks, axis=0)) == 2**n
    elif "coded" in told.design:
        design = resolve(name).design(n, budget, None, np.random.default_rng(0))
        np.testing.assert_array_equal(masks, design.masks[np.lexsort(design.masks.T)][_order(masks)])
    elif "complement" in told.design:
        assert share_with_complement(masks) == 1
    else:
        assert share_with_complement(masks) < 0.5
        assert abs(masks.mean() - 0.5) < 5 * 0.5 / np.sqrt(masks.size)


def _order(masks):
    return np.argsort(np.lexsort(masks.T))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_the_plan_of_a_run_in_rounds_is_its_first_round(name):
    told = spex.plan(20, 450, target_r2=0.9999, estimator=name)
    masks, found = asked(20, budget=450, target_r2=0.9999, estimator=name)
    assert told.least_calls == 400
    assert told.most_calls == 450 == len(masks)
    assert told.design.removesuffix(", in rounds while R² improves") in found.plan
    first = masks[:400]
    paired = share_with_complement(first)
    assert paired > 0.9 if "complement" in told.design else paired < 0.5


class Small(Estimator):
    """Asks for masks with few features, and finds nothing in them."""

    name = "small"

    def draw(self, n, budget, max_order, rng):
        design = uniform_design(n, 50 * budget, 2, rng)
        few = design.masks[np.argsort(design.masks.sum(axis=1), kind="stable")]
        return uniform_design(n, 2, 2, rng).followed_by(few).first(budget)

    def fit_samples(self, masks, values, *, design, max_order, rng):
        found = mean_fit(masks.shape[1], values)
        return type(found)(found.function, np.full(values.shape[1], 0.95), "stated", "nothing")


def test_rounds_ask_the_design_of_the_estimator():
    masks, found = asked(30, target_r2=0.99, budget=900, estimator=Small())
    assert np.sort(masks.sum(axis=1))[: len(masks) - 1].max() <= 11
    assert found.n_calls == len(masks) == 900


def test_a_target_is_not_reached_on_one_r2_without_an_error():
    masks, found = asked(30, target_r2=0.9, budget=5000, estimator=Small())
    # 0.95 in two rounds: then the change between them, 0, is the error.
    assert len(masks) == found.n_calls == 600
    assert "0.950 at 400, 0.950 at 600; the target is reached" in found.plan


def test_estimators_are_of_the_base_class():
    with pytest.raises(spex.InputError, match="subclass of spex_plugins"):
        spex.explain(lambda masks: masks[:, 0] * 1.0, 20, budget=100, estimator=object())
