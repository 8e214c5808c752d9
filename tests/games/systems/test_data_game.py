"""`DataGame`: retrained models against a nearest centroid that is written by hand."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import r2_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler

from spex_plugins import InputError, explain
from spex_plugins.games import DataGame

RNG = np.random.default_rng(0)
Y = RNG.integers(0, 3, 120)
X = RNG.normal(size=(120, 2)) + 2.0 * np.array([[0, 0], [1, 0], [0, 1]])[Y]
TRAIN, TEST = (X[:60], Y[:60]), (X[60:], Y[60:])
GROUPS = np.arange(60) // 10


def all_masks(n):
    return (np.arange(2**n)[:, None] >> np.arange(n) & 1).astype(bool)


def by_hand(kept):
    rows, labels = TRAIN[0][kept], TRAIN[1][kept]
    if not len(rows):
        return 1 / 3
    classes = np.unique(labels)
    centres = np.array([rows[labels == label].mean(axis=0) for label in classes])
    nearest = ((TEST[0][:, None] - centres) ** 2).sum(axis=2).argmin(axis=1)
    return (classes[nearest] == TEST[1]).mean()


def game(model=None, **changes):
    settings = {"groups": GROUPS} | changes
    return DataGame(NearestCentroid() if model is None else model, *TRAIN, *TEST, **settings)


def test_every_value_is_that_of_a_model_trained_by_hand():
    masks = all_masks(6)
    truth = [by_hand(mask[GROUPS]) for mask in masks]
    np.testing.assert_array_equal(game()(masks), truth)
    assert explain(game(), progress=False).exact


def test_single_points():
    points = game(groups=None)
    assert points.n == 60
    assert points.feature_names[3] == "row 3"
    masks = np.random.default_rng(1).random((20, 60)) < np.linspace(0, 0.3, 20)[:, None]
    np.testing.assert_array_equal(points(masks), [by_hand(mask) for mask in masks])
    np.testing.assert_array_equal(points.work(masks), np.maximum(masks.sum(axis=1), 1))


def test_a_single_class_is_what_it_is():
    masks = np.zeros((3, 60), dtype=bool)
    for label in range(3):
        masks[label, np.flatnonzero(TRAIN[1] == label)[:5]] = True
    found = game(LogisticRegression(), groups=None)(masks)
    np.testing.assert_array_equal(found, [(TEST[1] == label).mean() for label in range(3)])


def test_a_single_class_has_probabilities_of_all():
    def cost(model, rows, labels):
        chances = model.predict_proba(rows)
        assert chances.shape == (len(rows), 3)
        return -np.log(chances[np.arange(len(rows)), labels] + 1e-9).mean()

    masks = np.zeros((3, 60), dtype=bool)
    for label in range(3):
        masks[label, np.flatnonzero(TRAIN[1] == label)[:5]] = True
    found = game(LogisticRegression(), groups=None, score=cost, empty_value=0.0)(masks)
    wrong = [(TEST[1] != label).mean() for label in range(3)]
    np.testing.assert_allclose(found, -np.log(1e-9) * np.array(wrong), rtol=1e-6)


def test_data_frames_keep_their_columns():
    """Pipelines choose columns of a frame by name and type."""
    pandas = pytest.importorskip("pandas")

    def frame(rows):
        kind = pandas.Categorical(np.where(rows[:, 0] > 1, "far", "near"), ["far", "near"])
        return pandas.DataFrame({"height": rows[:, 0], "width": rows[:, 1], "kind": kind})

    chosen = ColumnTransformer([("n", "passthrough", ["width", "height"]), ("k", OneHotEncoder(), ["kind"])])
    model = make_pipeline(chosen, LogisticRegression())
    train, test = frame(TRAIN[0]), frame(TEST[0])
    found = DataGame(model, train, TRAIN[1], test, TEST[1], groups=GROUPS)
    masks = all_masks(6)[[63, 21, 42, 7]]
    truth = [model.fit(train[mask[GROUPS]], TRAIN[1][mask[GROUPS]]).score(test, TEST[1]) for mask in masks]
    np.testing.assert_array_equal(found(masks), truth)
    others = [train, train.rename(columns={"kind": "sort"}), train.assign(width=train["width"] + 1e-9)]
    prints = {DataGame(model, one, TRAIN[1], test, TEST[1], groups=GROUPS).fingerprint for one in others}
    assert len(prints) == 3
    assert None not in prints


def test_sparse_data():
    def sparse(rows):
        return scipy.sparse.coo_array(rows)

    model = LogisticRegression()
    found = DataGame(model, sparse(TRAIN[0]), TRAIN[1], sparse(TEST[0]), TEST[1], groups=GROUPS)
    masks = all_masks(6)[1:20]
    np.testing.assert_allclose(found(masks), game(model)(masks), atol=1e-12)
    moved = DataGame(model, sparse(TRAIN[0][::-1]), TRAIN[1], sparse(TEST[0]), TEST[1], groups=GROUPS)
    assert found.fingerprint != moved.fingerprint
    assert repr(found) == "DataGame(LogisticRegression, 6 features, 60 rows)"


def test_functions_and_scores():
    def train(rows, labels):
        return NearestCentroid().fit(rows, labels) if len(set(labels)) > 1 else None

    def score(model, rows, labels):
        return -1.0 if model is None else float((model.predict(rows) == labels).sum())

    own = game(train, score=score, empty_value=0.0, fingerprint="centroid")
    masks = all_masks(6)
    np.testing.assert_allclose(own(masks[1:]), 60 * game()(masks[1:]))
    assert own(masks[:1])[0] == 0.0
    assert own.fingerprint
    assert game(train, score=score, empty_value=0.0).fingerprint is None


def test_regression_needs_a_value_without_data():
    with pytest.raises(InputError, match=r"^empty_value"):
        game(LinearRegression())
    assert game(LinearRegression(), empty_value=0.0)(all_masks(6))[0] == 0.0


def test_random_models_are_seeded():
    forest = game(RandomForestClassifier(n_estimators=3))
    masks = all_masks(6)[5:9]
    np.testing.assert_array_equal(forest(masks), forest(masks[::-1])[::-1])
    others = {game(RandomForestClassifier(n_estimators=3), seed=seed).fingerprint for seed in (0, 0, 1)}
    assert len(others) == 2


def test_wrong_labels_are_worth_least():
    labels = TRAIN[1].copy()
    labels[GROUPS == 2] = (labels[GROUPS == 2] + 1) % 3
    flipped = DataGame(NearestCentroid(), TRAIN[0], labels, *TEST, groups=GROUPS)
    assert np.argmin(explain(flipped, progress=False).single_values("SV").values) == 2


def test_fingerprints_and_pickle():
    changes = [{"groups": GROUPS[::-1]}, {"groups": None}, {"empty_value": 0.0}]
    found = {game(**change).fingerprint for change in ({}, {}, *changes)}
    assert len(found) == 4
    assert game(LogisticRegression()).fingerprint not in found
    assert game(LogisticRegression()).fingerprint != game(LogisticRegression(C=2.0)).fingerprint
    scored = {"score": lambda model, X, y: 0.0, "empty_value": 0.0}
    models = [LogisticRegression(), LogisticRegression(C=2.0), lambda X, y: None]
    assert game(LogisticRegression(), **scored).fingerprint is None
    assert len({game(model, **scored, fingerprint="zero").fingerprint for model in models}) == 3
    copy = pickle.loads(pickle.dumps(game()))
    np.testing.assert_array_equal(copy(all_masks(6)), game()(all_masks(6)))
    assert repr(copy) == "DataGame(NearestCentroid, 6 features, 60 rows)"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"groups": [0, 1]}, "groups"), ({"groups": GROUPS * 2}, "groups"),
        ({"feature_names": ["a"]}, "feature_names"),
    ],
)  # fmt: skip
def test_unusable_arguments(changes, name):
    with pytest.raises(InputError, match=rf"^{name}"):
        game(**changes)
    with pytest.raises(InputError, match=r"^model"):
        game(3)
    with pytest.raises(InputError, match=r"^X, y"):
        DataGame(NearestCentroid(), TRAIN[0], TRAIN[1][:3], *TEST)


def columns(rows, keep):
    return rows[:, keep]


def test_fingerprints_of_parameters_are_exact():
    def piped(keep, function=columns):
        return make_pipeline(FunctionTransformer(function, kw_args={"keep": keep}), LogisticRegression())

    wide = [np.zeros(3000, dtype=bool) for _ in range(2)]
    wide[0][1000], wide[1][2000] = True, True  # `repr` writes both alike
    assert game(piped(wide[0])).fingerprint is None  # the function may read anything
    assert len({game(piped(keep), fingerprint="columns").fingerprint for keep in wide}) == 2
    assert len({game(piped(keep), fingerprint=name).fingerprint for keep in wide for name in "ab"}) == 4
    scaled = [make_pipeline(FunctionTransformer(np.log1p), StandardScaler()), make_pipeline(StandardScaler())]
    assert None not in {
        game(model, score=np.mean, empty_value=0, fingerprint="a").fingerprint for model in scaled
    }
    named = make_pipeline(FunctionTransformer(np.abs, kw_args={"where": True}), LogisticRegression())
    assert game(named).fingerprint == game(named).fingerprint is not None


def test_fingerprints_of_objects_in_the_data_are_exact():
    def texts(last):
        rows = np.empty((len(TRAIN[0]), 1), dtype=object)
        rows[:, 0] = [np.zeros(3000) for _ in rows]
        rows[0, 0][1500] = last
        return DataGame(LogisticRegression(), rows, TRAIN[1], *TEST).fingerprint

    assert texts(0.0) == texts(0.0) != texts(1.0)


def test_sets_that_are_too_small_have_a_constant_prediction():
    # Five neighbours refuse four rows. The most frequent class of these is by hand.
    data, labels = np.arange(8.0)[:, None], np.array([0, 0, 0, 1, 1, 1, 1, 1])
    X_test, y_test = np.arange(10.0)[:, None], np.array([0, 0, 0, 1, 1, 1, 1, 1, 1, 1])
    refusing = DataGame(KNeighborsClassifier(5), data, labels, X_test, y_test)
    masks = np.zeros((4, 8), dtype=bool)
    masks[0, [0, 1, 3]] = masks[1, [0, 3, 4]] = masks[2, [0, 3]] = masks[3, :6] = True
    with pytest.warns(UserWarning, match="refuses some sets of rows"):
        values = refusing(masks)
    whole = KNeighborsClassifier(5).fit(data[:6], labels[:6]).score(X_test, y_test)
    np.testing.assert_allclose(values, [0.3, 0.7, 0.3, whole])
    numbers = DataGame(KNeighborsRegressor(5), data, 2.0 * labels, X_test, 2.0 * y_test, empty_value=0.0)
    expected = r2_score(2.0 * y_test, np.full(10, 2 / 3))
    with pytest.warns(UserWarning, match="the mean of y"):
        np.testing.assert_allclose(numbers(masks[:1]), expected)


def test_an_explanation_of_a_model_that_refuses_few_rows_loses_no_call():
    data, labels = np.random.default_rng(0).normal(size=(12, 2)), np.arange(12) % 2
    refusing = DataGame(KNeighborsClassifier(5), data, labels, data, labels)
    with pytest.warns(UserWarning, match="refuses some sets of rows"):
        assert explain(refusing, budget=200, index="SV", progress=False).n_calls == 200


def test_a_model_that_refuses_all_rows_is_an_error():
    data, labels = np.arange(4.0)[:, None], np.array([0, 1, 0, 1])
    refusing = DataGame(KNeighborsClassifier(5), data, labels, data, labels)
    with pytest.raises(ValueError, match="n_neighbors"):
        refusing(np.array([[True, True, True, False]]))


@pytest.mark.parametrize("kind", [np.array, pd.DataFrame, scipy.sparse.csr_matrix])
def test_an_edit_of_the_data_changes_no_value(kind):
    # The fingerprint is that of the data when the game was made.
    data, labels = kind(np.arange(12.0).reshape(6, 2)), np.array([0, 0, 0, 1, 1, 1])
    X_test, y_test = kind(np.arange(12.0).reshape(6, 2)), labels.copy()
    refusing = DataGame(KNeighborsClassifier(1), data, labels, X_test, y_test)
    masks = np.array([[True, True, False, True, True, False]])
    before = refusing(masks)
    data *= -1.0
    X_test *= 0.0
    labels[:], y_test[:] = 0, 1
    np.testing.assert_array_equal(refusing(masks), before)
