"""Single features have one value, whether a table of an index or `single_values` is read."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose

import spex_plugins as spex
from spex_plugins.core.basis.fitted_function import SpectrumWithDeviations

N = 18
W = np.random.default_rng(1).normal(size=(N, 12)) / 2
OUT = np.random.default_rng(2).normal(size=(12, 2))
SHAPLEY = [("SV", 1), ("FSII", 1), ("STII", 1), ("k-SII", 1), ("SII", 1), ("SII", 2)]
BANZHAF = [("BV", 1), ("FBII", 1), ("BII", 1), ("BII", 3)]


def network(masks):
    return np.tanh(masks @ W - W.sum(axis=0) / 2) @ OUT


@pytest.fixture(
    scope="module", params=[{"estimator": "gaussian_process"}, {"index": "SV", "max_order": 2}], ids=str
)
def found(request):
    result = spex.explain(network, N, budget=200, progress=False, **request.param)
    assert isinstance(result.function, SpectrumWithDeviations)
    return result


@pytest.mark.parametrize(("index", "order"), SHAPLEY + BANZHAF)
def test_tables_list_the_single_values(found, index, order):
    single = found.single_values("SV" if (index, order) in SHAPLEY else "BV")
    table = found.index(index, order).of_order(1)
    assert_allclose(table.first_order(), single.values, rtol=1e-12)
    assert_allclose(found.output(0).index(index, order).first_order(), single.values[:, 0], rtol=1e-12)
    assert_allclose(found.deviations(table), single.deviations[[i for (i,) in table.terms]], rtol=1e-6)


def test_pairs_are_those_of_the_spectrum(found):
    table, (supports, values) = found.index("SII", 2).of_order(2), found.function.spectrum.convert("SII", 2)
    of_two = (supports < N).sum(axis=1) == 2
    assert table.as_dict() == dict(
        zip(map(tuple, supports[of_two].tolist()), values[of_two].tolist(), strict=True)
    )


def test_shapley_values_lead_from_one_end_to_the_other(found):
    table, ends = found.index("SV"), network(np.array([[False] * N, [True] * N]))
    assert_allclose(table.baseline, ends[0], rtol=1e-12)
    assert_allclose(table.baseline + table.values.sum(axis=0), ends[1], rtol=1e-9)
    shown = found.output(1).to_explanation("SV")
    assert len(shown.values) == N  # nothing is left to a bar of the others
    assert_allclose(shown.base_values + shown.values.sum(), ends[1, 1], rtol=1e-9)


def test_a_sparse_regression_with_deviations():
    rng = np.random.default_rng(0)
    masks = rng.random((300, 40)) < 0.5
    values = masks[:, 3] - 2.0 * (masks[:, 4] & masks[:, 9]) + 0.1 * rng.normal(size=300)
    found = spex.fit(masks, values, estimator="stacking")
    assert_allclose(found.index("SV").first_order(), found.single_values("SV").values, rtol=1e-12)


def test_single_values_of_all_masks_are_exact_beside_a_largest_order():
    def function(masks):
        return (-1.0) ** masks.sum(axis=1) + masks[:, 0]

    found = spex.explain(function, 5, budget=32, max_order=2, progress=False)
    parity = [-2 / 5] * 5  # f(x) − f(∅) of the parity of five features, which are alike
    assert_allclose(found.index("SV").first_order(), parity + np.eye(5)[0], atol=1e-12)
