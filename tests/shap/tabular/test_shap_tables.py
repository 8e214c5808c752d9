"""Background tables of every kind of column, and rows that do not fit them."""

from __future__ import annotations

import io
import itertools
import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer
from spex_plugins.shap.tables.table_masker import TableMasker

CITIES = ["Rome", "Oslo", "Bern"]


def mixed(n=12, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "age": rng.integers(18, 80, n),
            "city": rng.choice(CITIES, n),
            "kind": pd.Categorical(rng.choice(["a", "b"], n), categories=["a", "b", "c"]),
            "flag": rng.random(n) > 0.5,
            "day": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 99, n), "D"),
            "rooms": pd.array([None, *rng.integers(0, 5, n - 1)], dtype="Int64"),
        }
    )


def by_column(x):
    """Use every column in the way of its type; most fail on an array of objects."""
    rome = (x["city"].str.upper() == "ROME").to_numpy()
    a = (x["kind"].cat.codes == 0).to_numpy()
    rooms = x["rooms"].fillna(2).astype(float).to_numpy()
    flag = (~x["flag"]).to_numpy()
    return rome * (x["age"] % 7 + a * rooms).to_numpy() + 2.0 * flag * (x["day"].dt.month == 2).to_numpy()


def by_position(x):
    return x[:, 0] * x[:, 1] + x[:, 2]


def brute_force(model, background, row, j):
    """Return the Shapley value of column j of a data frame row, by its definition, over all coalitions."""
    n = background.shape[1]

    def value(kept):
        masked = background.copy()
        for i in kept:
            masked[masked.columns[i]] = row.iloc[[0] * len(background), i].set_axis(background.index)
        return model(masked).mean()

    others = [i for i in range(n) if i != j]
    total = 0.0
    for size in range(n):
        subsets = list(itertools.combinations(others, size))
        total += np.mean([value((*s, j)) - value(s) for s in subsets]) / n
    return total


def additivity(explanation, full, atol=1e-8):
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), full, atol=atol)


@pytest.mark.slow
def test_columns_reach_the_model_in_their_own_types():
    frame = mixed()
    background, rows = frame.iloc[:5], frame.iloc[8:10]
    seen = []

    def model(x):
        seen.append(x.dtypes)
        return by_column(x)

    explanation = SpexExplainer(model, background)(rows, silent=True)
    assert all((kinds == frame.dtypes).all() for kinds in seen)
    assert explanation.feature_names == list(frame.columns)
    additivity(explanation, by_column(rows))
    assert_allclose(explanation.base_values, by_column(background).mean())
    exact = [brute_force(by_column, background, rows.iloc[:1], j) for j in range(6)]
    assert_allclose(explanation.values[0], exact, atol=1e-8)
    assert (np.abs(exact) > 0.01).sum() >= 3


def test_only_cells_that_differ_from_the_background_are_features():
    background = mixed(1)
    row = background.copy()
    row["city"], row["age"] = "Lima", 19
    found = SpexExplainer(by_column, background)(row, silent=True)[0].interactions
    assert found.n_calls == 2 ** int((row["age"] != background["age"]).sum() + 1)  # missing equals missing


def test_the_types_give_way_to_a_row_that_does_not_fit():
    background = pd.DataFrame({"count": [1, 2], "kind": pd.Categorical(["a", "b"]), "text": ["x", "y"]})
    row = pd.DataFrame({"count": [2.5], "kind": ["new"], "text": [None]})

    def model(x):
        text = x["text"].isna()
        return (x["count"] * (x["kind"].astype(str) == "new") + 10.0 * text).to_numpy()

    explanation = SpexExplainer(model, background)(row, silent=True)
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), [12.5])
    assert explanation[0].interactions.index("Moebius").as_dict()[(0, 1)] == pytest.approx(1.0)


@pytest.mark.parametrize("wrap", [lambda x: x, shap.maskers.Independent])
def test_arrays_with_text(wrap):
    table = np.array([["a", 1.0, "x"], ["b", 2.0, "y"], ["a", 3.0, "y"]], dtype=object)

    def model(x):
        assert isinstance(x, np.ndarray)
        return (x[:, 0] == "a") * x[:, 1].astype(float) + (x[:, 2] == "x")

    explanation = SpexExplainer(model, wrap(table[:2]))(table[2:], silent=True)
    additivity(explanation, [3.0])
    assert_allclose(explanation.base_values, [1.0])


