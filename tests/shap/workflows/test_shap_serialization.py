"""Saved, pickled and sent to other processes, an explainer keeps every setting and gives the same results."""

from __future__ import annotations

import inspect
import io
import pickle
import threading

import joblib
import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError, Queries
from spex_plugins.estimators import Spex
from spex_plugins.shap import SpexExplainer

SETTINGS = {
    "output_names": ["first", "second"],
    "feature_names": list("abcdef"),
    "linearize_link": False,
    "seed": 7,
    "max_order": 2,
    "index": "BV",
    "max_evals": 50,
    "batch_size": 8,
    "queries": Queries(retries=2, price=3.0),
    "main_effects": True,
    "error_bounds": True,
    "outputs": [1, 0],
    "interactions": False,
    "silent": True,
}


def model(x):
    first = x[:, 0] * x[:, 1] + np.sin(x[:, 2]) * x[:, 3] * x[:, 4] + x[:, 5]
    return 1 / (1 + np.exp(-np.stack([first, x[:, 1] * x[:, 2]], axis=1)))


class Own(Spex):
    """A user's estimator, with a setting of its own."""

    def __init__(self, weight):
        self.weight = weight


def by_save(explainer, path):
    with path.open("wb") as file:
        explainer.save(file)
    with path.open("rb") as file:
        loaded = SpexExplainer.load(file)
        assert file.read() == b""
    return loaded


def by_the_base_class(explainer, path):
    with path.open("wb") as file:
        explainer.save(file)
    with path.open("rb") as file:
        return shap.Explainer.load(file)


def without_the_model(explainer, path):
    with path.open("wb") as file:
        explainer.save(file, model_saver=False)
    with path.open("rb") as file, pytest.raises(InputError, match="model: NoneType cannot be called"):
        SpexExplainer.load(file)
    with path.open("rb") as file:
        return SpexExplainer.load(file, model_loader=lambda _: model)


def by_own_functions(explainer, path):
    def save_masker(masker, file):
        np.save(file, masker.data)

    with path.open("wb") as file:
        explainer.save(file, model_saver=".save", masker_saver=save_masker)
    with path.open("rb") as file:
        return SpexExplainer.load(file, masker_loader=lambda f: shap.maskers.Independent(np.load(f)))


def by_pickle(explainer, path):
    return pickle.loads(pickle.dumps(explainer))


def by_joblib(explainer, path):
    joblib.dump(explainer, path)
    return joblib.load(path)


WAYS = [by_save, by_the_base_class, without_the_model, by_own_functions, by_pickle, by_joblib]


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("link", [shap.links.identity, shap.links.logit])
def test_every_setting_and_equal_results(way, link, table, background, tmp_path):
    explainer = SpexExplainer(model, background, link, estimator=Own(3), **SETTINGS)
    loaded = way(explainer, tmp_path / "explainer")
    assert type(loaded) is SpexExplainer
    assert {name: getattr(loaded, name) for name in SETTINGS} == SETTINGS
    assert type(loaded.estimator) is Own
    assert loaded.estimator.weight == 3
    rows = table[20:22]
    before, after = explainer(rows, silent=True), loaded(rows, silent=True)
    assert_allclose(after.values, before.values, atol=0)
    assert after.feature_names == list("abcdef")
    assert after.output_names == ["second", "first"]
    assert_allclose(after.main_effects, before.main_effects, atol=0)
    assert_allclose(after.error_std, before.error_std, atol=0)
    assert [row.n_calls for row in after.interactions] == [50, 50]
    one, other = before[0].interactions.spectrum.as_dict(), after[0].interactions.spectrum.as_dict()
    assert list(one) == list(other)
    assert_allclose(list(other.values()), list(one.values()), atol=0)


def test_settings_are_all_there_are():
    arguments = set(inspect.signature(SpexExplainer).parameters)
    others = {"model", "masker", "link", "algorithm", "estimator", "features", "prior", "keywords"}
    assert arguments - set(SETTINGS) == others


def test_arguments_in_the_order_of_the_base_class():
    """`shap.Explainer.load` gives keyword arguments only to what it finds among the positional ones."""
    base = list(inspect.signature(shap.Explainer).parameters)[:-1]
    assert list(inspect.signature(SpexExplainer).parameters)[: len(base)] == base


