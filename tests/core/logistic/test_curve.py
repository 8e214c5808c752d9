"""Logistic curves: gradients, what is found again, and what few samples say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks
from scipy.optimize import check_grad
from scipy.special import expit

from spex_plugins.core.logistic.curve import LogisticCurve, _penalised_error, learn_curve


def test_gradient_of_the_penalised_error():
    rng = np.random.default_rng(0)
    x, values = (rng.random((40, 6)) < 0.5) - 0.5, rng.normal(size=40)
    for _ in range(3):
        at = rng.normal(size=9)
        wrong = check_grad(
            lambda p: _penalised_error(p, x, values, 0.3)[0],
            lambda p: _penalised_error(p, x, values, 0.3)[1],
            at,
        )
        assert wrong < 1e-4


def test_values_are_those_of_the_formula():
    curve = LogisticCurve(0.5, -2.0, 0.3, np.array([1.0, -4.0]))
    found = curve.predict(np.array([[True, False], [True, True]]))
    assert_allclose(found, [0.5 - 2 * expit(0.3 + 0.5 + 2.0), 0.5 - 2 * expit(0.3 + 0.5 - 2.0)])


@pytest.mark.parametrize(
    ("function", "share"),
    [
        (lambda masks: masks @ np.linspace(-1, 2, 8), 2e-3),  # linear
        (lambda masks: expit(masks @ np.linspace(-3, 5, 8) - 2), 1e-4),
        (lambda masks: np.exp(-(masks @ np.linspace(0.1, 0.6, 8))), 1e-2),  # a product
        (lambda masks: 1.0 * (masks @ np.linspace(0.1, 1.0, 8) > 2.2), 0.15),  # a vote
        (lambda masks: masks.sum(axis=1) ** 0.5, 0.03),  # of the size alone
    ],
)
def test_functions_of_a_weighted_sum_are_found_from_few_masks(function, share):
    rng, masks = np.random.default_rng(0), all_masks(8)
    some = masks[rng.permutation(256)[:100]]
    values, expected = function(some), function(masks)
    centre, spread = values.mean(), values.std()
    found = learn_curve(some, (values - centre) / spread, 0.003).predict(masks) * spread + centre
    assert ((found - expected) ** 2).mean() < share * expected.var()


def test_slopes_of_little_evidence_tend_to_their_mean():
    masks = np.random.default_rng(0).random((20, 12)) < 0.5
    values = masks.sum(axis=1) - 6.0
    apart = [learn_curve(masks, values, penalty).slopes.std() for penalty in (0.003, 300.0)]
    assert apart[1] < 1e-3


def test_constant_values():
    masks = all_masks(4)
    found = learn_curve(masks, np.zeros(16), 0.1)
    assert_allclose(found.predict(masks), 0, atol=1e-6)
