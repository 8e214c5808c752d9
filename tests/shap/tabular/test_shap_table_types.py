"""The model gets tables in the types and the library that they came in; compared with all coalitions."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer

N = 24
RNG = np.random.default_rng(4)
COLUMNS = {
    "int64": RNG.integers(0, 5, N),
    "int8": RNG.integers(0, 5, N).astype(np.int8),
    "uint16": RNG.integers(0, 5, N).astype(np.uint16),
    "large": 2**60 + RNG.integers(0, 5, N),
    "float64": RNG.normal(size=N),
    "float32": RNG.normal(size=N).astype(np.float32),
    "small": RNG.normal(size=N) * 1e-12,
    "bool": RNG.random(N) < 0.5,
    "text": RNG.choice(["u", "v", "w"], N),
    "object": np.array([["a", 1, 2.5, None][i] for i in RNG.integers(0, 4, N)], dtype=object),
    "category": pd.Categorical(RNG.choice(["p", "q"], N), categories=["p", "q", "r"]),
    "codes": pd.Categorical(RNG.choice([3, 5], N)),
    "Int64": pd.array([None, *RNG.integers(0, 5, N - 1)], dtype="Int64"),
    "Float64": pd.array([None, *RNG.normal(size=N - 1)], dtype="Float64"),
    "boolean": pd.array([None, *(RNG.random(N - 1) < 0.5)], dtype="boolean"),
    "day": pd.date_range("2020", periods=N),
    "zoned": pd.date_range("2020", periods=N, tz="Europe/Rome"),
    "span": pd.to_timedelta(np.arange(N), "D"),
    "lists": pd.Series([[i % 2, i % 3] for i in range(N)]),
    "arrays": pd.Series([np.arange(i % 3) for i in range(N)]),
}
SETS = [
    ["int64", "float64"],
    ["int64", "bool", "float64"],
    ["int64", "int8", "uint16"],
    ["int64"],
    ["bool"],
    ["large", "float64"],
    ["float32"],
    ["float32", "float64"],
    ["small", "float64"],
    ["Int64", "float64"],
    ["Int64", "boolean", "Float64"],
    ["category", "codes"],
    ["day", "zoned", "span"],
    ["text", "object", "bool"],
    ["lists", "arrays", "int64"],
    list(COLUMNS),
]


def fingerprint(cell):
    """Return a number that tells a cell's value and type."""
    text = repr(cell.tolist() if isinstance(cell, np.ndarray) else cell)
    return (sum(ord(letter) * (i + 3) for i, letter in enumerate(text)) % 101) / 10


class Watched:
    """A model that multiplies what it sees in neighbouring columns, and knows the types that it saw."""

    def __init__(self):
        self.seen = set()

    def __call__(self, frame):
        assert isinstance(frame, pd.DataFrame)
        self.seen.add(tuple(map(str, frame.dtypes)))
        cells = np.array([[fingerprint(cell) for cell in frame.iloc[:, j]] for j in range(frame.shape[1])])
        return cells[0] + (cells * np.roll(cells, 1, axis=0)).sum(axis=0)


def exact(model, background, row):
    """Return Shapley values and f(∅) from all coalitions of the columns of data frames."""
    n = background.shape[1]

    def value(code):
        kept = [code >> j & 1 for j in range(n)]
        parts = [
            pd.concat([row.iloc[:, j]] * len(background)) if kept[j] else background.iloc[:, j]
            for j in range(n)
        ]
        frame = pd.DataFrame({i: part.reset_index(drop=True) for i, part in enumerate(parts)})
        return model(frame.set_axis(background.columns, axis=1)).mean()

    values = np.array([value(code) for code in range(2**n)])
    weight = 1 / np.array([n * _choose(n - 1, size) for size in range(n)])
    singles = []
    for j in range(n):
        without = np.array([code for code in range(2**n) if not code >> j & 1])
        sizes = np.array([int(code).bit_count() for code in without])
        singles.append(((values[without | 1 << j] - values[without]) * weight[sizes]).sum())
    return np.array(singles), values[0]


def _choose(n, k):
    return np.prod([(n - i) / (i + 1) for i in range(k)])