def test_a_pipeline_that_selects_columns_by_name():
    from sklearn.compose import ColumnTransformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = mixed(60)
    columns = ColumnTransformer(
        [("text", OneHotEncoder(), ["kind", "city"]), ("numbers", StandardScaler(), ["age"])]
    )
    model = make_pipeline(columns, LogisticRegression()).fit(frame, frame["flag"])
    rows = frame.iloc[50:53]
    explanation = SpexExplainer(model.predict_proba, frame.iloc[:20])(rows, silent=True)
    assert_allclose(
        explanation.base_values + explanation.values.sum(axis=1), model.predict_proba(rows), atol=1e-8
    )
    assert_allclose(explanation.values[:, 3:], 0, atol=1e-12)
    assert np.abs(explanation.values[:, :3]).max() > 0.01


def test_nullable_numbers_stay_nullable():
    frame = pd.DataFrame({"a": [1, 2, None], "b": [3, None, 5]}, dtype="Int64")

    def model(x):
        assert {str(kind) for kind in x.dtypes} == {"Int64"}
        return (x["a"].fillna(7) * x["b"].fillna(9)).astype(float).to_numpy()

    additivity(SpexExplainer(model, frame.iloc[:2])(frame.iloc[2:], silent=True), [35.0])


def test_numbers_among_text_become_numbers_again():
    frame = pd.DataFrame({"city": CITIES, "age": [20, 30, 40]})

    def model(x):
        assert x["age"].dtype.kind == "i"
        return ((x["city"] == "Bern") * x["age"]).to_numpy()

    masker = shap.maskers.Independent(frame.iloc[:2])  # an array of objects
    additivity(SpexExplainer(model, masker)(frame.iloc[2:], silent=True), [40.0])


def test_dummy_columns_keep_their_types_and_are_shown_as_numbers():
    frame = pd.DataFrame({"a": [0.5, 1.5, 2.5], "b": [True, False, True], "c": [1, 2, 3]})

    def model(x):
        assert [str(kind) for kind in x.dtypes] == ["float64", "bool", "int64"]
        return (x["a"] * x["b"] + x["c"]).to_numpy()

    explanation = SpexExplainer(model, frame.iloc[:2])(frame.iloc[2:], silent=True)
    additivity(explanation, [5.5])
    assert explanation.data.dtype == float


@pytest.mark.parametrize("masker", [shap.maskers.Independent, shap.maskers.Partition, lambda data: data])
def test_rows_are_not_rounded_to_the_type_of_the_background(masker):
    background = np.array([[1, 0, 2], [0, 3, 1], [2, 1, 1], [5, 4, 1]])
    row = np.array([[0.25, 2.7, 1.5]])
    explanation = SpexExplainer(by_position, masker(background))(row, silent=True)
    additivity(explanation, by_position(row))
    exact = shap.ExactExplainer(by_position, shap.maskers.Independent(background.astype(float)))(row)
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    if masker is shap.maskers.Partition:
        assert_allclose(explanation[0].clustering, masker(background).clustering)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_missing_and_infinite_values(value):
    table = np.random.default_rng(1).normal(size=(8, 3))
    table[2, 0] = table[5, 1] = value

    def model(x):
        return by_position(np.nan_to_num(x, nan=0.5, posinf=3.0))

    explanation = SpexExplainer(model, table[:5])(table[4:6], silent=True)
    replaced = np.nan_to_num(table, nan=0.5, posinf=3.0)
    exact = shap.ExactExplainer(by_position, replaced[:5])(replaced[4:6])
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    assert_allclose(explanation.base_values, exact.base_values, atol=1e-8)


def letters(x):
    """Tell None, as records have it, from other missing values, as encoders do."""
    ages, cities = (x["age"], x["city"]) if isinstance(x, pd.DataFrame) else x.T
    sizes = [2.0 if city is None else 5.0 if pd.isna(city) else len(city) for city in cities]
    return np.array(sizes) * np.array(ages, dtype=float)


def letters_values(empty, age, city, full):
    return [(age - empty + full - city) / 2, (city - empty + full - age) / 2]


@pytest.mark.parametrize("kind", ["str", "string", object])
def test_none_in_a_row_is_no_other_missing_value(kind):
    cities = pd.Series(["Rome", np.nan, "Bern"], dtype=kind)
    background = pd.DataFrame({"age": [1.0, 2.0, 4.0], "city": cities})
    row = pd.DataFrame({"age": [3.0], "city": pd.Series([None], dtype=object)})
    explanation = SpexExplainer(letters, background)(row, silent=True)
    empty = (4 + 2 * 5 + 4 * 4) / 3
    assert_allclose(explanation.base_values, empty)
    assert_allclose(explanation.values[0], letters_values(empty, 3 * (4 + 5 + 4) / 3, 2 * 7 / 3, 3 * 2))


