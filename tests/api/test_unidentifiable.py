"""Given samples that do not tell some features apart: that is said, and all estimators agree."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex

ESTIMATORS = ["auto", "shapley", "spex", "gaussian_process", "sparse_regression", "stacking"]
ESTIMATORS.append(pytest.param("proxyspex", marks=pytest.mark.slow))


def value(masks):
    return 4.0 * masks[:, 0] + 2.0 * masks[:, 1] * masks[:, 2] - masks[:, 3]


def samples():
    return np.random.default_rng(0).random((400, 8)) < 0.5


def never_masked(masks):
    masks[:, 0] = True


def always_masked(masks):
    masks[:, 2] = False


def together(masks):
    masks[:, 1] = masks[:, 0]


def in_turns(masks):
    masks[:, 3] = ~masks[:, 0]


CASES = [
    (never_masked, r"no sample differs in x0,", [0, 1, 1, -1]),
    (always_masked, r"no sample differs in x2,", [4, 0, 0, -1]),
    (together, r"\(x0, x1\) differ only together", [2.5, 2.5, 1, -1]),
    (in_turns, r"\(x0, x3\) differ only together", [2.5, 1, 1, -2.5]),
]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize(("change", "text", "expected"), CASES)
def test_estimators_agree(change, text, expected, estimator):
    masks = samples()
    change(masks)
    with pytest.warns(spex.UnidentifiableWarning, match=text) as caught:
        found = spex.fit(masks, value(masks), estimator=estimator)
    assert [one.filename for one in caught] == [__file__]  # once, and where the user can see it
    assert_allclose(found.single_values().values, [*expected, 0, 0, 0, 0], atol=0.02)
    assert_allclose(found.index("BV").first_order(), [*expected, 0, 0, 0, 0], atol=0.02)
    assert_allclose(found.predict(masks), value(masks), atol=0.05)
    assert found.r2 > 0.99
    assert np.isfinite(found.full_value) == masks.all(axis=1).any()


def test_all_masks_of_the_features_that_differ():
    masks = np.array([[bool(i >> k & 1) for k in range(5)] for i in range(32)])
    masks = np.column_stack([masks, masks[:, 0], np.ones(32, dtype=bool)])
    with pytest.warns(spex.UnidentifiableWarning, match=r"in x6, .*; \(x0, x5\) differ only"):
        found = spex.fit(masks, value(masks))
    assert_allclose(found.predict(masks), value(masks), atol=1e-12)
    assert_allclose(found.single_values().values, [2, 1, 1, -1, 0, 2, 0], atol=1e-12)
    assert found.r2 == 1


def test_many_features_are_named_shortly():
    masks = np.column_stack([samples(), np.ones((400, 30), dtype=bool)])
    with pytest.warns(spex.UnidentifiableWarning, match=r"x8, x9, x10, x11, x12 and 25 more"):
        found = spex.fit(masks, value(masks))
    assert_allclose(found.single_values().values[:4], [4, 1, 1, -1], atol=1e-6)
    assert found.n == 38


def test_no_feature_differs():
    masks = np.ones((5, 3), dtype=bool)
    with pytest.warns(spex.UnidentifiableWarning, match="no sample differs in x0, x1, x2"):
        found = spex.fit(masks, np.arange(5.0))
    assert np.isnan(found.r2)
    assert found.predict(masks[:1]) == 2.0


def test_samples_that_tell_all_apart_are_not_complained_of():
    masks = samples()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = spex.fit(masks, value(masks))
    assert_allclose(found.predict(masks), value(masks), atol=1e-6)


def keeping(count):
    rng = np.random.default_rng(0)
    return np.argsort(rng.random((300, 8)), axis=1) < count


@pytest.mark.parametrize("estimator", ["auto", "gaussian_process", "sparse_regression"])
@pytest.mark.parametrize(
    "function",
    [lambda m: m.sum(axis=1) * 1.0, lambda m: m @ np.arange(8.0), value],
    ids=["sum", "linear", "pairs"],
)
def test_samples_that_keep_equal_numbers_of_features(function, estimator):
    masks = np.unique(keeping(4), axis=0)
    with pytest.warns(spex.UnidentifiableWarning, match="all samples keep 4 features, so that other values"):
        found = spex.fit(masks, function(masks), estimator=estimator)
    # Values + c for every feature, and f(∅) − 4 c, agree with the samples as well.
    assert np.isnan(found.single_values("SV").deviations).all()
    assert np.isnan(found.deviations(found.index("FSII"))).all()
    assert_allclose(found.predict(masks), function(masks), atol=0.1)


def test_groups_of_which_one_feature_is_kept():
    rng = np.random.default_rng(0)
    masks = np.column_stack([np.eye(4, dtype=bool)[rng.integers(4, size=200)], rng.random((200, 3)) < 0.5])
    with pytest.warns(spex.UnidentifiableWarning, match="depend on each other linearly"):
        found = spex.fit(masks, 3.0 * masks[:, 0] + masks[:, 5])
    assert np.isnan(found.single_values("SV").deviations).all()
    assert_allclose(found.single_values("SV").values[4:], [0, 1, 0], atol=0.01)
    differences = found.single_values("SV").values[:4] - found.single_values("SV").values[1]
    assert_allclose(differences, [3, 0, 0, 0], atol=0.05)
