"""Outputs that tell the same are fitted once: classes of probabilities p and 1 − p, copies in other units."""

import numpy as np
import pytest
from scipy.special import expit

import spex_plugins as spex
from spex_plugins.estimators.common.distinct_outputs import DistinctOutputs

N = 14
RNG = np.random.default_rng(5)
SLOPES = RNG.normal(size=N)


def probability(masks):
    """A class of a logistic regression."""
    return expit(masks @ SLOPES - 0.4)


def other(masks):
    """A function that is not like it."""
    return masks[:, 0] * (masks[:, 1] + masks[:, 2] * masks[:, 3]) + 0.1 * masks.sum(axis=1) ** 2


def test_outputs_in_other_units_are_like_the_first():
    masks = RNG.random((200, N)) < 0.5
    p, q = probability(masks), other(masks)
    values = np.column_stack([q, p, 1 - p, np.full(200, 3.0), 40 - 7 * q, p * 1e-3 + 5])
    found = DistinctOutputs.of(values)
    assert found.first.tolist() == [0, 1, 3]
    assert found.like.tolist() == [0, 1, 1, 2, 0, 1]
    of_first = values[:, found.first[found.like]]
    np.testing.assert_allclose(found.scaling.centre + found.scaling.factor * of_first, values, rtol=1e-12)


@pytest.mark.parametrize("off", [1e-6, 1e-9])
def test_outputs_that_are_nearly_alike_are_distinct(off):
    masks = RNG.random((200, N)) < 0.5
    p = probability(masks)
    assert len(DistinctOutputs.of(np.column_stack([p, 1 - p + off * RNG.normal(size=200)])).first) == 2


@pytest.mark.parametrize("estimator", ["auto", "spex", "proxyspex", "gaussian_process", "sparse_regression"])
def test_both_classes_have_opposite_values(estimator):
    if estimator == "proxyspex":
        pytest.importorskip("lightgbm")

    def both(masks):
        p = probability(masks)
        return np.column_stack([1 - p, p])

    two = spex.explain(both, N, budget=200, estimator=estimator, seed=0, index="SV")
    one = spex.explain(lambda m: 1 - probability(m), N, budget=200, estimator=estimator, seed=0, index="SV")
    every = RNG.random((300, N)) < 0.5
    predicted = two.predict(every)
    np.testing.assert_allclose(predicted.sum(axis=1), 1, atol=1e-12)
    np.testing.assert_allclose(predicted[:, 0], one.predict(every), atol=1e-12)
    for k, sign in ((0, 1), (1, -1)):
        own = two.output(k)
        assert own.r2 == pytest.approx(one.r2, abs=1e-12)
        shapley, expected = own.single_values("SV"), one.single_values("SV")
        np.testing.assert_allclose(shapley.values, sign * expected.values, atol=1e-12)
        np.testing.assert_allclose(shapley.deviations, expected.deviations, atol=1e-12)
        assert not (shapley.deviations < 0).any()  # NaN: unknown
        pairs, expected = own.index("k-SII", order=2), one.index("k-SII", order=2)
        np.testing.assert_array_equal(pairs.supports, expected.supports)
        np.testing.assert_allclose(pairs.values, sign * expected.values, atol=1e-12)
        np.testing.assert_allclose(own.deviations(pairs), one.deviations(expected), atol=1e-12)