@pytest.mark.parametrize("kind", ["frame", "array", "masker"])
@pytest.mark.parametrize("city", ["Basel", None, np.nan])
def test_none_in_the_background_is_no_other_missing_value(kind, city):
    cities = pd.Series(["Rome", None, np.nan, "Bern"], dtype=object)
    background = pd.DataFrame({"age": [1.0, 2.0, 4.0, 6.0], "city": cities})
    row = pd.DataFrame({"age": [3.0], "city": pd.Series([city], dtype=object)})
    if kind == "array":
        background, row = background.to_numpy(), row.to_numpy()
    masker = shap.maskers.Independent(background) if kind == "masker" else background
    explanation = SpexExplainer(letters, masker)(row, silent=True)
    empty, size = (4 + 2 * 2 + 4 * 5 + 6 * 4) / 4, letters(row)[0] / 3
    assert_allclose(explanation.base_values, empty)
    expected = letters_values(empty, 3 * (4 + 2 + 5 + 4) / 4, size * 13 / 4, 3 * size)
    assert_allclose(explanation.values[0], expected)


def test_large_backgrounds_are_sampled_as_shap_does():
    frame = mixed(150)
    with pytest.warns(
        UserWarning, match=r"masker: a sample of 100 of the 150 background rows .* max_samples=150"
    ) as said:
        masker = SpexExplainer(by_column, frame).masker
    assert len(said) == 1
    numbers = shap.maskers.Independent(frame[["age"]].astype(float)).data
    assert_allclose(masker.data["age"], numbers[:, 0])
    assert masker.shape == (100, 6)


def test_shap_explainers_take_the_masker_too_and_it_can_be_kept():
    frame = mixed()
    masker = TableMasker(frame.iloc[:4])
    file = io.BytesIO()
    masker.save(file)
    file.seek(0)
    rows = frame.iloc[8:9]
    expected = SpexExplainer(by_column, masker)(rows, silent=True).values
    for same in (TableMasker.load(file), pickle.loads(pickle.dumps(masker))):
        assert_allclose(shap.ExactExplainer(by_column, same)(rows).values, expected, atol=1e-8)
    alone = masker(np.array([True, False, False, False, False, False]), rows.to_numpy()[0])[0]
    assert (alone["age"] == rows["age"].iloc[0]).all()
    assert alone["city"].tolist() == frame["city"].tolist()[:4]


SPARSE = scipy.sparse.csr_matrix(np.eye(3))
FRAME = pd.DataFrame(np.eye(3), columns=["a", "b", "c"])


@pytest.mark.parametrize(
    ("background", "message"),
    [
        (SPARSE, r"masker: .*toarray\(\)"),
        (shap.maskers.Independent(SPARSE), r"masker: .*toarray\(\)"),
        ([[1.0, 2.0]], "masker: expected a 2-D array, .* got list"),
        (np.ones(3), "masker: expected a 2-D array, .* got ndarray"),
    ],
)
def test_unusable_backgrounds(background, message):
    with pytest.raises(InputError, match=message):
        SpexExplainer(by_position, background)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (SPARSE, r"rows: .*toarray\(\)"),
        (np.ones(3), r"rows: .* got shape \(3,\); for a single row pass X\[:1\]"),
        (np.ones((2, 4)), r"rows: .*\(rows, 3\) .* got shape \(2, 4\)"),
        ([[1.0, 2.0, 3.0]], "rows: .* got list"),
        (np.ones((0, 3)), "rows: none given"),
        (FRAME[["b", "a", "c"]], "rows: the columns"),
        (np.array([["a", "b", "c"]]), "rows: the background is numeric"),
    ],
)
def test_unusable_rows(rows, message):
    with pytest.raises(InputError, match=message):
        SpexExplainer(lambda x: by_position(x.to_numpy()), FRAME)(rows, silent=True)
    with pytest.raises(InputError, match="rows: none given"):
        SpexExplainer(by_position, np.eye(3))(silent=True)


def test_given_names_may_be_equal():
    explainer = SpexExplainer(
        lambda x: x @ [1.0, 10.0, 100.0], np.zeros((1, 3)), feature_names=["a", "a", "b"]
    )
    explanation = explainer(np.array([[1.0, 2.0, 4.0]]), silent=True)
    assert explanation.feature_names == ["a", "a", "b"]
    assert_allclose(explanation.values, [[1.0, 20.0, 400.0]])
    assert_allclose(explanation[:, "a"].values, [[1.0, 20.0]])
    assert explanation[0].interactions.index("SV").names == ["b", "a₂", "a₁"]
