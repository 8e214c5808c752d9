"""Too few masks are said once for all rows; all masks of few columns are asked by default."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import shap

from spex_plugins import FewSamplesWarning
from spex_plugins.shap import SpexExplainer

ROWS = np.random.default_rng(0).normal(size=(5, 30))


def model(x):
    return x @ np.linspace(-1, 2, x.shape[1]) + x[:, 0] * x[:, 1] * x[:, 2]


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return [one for one in caught if one.category is FewSamplesWarning]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["shapley", "auto"])
def test_one_warning_for_all_rows(estimator):
    explainer = SpexExplainer(model, np.zeros((1, 30)), estimator=estimator)
    (one,) = warned(lambda: explainer(ROWS, max_evals=50, silent=True))
    assert one.filename == __file__
    assert str(one.message) == (
        "max_evals=50: 50 masks of 30 features: there should be at least 60, two for each feature. The "
        "values are not reliable (the same holds for 4 more explanations); raise max_evals."
    )
    assert not warned(lambda: explainer(ROWS[:2], silent=True))


def test_columns_equal_to_the_background_need_no_masks():
    rows = np.where(np.arange(30) < 5, ROWS, 0)
    assert not warned(lambda: SpexExplainer(model, np.zeros((1, 30)))(rows, max_evals=40, silent=True))


@pytest.mark.parametrize("n", [2, 9, 10, 11, 12])
def test_the_default_is_exact_for_few_columns(n):
    background = np.random.default_rng(1).normal(size=(3, n))
    rows = np.random.default_rng(2).normal(size=(2, n))

    def product(x):
        return np.tanh(x @ np.linspace(-1, 1, n)) + x.prod(axis=1)

    found = SpexExplainer(product, background)(rows, error_bounds=True, silent=True)
    right = shap.ExactExplainer(product, background)(rows, silent=True)
    assert [one.n_calls for one in found.interactions] == [2**n] * 2
    np.testing.assert_allclose(found.values, right.values, atol=1e-12)
    assert not found.error_std.any()
    assert all(one.r2 == 1 for one in found.interactions)
