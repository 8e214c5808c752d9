"""Explanations that exist: the functions that they stand for, and those that stand for none."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.sums import sum_of_sets
from spex_plugins.comparison.metrics.index_errors import index_errors
from spex_plugins.core.basis.masks import masks_of_numbers

N = 8
ALL = masks_of_numbers(np.arange(2**N), N)
CUBIC = sum_of_sets(N, {(): 0.5, (0,): 2.0, (1, 2): 3.0, (0, 1, 4): 1.5, (3, 5, 6): -2.0})
SHAPLEY = CUBIC.single_values("SV").values


def least_squares(order):
    """The best function of up to an order on uniform masks, at all masks."""
    columns = [np.ones(len(ALL))]
    columns += [ALL[:, list(s)].all(axis=1) for k in range(1, order + 1) for s in combinations(range(N), k)]
    matrix = np.stack(columns, axis=1).astype(float)
    return matrix @ np.linalg.lstsq(matrix, CUBIC.predict(ALL), rcond=None)[0]


def test_tables_of_an_index_stand_for_the_function_that_has_these_values():
    table = spex.explain(CUBIC.predict, N, progress=False).index
    fourier = surrogate_of(table("Fourier", 3), N)
    np.testing.assert_allclose(fourier.function.predict(ALL), CUBIC.predict(ALL), atol=1e-12)
    for index, order in (("BV", 1), ("BII", 2), ("FBII", 2), ("Fourier", 2)):
        found = surrogate_of(table(index, order), N).function.predict(ALL)
        np.testing.assert_allclose(found, least_squares(order), atol=1e-12)
    for index in ("SV", "SII", "STII", "k-SII", "FSII", "Moebius"):
        order = 1 if index == "SV" else 3
        read = surrogate_of(table(index, order), N)
        if order == 3:
            np.testing.assert_allclose(read.function.predict(ALL), CUBIC.predict(ALL), atol=1e-12)
        assert read.index == index
        errors = index_errors(read, CUBIC)
        assert errors["value_error"] == pytest.approx(0, abs=1e-12) or index in ("STII", "FSII", "Moebius")


@pytest.mark.parametrize(("index", "order"), [("BV", 1), ("SII", 2), ("BII", 2), ("k-SII", 2)])
def test_values_of_shapiq_stand_for_the_function_that_has_them(index, order):
    """The empty set of some indices holds f(∅) in some approximators of shapiq, and the index in others."""
    pytest.importorskip("shapiq")
    values = spex.explain(CUBIC.predict, N, progress=False).to_shapiq(index, order)
    read = surrogate_of(values, N)
    errors = index_errors(read, CUBIC)
    assert errors["value_error"] == pytest.approx(0, abs=1e-12)
    assert (
        np.isnan(errors["pair_error"]) if order == 1 else errors["pair_error"] == pytest.approx(0, abs=1e-12)
    )
    assert read.has_constant == (index == "k-SII")


def test_values_without_single_features_are_refused():
    shapiq = pytest.importorskip("shapiq")
    pairs = shapiq.InteractionValues(
        np.array([1.0]),
        index="SII",
        max_order=2,
        n_players=N,
        min_order=2,
        interaction_lookup={(0, 1): 0},
        baseline_value=0.0,
    )
    with pytest.raises(InputError, match="lack sets of fewer than 2 features"):
        surrogate_of(pairs, N)


@pytest.mark.parametrize("shape", [(4, 8), (8, 8), (1, 8, 3), (8, 3)])
def test_explanations_of_several_rows_or_outputs_are_refused(shape):
    shap = pytest.importorskip("shap")
    given = shap.Explanation(np.ones(shape), base_values=np.zeros(shape[0]))
    with pytest.raises(InputError, match=r"values of shape \(.*\), of several rows or outputs; give one row"):
        surrogate_of(given, N)


def test_an_explanation_without_a_base_value_has_no_constant():
    shap = pytest.importorskip("shap")
    read = surrogate_of(shap.Explanation(SHAPLEY), N)
    assert not read.has_constant
    np.testing.assert_allclose(read.function.single_values("SV").values, SHAPLEY)
    with pytest.raises(InputError, match="2 base values for one row"):
        surrogate_of(shap.Explanation(SHAPLEY, base_values=np.zeros(2)), N)


def test_a_table_of_several_outputs_is_refused():
    both = spex.explain(lambda masks: np.stack([masks[:, 0], masks[:, 1]], 1) * 1.0, N, progress=False)
    with pytest.raises(InputError, match="the table has 2 outputs"):
        surrogate_of(both.index("FSII"), N)