@pytest.mark.parametrize(
    "wrap", [lambda frame: frame, shap.maskers.Independent], ids=["frame", "Independent"]
)
@pytest.mark.parametrize("names", SETS, ids="-".join)
def test_columns_keep_their_types(names, wrap):
    if wrap is shap.maskers.Independent and "large" in names:
        pytest.skip("SHAP's masker has rounded them")
    frame = pd.DataFrame({name: COLUMNS[name] for name in names})
    background, row = frame.iloc[1:5], frame.iloc[[17]]
    model = Watched()
    explanation = SpexExplainer(model, wrap(background))(row, max_evals=2 ** min(len(names), 5), silent=True)
    assert model.seen == {tuple(map(str, frame.dtypes))}
    assert_allclose(explanation.base_values[0] + explanation.values[0].sum(), model(row)[0])
    if len(names) < 6:
        values, empty = exact(model, background, row)
        assert_allclose(explanation.values[0], values, atol=1e-8)
        assert_allclose(explanation.base_values[0], empty)


@pytest.mark.parametrize("kind", ["int64", "float32", "bool", "int8", "datetime64[ns]", "U1"])
def test_arrays_keep_their_type(kind):
    table = RNG.integers(0, 2, (8, 3)).astype(kind)
    seen = set()

    def model(x):
        seen.add(x.dtype)
        first = x == table[6]
        return first[:, 0] * 2.0 + first[:, 1] * first[:, 2]

    explanation = SpexExplainer(model, table[:5])(table[6:7], silent=True)
    assert seen == {table.dtype}
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), 3.0)


@pytest.mark.parametrize(
    ("background", "row", "common"),
    [
        (np.int64([[1, 2], [3, 4]]), np.array([[2.5, 1.0]]), "float64"),
        (np.int8([[1, 2], [3, 4]]), np.array([[300, 1]]), "int64"),
        (np.array([[True, False]]), np.array([[3, 1]]), "int64"),
        (np.float32([[1, 2], [3, 4]]), np.array([[0.1, 1.0]]), "float64"),
        (np.int64([[1, 2], [3, 4]]), np.array([[2.5, 1]], dtype=object), "float64"),
    ],
)
def test_rows_of_a_wider_type_are_not_cut(background, row, common):
    def model(x):
        assert x.dtype == common
        return x[:, 0] * x[:, 1] * 1.0

    explanation = SpexExplainer(model, background)(row, silent=True)
    full = explanation.base_values + explanation.values.sum(axis=1)
    assert_allclose(full, float(row[0, 0]) * float(row[0, 1]), rtol=1e-14)


def test_rows_in_an_array_take_the_types_of_the_background_where_they_fit():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [4, 5, 6]})
    seen = []

    def model(x):
        seen.append(tuple(map(str, x.dtypes)))
        return (x["a"] * x["b"]).to_numpy(float)

    explainer = SpexExplainer(model, frame)
    explanation = explainer(np.array([[7.0, 8.0], [7.5, 8.0]]), silent=True)
    assert set(seen) == {("int64", "int64"), ("float64", "int64")}
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), [56, 60])
    assert explanation.feature_names == ["a", "b"]


def test_bool_and_missing_or_fractional_cells():
    frame = pd.DataFrame({"flag": [True, False], "x": [1.0, 2.0]})
    seen = set()

    def model(x):
        seen.add(str(x["flag"].dtype))
        return (x["flag"].astype(float).fillna(7) * x["x"]).to_numpy()

    rows = pd.DataFrame({"flag": [0.5, np.nan], "x": [3.0, 3.0]})
    explanation = SpexExplainer(model, frame)(rows, silent=True)
    assert seen == {"float64"}
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), [1.5, 21])


@pytest.mark.parametrize("kind", [shap.maskers.Independent, shap.maskers.Partition])
@pytest.mark.parametrize("names", [["float64"], ["int64", "float64"], ["bool", "float64"]])
def test_as_many_background_rows_as_asked_for(names, kind):
    frame = pd.concat(
        [pd.DataFrame({name: COLUMNS[name] for name in ["small", *names]})] * 10, ignore_index=True
    )
    frame["float64"] = np.arange(len(frame)) ** 1.5
    explainer = SpexExplainer(lambda x: np.asarray(x["float64"]), kind(frame, max_samples=len(frame)))
    explanation = explainer(frame[-1:], silent=True)
    assert_allclose(explanation.base_values, frame["float64"].mean())
    again = io.BytesIO()
    explainer.masker.save(again)
    again.seek(0)
    assert type(explainer.masker).load(again).shape == explainer.masker.shape == frame.shape