def test_two_explainers_in_a_file(table, background, tmp_path):
    path = tmp_path / "both"
    with path.open("wb") as file:
        for seed in (1, 2):
            SpexExplainer(model, background, seed=seed).save(file)
    with path.open("rb") as file:
        assert [SpexExplainer.load(file).seed for _ in range(2)] == [1, 2]


def test_text(sentiment, words, tmp_path):
    explainer = SpexExplainer(sentiment.decision_function, words, max_evals=12)
    loaded = by_save(explainer, tmp_path / "text")
    text = ["never fails to charm"]
    assert_allclose(loaded(text, silent=True).values, explainer(text, silent=True).values, atol=0)


def by_name(frame):
    return np.asarray(frame["a"] * frame["b"])


def test_data_frame(table, tmp_path):
    frame = pd.DataFrame(table, columns=list("abcdef"))
    loaded = by_save(SpexExplainer(by_name, frame.iloc[:12]), tmp_path / "frame")
    explanation = loaded(frame.iloc[20:22], silent=True)
    assert_allclose(
        explanation.base_values + explanation.values.sum(1), by_name(frame.iloc[20:22]), atol=1e-8
    )
    assert explanation.feature_names == list("abcdef")


@pytest.mark.slow
def test_two_processes(table, background):
    explainer = SpexExplainer(model, background, **SETTINGS)
    rows = table[20:24]
    with joblib.parallel_config(backend="loky", n_jobs=2):
        tasks = (joblib.delayed(explainer)(rows[i : i + 2], silent=True) for i in (0, 2))
        parts = joblib.Parallel()(tasks)
    here = explainer(rows, silent=True)
    assert_allclose(np.concatenate([part.values for part in parts]), here.values, atol=1e-15)
    for i, part in enumerate(parts):
        for j, found in enumerate(part.interactions):
            assert_allclose(found.full_value, here[2 * i + j].interactions.full_value, atol=0)


class AnyArguments(SpexExplainer):
    """A subclass that passes on what it gets, and has an attribute of its own."""

    def __init__(self, *args, note="", **kwargs):
        super().__init__(*args, **kwargs)
        self.note = note
        self.calls = 0


class OtherArguments(SpexExplainer):
    """A subclass that is made of something else."""

    def __init__(self, rows):
        super().__init__(model, rows, seed=5, max_evals=40)


@pytest.mark.parametrize("loader", [shap.Explainer, SpexExplainer, None])
@pytest.mark.parametrize("features", [None, "word"])
def test_subclasses_with_any_arguments(loader, features, table, background, words, sentiment, tmp_path):
    explainers = [OtherArguments(background)]
    if features is None:
        explainers.append(AnyArguments(model, background, note="mine", max_evals=40, seed=3))
    else:
        explainers.append(AnyArguments(sentiment.decision_function, words, features=features, note="mine"))
    for explainer in explainers:
        rows = ["never fails to charm"] if explainer.features else table[20:21]
        with (tmp_path / "file").open("wb") as file:
            explainer.save(file)
        with (tmp_path / "file").open("rb") as file:
            loaded = (loader or type(explainer)).load(file)
        assert type(loaded) is type(explainer)
        assert loaded.seed == explainer.seed
        assert getattr(loaded, "note", "mine") == "mine"
        assert_allclose(loaded(rows, silent=True).values, explainer(rows, silent=True).values, atol=0)


def test_another_explainer_in_a_file(table, background, tmp_path):
    with (tmp_path / "file").open("wb") as file:
        SpexExplainer(model, background).save(file)
    with (tmp_path / "file").open("rb") as file, pytest.raises(InputError, match="no OtherArguments"):
        OtherArguments.load(file)


def test_what_cannot_be_saved_leaves_the_file_as_it_was(background, tmp_path):
    path = tmp_path / "explainer"
    SpexExplainer(model, background, seed=7).save(path)
    before = path.read_bytes()
    unsaved = SpexExplainer(model, background)
    unsaved.note = threading.Lock()  # written after all that SHAP itself writes
    with pytest.raises(TypeError, match="cannot pickle"):
        unsaved.save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
    assert SpexExplainer.load(path).seed == 7
    stream = io.BytesIO(b"")
    with pytest.raises(TypeError, match="cannot pickle"):
        unsaved.save(stream)
    assert stream.getvalue() == b""
