"""A row that cannot be explained is named, and the explanations of the rows before it are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from spex_plugins import InputError, Queries, ValueFunctionError
from spex_plugins.shap import SpexExplainer

X = np.random.default_rng(0).normal(size=(10, 4))
BACKGROUND = np.zeros((1, 4))
BAD = 7


def product(x):
    return x[:, 0] * x[:, 1] + x[:, 2]


def is_bad(x):
    return (x[:, 0] == X[BAD, 0]) & (x[:, 1] == X[BAD, 1])


def returns(value):
    return lambda x: np.where(is_bad(x), value, product(x))


def one_output_of_three(x):
    values = np.column_stack([product(x), x[:, 3], x[:, 0]])
    values[is_bad(x), 1] = np.nan
    return values


def wrong_number(x):
    return product(x)[1:] if is_bad(x).any() else product(x)


def raises(x):
    if is_bad(x).any():
        raise ValueError("cannot")
    return product(x)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (returns(np.nan), "returned NaN or inf"),
        (returns(np.inf), "returned NaN or inf"),
        (one_output_of_three, "in output 1 of 0 to 2"),
        (raises, "raised ValueError: cannot"),
    ],
)
def test_the_row_is_named_and_the_others_are_kept(model, said):
    with pytest.raises(ValueFunctionError, match=rf"^row 7: value_function .*{said}") as caught:
        SpexExplainer(model, BACKGROUND)(X)
    error = caught.value
    assert error.rows == [BAD]
    assert sorted(error.explained) == list(range(BAD))
    assert "The explanations of 7 others are in error.explained." in error.__notes__
    alone = SpexExplainer(model, BACKGROUND)(X[3:4])
    np.testing.assert_array_equal(
        error.explained[3].spectrum.coefficients, alone.interactions[0].spectrum.coefficients
    )


def test_the_rows_that_are_kept_have_the_names_of_the_columns():
    names = ["age", "height", "weight", "never varies"]
    rows = X.copy()
    rows[:, 3] = 0.0  # as in the background
    model = returns(np.nan)
    for explainer, given in (
        (SpexExplainer(lambda x: model(x.to_numpy()), pd.DataFrame(BACKGROUND, columns=names)), rows),
        (SpexExplainer(model, BACKGROUND, feature_names=names), rows),
        (SpexExplainer(model, BACKGROUND), pd.DataFrame(rows, columns=names)),
    ):
        with pytest.raises(ValueFunctionError, match=r"^row 7") as caught:
            explainer(given)
        assert {one.feature_names for one in caught.value.explained.values()} == {tuple(names)}


@pytest.mark.parametrize("names", [["a", "b", "c"], [["a", "b"], ["c", "d"]], []])
def test_other_names_than_columns_are_refused_before_the_model_runs(names):
    def model(x):
        raise AssertionError

    with pytest.raises(InputError, match=r"^feature_names: expected 4 names, got \["):
        SpexExplainer(model, BACKGROUND, feature_names=names)(X)


def test_what_is_wrong_with_some_outputs_only_is_kept():
    with pytest.raises(ValueFunctionError) as caught:
        SpexExplainer(one_output_of_three, BACKGROUND)(X[BAD : BAD + 1])
    error = caught.value
    assert len(error.failed_values) == len(error.failed_masks)
    assert np.isnan(error.failed_values[:, 1]).all()
    assert np.isfinite(error.failed_values[:, [0, 2]]).all()
    assert "row" not in str(error)  # there is only one


def test_errors_of_other_kinds_name_the_row_in_a_note():
    def stops(x):
        if is_bad(x).any():
            raise KeyboardInterrupt
        return product(x)

    for model, kind in ((stops, KeyboardInterrupt), (wrong_number, Exception)):
        with pytest.raises(kind) as caught:
            SpexExplainer(model, BACKGROUND)(X)
        assert caught.value.rows == [BAD]
        assert sorted(caught.value.explained) == list(range(BAD))
        told = [str(caught.value), *caught.value.__notes__]
        assert any("row 7" in text for text in told)


def test_answers_of_other_rows_are_in_the_store(tmp_path):
    asked = []

    def model(x):
        asked.append(len(x))
        return returns(np.nan)(x)

    queries = Queries(store=tmp_path / "s.sqlite", fingerprint="product")
    with pytest.raises(ValueFunctionError, match="row 7"):
        SpexExplainer(model, BACKGROUND, queries=queries)(X)
    asked.clear()
    SpexExplainer(model, BACKGROUND, queries=queries)(X[:BAD])
    assert asked == []