def test_a_sampled_background_says_so_once():
    table = np.arange(300.0).reshape(150, 2)
    with pytest.warns(
        UserWarning, match="masker: a sample of 100 of the 150 background rows is used"
    ) as said:
        explainer = SpexExplainer(lambda x: x[:, 0], table)
    assert len(said) == 1
    explainer(table[:3], silent=True)  # a further warning would be an error
    explainer(table[:2].astype(np.int64), silent=True)


NAMES = [
    [0, 1, 2],
    [0, "a", "b"],
    [0, "a", ("x", "y")],
    pd.MultiIndex.from_product([["a"], [1, 2, 3]]),
    [1.5, None, True],
]


@pytest.mark.parametrize("names", NAMES, ids=str)
def test_names_that_are_no_texts(names):
    import matplotlib.pyplot as plt

    frame = pd.DataFrame(RNG.normal(size=(12, 3)), columns=names)
    expected = [str(name) for name in frame.columns]

    def model(x):
        assert x.columns.equals(frame.columns)
        return x.to_numpy()[:, 0] * x.to_numpy()[:, 1]

    for rows in (frame[:4], frame[:4].to_numpy()):
        explanation = SpexExplainer(model, frame)(rows, silent=True)
        assert list(explanation.feature_names) == expected
        assert list(explanation[0].feature_names) == expected
        assert_allclose(explanation[:, expected[1]].values, explanation.values[:, 1])
        assert explanation.interactions[0].feature_names == tuple(expected)
    shap.plots.waterfall(explanation[0], show=False)
    shap.plots.bar(explanation, show=False)
    shap.plots.beeswarm(explanation, show=False)
    plt.close("all")


def test_names_given_by_the_user_for_arrays():
    table = RNG.normal(size=(6, 2))
    explainer = SpexExplainer(lambda x: x[:, 0], table, feature_names=["p", "q"])
    assert explainer(table[:2], silent=True).feature_names == ["p", "q"]


def product(x):
    return x[:, 0] * x[:, 1] + x[:, 2]


def test_tensors():
    torch = pytest.importorskip("torch")
    numbers = RNG.normal(size=(12, 3))
    expected = shap.ExactExplainer(product, numbers[:8])(numbers[8:10], silent=True)
    table = torch.tensor(numbers)

    def of_tensors(x):
        assert isinstance(x, torch.Tensor)
        return product(x)

    def of_arrays(x):
        assert isinstance(x, np.ndarray)
        return product(x)

    pairs = [(of_tensors, table, table), (of_tensors, table, numbers), (of_arrays, numbers, table)]
    for model, background, rows in pairs:
        explanation = SpexExplainer(model, background[:8])(rows[8:10], silent=True)
        assert_allclose(explanation.values, expected.values, atol=1e-8)
        assert_allclose(explanation.base_values, expected.base_values)


@pytest.mark.parametrize("kind", ["float32", "bfloat16", "float16"])
def test_networks_in_shorter_types(kind):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    kind = getattr(torch, kind)
    network = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).to(kind)
    table = torch.tensor(RNG.normal(size=(6, 3))).to(kind)
    explanation = SpexExplainer(network, table[:4])(table[4:], silent=True)
    full = network(table[4:]).detach().double().numpy()
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), full, atol=1e-12)


