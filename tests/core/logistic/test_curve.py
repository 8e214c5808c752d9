"""Logistic curves: gradients, what is found again, and what few samples say."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from oracles import all_masks
from scipy.optimize import check_grad
from scipy.special import expit

from spex_plugins.core.logistic.curve import (
    LogisticCurve,
    _PenalisedErrors,
    learn_curves,
    linear_curves,
    predict_curves,
)


def _learned(masks, values, penalty):
    problem = (masks, values[None], np.ones((1, len(masks)), dtype=bool))
    return LogisticCurve.of(learn_curves(*problem, penalty, linear_curves(*problem))[0])


def _parameters(curve):
    return np.concatenate([[curve.offset, curve.height, curve.shift], curve.slopes])


def _of_one(errors, which, parameters):
    return errors(parameters[None])[which][0]


def test_gradient_of_the_penalised_errors():
    rng = np.random.default_rng(0)
    x, values = (rng.random((40, 6)) < 0.5) - 0.5, rng.normal(size=(3, 40))
    kept = (rng.random((3, 40)) < 0.7).astype(float)
    errors = _PenalisedErrors(x, values, kept, 0.3)
    at = rng.normal(size=(3, 9))
    for k in range(3):
        own = errors.only(np.arange(3) == k)
        assert check_grad(partial(_of_one, own, 0), partial(_of_one, own, 1), at[k]) < 1e-4
        assert_allclose(own(at[k : k + 1])[0], errors(at)[0][k])


def test_penalised_errors_are_those_of_the_formula():
    rng = np.random.default_rng(0)
    masks, values, at = rng.random((30, 5)) < 0.5, rng.normal(size=30), rng.normal(size=8)
    kept = np.arange(30) < 20
    curve = LogisticCurve(*at[:3], at[3:])
    expected = ((curve.predict(masks) - values)[kept] ** 2).sum() / 2 + 0.4 * (
        (at[3:] - at[3:].mean()) ** 2
    ).sum() / 2
    found, _ = _PenalisedErrors(masks - 0.5, values[None], kept[None].astype(float), 0.4)(at[None])
    assert_allclose(found[0], expected, rtol=1e-6)  # a, b and c have a penalty of 1e-7


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
    found = _learned(some, (values - centre) / spread, 0.003).predict(masks) * spread + centre
    assert ((found - expected) ** 2).mean() < share * expected.var()


def test_slopes_of_little_evidence_tend_to_their_mean():
    masks = np.random.default_rng(0).random((20, 12)) < 0.5
    values = masks.sum(axis=1) - 6.0
    apart = [_learned(masks, values, penalty).slopes.std() for penalty in (0.003, 300.0)]
    assert apart[1] < 1e-3


def test_curves_side_by_side_are_those_found_alone():
    rng = np.random.default_rng(0)
    masks, slopes = rng.random((80, 6)) < 0.5, rng.normal(size=(3, 6))
    values = expit(slopes @ (masks - 0.5).T)
    counted = rng.random((3, 80)) < 0.8
    together = learn_curves(masks, values, counted, 0.1, linear_curves(masks, values, counted))
    predicted = predict_curves(masks, together)
    for own, at_masks, one, which in zip(together, predicted, values, counted, strict=True):
        assert_allclose(at_masks, LogisticCurve.of(own).predict(masks), rtol=1e-12)
        alone = _learned(masks[which], one[which], 0.1)
        errors = _PenalisedErrors(masks - 0.5, one[None], which[None].astype(float), 0.1)
        found, expected = (errors(curve[None])[0][0] for curve in (own, _parameters(alone)))
        assert_allclose(found, expected, rtol=0.02)  # both end near the minimum


def test_constant_values():
    masks = all_masks(4)
    found = _learned(masks, np.zeros(16), 0.1)
    assert_allclose(found.predict(masks), 0, atol=1e-6)