def plain_table(library):
    """Return a table of a library, one by the same name as a data frame, and how it multiplies columns."""
    frame = pd.DataFrame({name: COLUMNS[name] for name in ("int64", "bool", "text", "float64")})
    lists = {name: frame[name].tolist() for name in frame}
    if library == "polars":
        polars = pytest.importorskip("polars")
        return (
            polars.DataFrame(lists),
            frame,
            lambda x: [str(kind) for kind in x.dtypes],
            lambda x: x.to_dicts(),
        )
    arrow = pytest.importorskip("pyarrow")
    return (
        arrow.table(lists),
        frame,
        lambda x: [str(kind) for kind in x.schema.types],
        lambda x: x.to_pylist(),
    )


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
@pytest.mark.parametrize("rows", ["own", "pandas", "objects"])
def test_other_libraries(library, rows):
    table, frame, types, dicts = plain_table(library)
    seen = []

    def of_cells(cells):
        return cells["int64"] * 2.0 + cells["bool"] * cells["float64"] * (cells["text"] == "u")

    def model(x):
        assert type(x) is type(table)
        seen.append(types(x))
        return np.array([of_cells(cells) for cells in dicts(x)])

    own = table[17:18] if library == "polars" else table.slice(17, 1)
    background = table[:6] if library == "polars" else table.slice(0, 6)
    given = {"own": own, "pandas": frame[17:18], "objects": frame[17:18].astype(object).to_numpy()}[rows]
    explanation = SpexExplainer(model, background)(given, silent=True)
    assert all(one == types(table) for one in seen)

    def same(x):
        return np.array([of_cells(cells) for cells in x.to_dict("records")])

    values, empty = exact(same, frame[:6], frame[17:18])
    assert_allclose(explanation.values[0], values, atol=1e-8)
    assert_allclose(explanation.base_values[0], empty)
    assert list(explanation.feature_names) == list(frame.columns)


class TestSeveralTables:
    ONE = pd.DataFrame({"a": RNG.normal(size=8), "k": RNG.integers(0, 3, 8)})
    OTHER = RNG.normal(size=(8, 2))

    @staticmethod
    def model(one, other):
        assert str(one["k"].dtype) == "int64"
        return (one["a"] * one["k"]).to_numpy() * other[:, 0] + other[:, 1]

    def flat(self, x):
        one = pd.DataFrame(x[:, :2], columns=["a", "k"]).astype({"k": np.int64})
        return self.model(one, x[:, 2:])

    @pytest.mark.parametrize("link", [shap.links.identity, shap.links.logit])
    @pytest.mark.parametrize("single", [False, True])
    def test_values(self, link, single):
        def probability(*tables):
            return 1 / (1 + np.exp(-self.model(*tables)))

        def flat(x):
            return 1 / (1 + np.exp(-self.flat(x)))

        one, other = self.ONE[:6], self.OTHER[:1] if single else self.OTHER[:6]
        parts = shap.maskers.Independent(one), shap.maskers.Independent(other)
        explainer = SpexExplainer(probability, shap.maskers.Composite(*parts), link=link)
        first, second = explainer(self.ONE[6:], self.OTHER[6:], silent=True)
        joined = np.concatenate([one.to_numpy(), np.broadcast_to(other, (6, 2))], axis=1)
        rows = np.concatenate([self.ONE[6:].to_numpy(), self.OTHER[6:]], axis=1)
        exact = shap.ExactExplainer(flat, joined, link=link)(rows, silent=True)
        assert_allclose(np.concatenate([first.values, second.values], axis=1), exact.values, atol=1e-8)
        assert_allclose(first.base_values, exact.base_values)
        assert first.feature_names == ["a", "k"]

    def test_saved(self):
        parts = shap.maskers.Independent(self.ONE[:6]), shap.maskers.Independent(self.OTHER[:6])
        explainer = SpexExplainer(self.model, shap.maskers.Composite(*parts))
        file = io.BytesIO()
        explainer.masker.save(file)
        file.seek(0)
        again = SpexExplainer(self.model, type(explainer.masker).load(file))
        for one, other in zip(
            *(each(self.ONE[6:], self.OTHER[6:], silent=True) for each in (explainer, again)), strict=True
        ):
            assert_allclose(one.values, other.values)

    def test_background_rows_that_do_not_belong_together(self):
        parts = shap.maskers.Independent(self.ONE[:6]), shap.maskers.Independent(self.OTHER[:4])
        with pytest.raises(InputError, match=r"masker: the tables have \[4, 6\] background rows"):
            SpexExplainer(self.model, shap.maskers.Composite(*parts))

    def test_too_few_inputs(self):
        parts = shap.maskers.Independent(self.ONE[:6]), shap.maskers.Independent(self.OTHER[:6])
        explainer = SpexExplainer(self.model, shap.maskers.Composite(*parts))
        with pytest.raises(InputError, match="rows: the masker has 2 tables, got 1"):
            explainer(self.ONE[6:], silent=True)
