"""What notebooks, dashboards and other libraries ask of an explainer besides calling it."""

from __future__ import annotations

import inspect
import io
import pydoc

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.estimators import Spex
from spex_plugins.shap import SpexExplainer

NAMES = list("abcdef")


class Counted:
    """A function of rows that counts its calls and the rows of each."""

    def __init__(self, function):
        self.function, self.rows = function, []

    def __call__(self, x):
        self.rows.append(len(x))
        return self.function(x)


def one_output(x):
    return x[:, 0] * x[:, 1] - x[:, 2] * x[:, 3] + x[:, 5]


def probabilities(x):
    p = 1 / (1 + np.exp(-one_output(x)))
    return np.stack([1 - p, p], axis=1)


def by_name(frame):
    return np.asarray(frame["a"] * frame["b"] + frame["d"])


def lengths(texts):
    return np.array([float(len(text)) for text in texts])


@pytest.mark.parametrize(("model", "shape"), [(one_output, (3, 6)), (probabilities, (3, 6, 2))])
def test_values_alone(model, shape, background, table):
    explainer = SpexExplainer(model, background)
    values = explainer.shap_values(table[20:23], silent=True)
    assert values.shape == shape
    assert_allclose(values, explainer(table[20:23], silent=True).values, atol=0)
    assert_allclose(explainer.shap_values(table[21]), values[1], atol=1e-12)
    assert_allclose(explainer.expected_value + values.sum(axis=1), model(table[20:23]), atol=1e-8)
    pairs = explainer.shap_interaction_values(table[20:23], silent=True)
    assert_allclose(pairs.sum(axis=2), values, atol=1e-8)
    assert_allclose(pairs, explainer(table[20:23], interactions=True, silent=True).values, atol=0)


def test_values_of_a_row_of_a_frame(table):
    frame = pd.DataFrame(table, columns=NAMES)
    explainer = SpexExplainer(by_name, frame[:12])
    values = explainer.shap_values(frame[20:22])
    assert_allclose(explainer.shap_values(frame.iloc[21]), values[1], atol=1e-12)
    assert_allclose(explainer.expected_value, by_name(frame[:12]).mean())


@pytest.mark.slow
def test_values_of_texts_and_of_several_inputs(words):
    values = SpexExplainer(lengths, words).shap_values(["not bad", "a good film"], silent=True)
    assert [len(one) for one in values] == [2, 3]


@pytest.mark.parametrize("link", [shap.links.identity, shap.links.logit])
@pytest.mark.parametrize("linearize_link", [True, False])
def test_expected_value_is_the_base_value(link, linearize_link, background, table):
    model = Counted(probabilities)
    explainer = SpexExplainer(model, background, link, linearize_link=linearize_link)
    before = explainer.expected_value
    assert model.rows == [12]
    assert_allclose(explainer(table[20:22], silent=True).base_values[1], before, atol=1e-12)
    assert_allclose(before, link(probabilities(table[:12]).mean(axis=0)), atol=1e-12)
    asked = len(model.rows)
    assert_allclose(explainer.expected_value, before, atol=0)
    assert len(model.rows) == asked


def test_expected_value_after_a_call_costs_nothing(background, table):
    model = Counted(one_output)
    explainer = SpexExplainer(model, background)
    explanation = explainer(table[20:22], silent=True)
    asked = len(model.rows)
    assert explainer.expected_value == explanation.base_values[0]
    assert len(model.rows) == asked


def test_expected_value_of_chosen_outputs(background, table):
    explainer = SpexExplainer(probabilities, background, outputs=[1])
    assert_allclose(explainer.expected_value, explainer(table[20:21], silent=True).base_values[0], atol=1e-12)
    explainer(table[20:21], outputs=[0], silent=True)
    assert_allclose(explainer.expected_value, probabilities(table[:12]).mean(axis=0)[[1]], atol=1e-12)
    explainer.expected_value = 0.25
    assert explainer.expected_value == 0.25


def test_expected_value_with_missing_cells():
    background = np.array([[np.nan, 1.0], [2.0, 3.0]])
    assert SpexExplainer(lambda x: np.nansum(x, axis=1), background).expected_value == 3.0


def test_texts_have_no_expected_value(words):
    explainer = SpexExplainer(lengths, words)
    assert not hasattr(explainer, "expected_value")
    with pytest.raises(AttributeError, match=r"explanation\.base_values"):
        _ = explainer.expected_value


def test_defaults_of_a_call(background, table, capsys):
    settings = {"main_effects": True, "error_bounds": True, "outputs": [1], "silent": True, "max_evals": 40}
    explanation = SpexExplainer(probabilities, background, **settings)(table[20:22])
    assert explanation.shape == (2, 6, 1)
    assert explanation.main_effects.shape == explanation.error_std.shape == (2, 6, 1)
    assert explanation[0].interactions.n_calls == 40
    assert capsys.readouterr().err == ""
    other = SpexExplainer(probabilities, background, **settings)(
        table[20:22], main_effects=False, error_bounds=False, outputs=[0, 1], silent=True
    )
    assert other.main_effects is other.error_std is None
    assert other.shape == (2, 6, 2)
    assert SpexExplainer(one_output, background, interactions=True)(table[20:22]).shape == (2, 6, 6)


@pytest.mark.parametrize(
    "keywords",
    [
        {"check_additivity": False},
        {"approximate": False, "check_additivity": True},
        {"fixed_context": 1},
        {"l1_reg": "aic", "gc_collect": True},
        {"y": None, "tree_limit": None},
    ],
)
def test_keywords_of_other_explainers(keywords, background, table):
    explainer = SpexExplainer(one_output, background)
    truth = explainer(table[20:21], silent=True).values
    assert_allclose(explainer(table[20:21], silent=True, **keywords).values, truth, atol=0)
    assert_allclose(explainer.shap_values(table[20:21], **keywords), truth, atol=0)
    assert_allclose(SpexExplainer(one_output, background, **keywords)(table[20:21]).values, truth, atol=0)


@pytest.mark.slow
def test_budgets_of_other_explainers(background, table, words):
    explainer = SpexExplainer(one_output, background)
    assert explainer(table[20:21], nsamples=30).interactions[0].n_calls == 30
    assert explainer(table[20:21], nsamples="auto").interactions[0].n_calls == 64
    assert explainer(table[20:21], npermutations=2).interactions[0].n_calls == 26
    assert SpexExplainer(one_output, background, nsamples=30)(table[20:21]).interactions[0].n_calls == 30
    with pytest.raises(InputError, match=r"npermutations: .* max_evals"):
        SpexExplainer(lengths, words)(["not bad"], npermutations=2)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"max_eval": 10}, "max_eval: unknown keyword; did you mean max_evals"),
        ({"slient": True}, "slient: .* silent"),
        ({"group": "word"}, r"group: .* did you mean SpexExplainer\(..., features=...\)"),
        ({"budget": 90}, "budget: .* did you mean max_evals"),
        ({"tree_limit": 5}, "tree_limit: .* keywords are max_evals"),
    ],
)
def test_unknown_keywords(keywords, message, background, table):
    model = Counted(one_output)
    with pytest.raises(InputError, match=message):
        SpexExplainer(model, background)(table[20:21], **keywords)
    with pytest.raises(InputError, match=message):
        SpexExplainer(model, background, **keywords)
    assert not model.rows


@pytest.mark.parametrize("kind", [list, tuple, np.array, pd.Index])
def test_names_of_features_by_position(kind, background, table):
    """As in `shap.PermutationExplainer`; `shap.Explainer` has the algorithm there."""
    explainer = SpexExplainer(one_output, background, shap.links.identity, kind(NAMES))
    assert explainer(table[20:21]).feature_names == NAMES
    explainer = SpexExplainer(one_output, background, shap.links.identity, "auto", None, NAMES)
    assert explainer(table[20:21]).feature_names == NAMES


@pytest.mark.parametrize(
    ("positions", "message"),
    [
        (["permutation"], "algorithm: .*'permutation'"),
        ([True], "algorithm: .*linearize_link"),
        ([NAMES, False], "output_names: .*False"),
        ([NAMES, None, NAMES], "feature_names: given twice"),
    ],
)
def test_unusable_positions(positions, message, background):
    with pytest.raises(InputError, match=message):
        SpexExplainer(one_output, background, shap.links.identity, *positions)


@pytest.mark.parametrize("names", ["price", ["price"], np.array(["price"])])
def test_the_name_of_a_single_output(names, background, table):
    explainer = SpexExplainer(one_output, background, output_names=names)
    explanation = explainer(table[20:22], silent=True)
    assert explanation.output_names == explanation[0].output_names == "price"
    assert type(explanation.output_names) is str
    assert explanation.shape == (2, 6)
    assert explanation[:, "Feature 1"].base_values.shape == (2,)
    assert explainer(table[20:22], interactions=True, silent=True).output_names == "price"


class Named:
    """A model that names its outputs."""

    def __init__(self, function, output_names):
        self.function, self.output_names = function, output_names

    def __call__(self, *inputs):
        return self.function(*inputs)


def two(texts):
    return np.array([[len(str(text)), str(text).count("e")] for text in texts], dtype=float)


def test_names_that_a_model_gives_each_row():
    model = Named(two, lambda text: [f"length {len(text)}", "number of e"])
    texts = ["he sees me", "she is here"]
    explanation = SpexExplainer(model, shap.maskers.Text(r"\W+"))(texts, silent=True)
    host = shap.PartitionExplainer(model, shap.maskers.Text(r"\W+"))(texts, silent=True)
    assert np.array_equal(explanation.output_names, host.output_names)
    assert list(explanation[0].output_names) == ["length 10", "number of e"]
    same = Named(two, lambda text: ["length", "number of e"])
    found = SpexExplainer(same, shap.maskers.Text(r"\W+"))(texts, silent=True)
    assert list(found.output_names) == ["length", "number of e"]
    (last,) = SpexExplainer(model, shap.maskers.Text(r"\W+"))(
        texts[:1], outputs=[1], silent=True
    ).output_names
    assert last == "number of e"


@pytest.mark.parametrize("names", [["price"], np.array(["price"]), "price", lambda row: ["price"]])
def test_the_name_that_a_model_gives_its_single_output(names, background, table):
    explanation = SpexExplainer(Named(one_output, names), background)(table[20:22], silent=True)
    assert explanation.output_names == explanation[0].output_names == "price"
    assert type(explanation.output_names) is str
    mine = SpexExplainer(Named(one_output, names), background, output_names=["mine"])
    assert mine(table[20:22], silent=True).output_names == "mine"


@pytest.mark.parametrize("names", [["no", "yes"], lambda row: [f"{row[0]}"], None])
def test_a_single_output_without_one_name(names, background, table):
    assert SpexExplainer(Named(one_output, names), background)(table[20:22], silent=True).output_names is None


@pytest.mark.parametrize("names", [["no"], "ab", lambda row: ["no"]])
def test_fewer_names_than_a_model_has_outputs(names, background, table):
    explainer = SpexExplainer(Named(probabilities, names), background)
    with pytest.raises(InputError, match=r"^model.output_names: expected a list of 2 names"):
        explainer(table[20:22], silent=True)


def test_names_of_outputs_are_plain(background, table):
    explainer = SpexExplainer(probabilities, background, output_names=np.array(["no", "yes"]))
    explanation = explainer(table[20:22], silent=True)
    assert repr(explanation.output_names) == "['no', 'yes']"
    assert type(explanation[..., 1].output_names) is str


@pytest.mark.parametrize("outputs", [[0], 0, [-1], shap.Explanation.argsort.flip[:1]])
def test_the_only_output(outputs, background, table):
    explainer = SpexExplainer(one_output, background)
    explanation = explainer(table[20:22], outputs=outputs, silent=True)
    assert_allclose(explanation.values, explainer(table[20:22], silent=True).values, atol=0)


def test_in_the_place_of_shaps_own(monkeypatch, background, table):
    """Libraries that make a `shap.Explainer` get one of ours when the name is replaced."""
    monkeypatch.setattr(shap, "Explainer", SpexExplainer)
    explainer = shap.Explainer(one_output, background, seed=3)
    values = explainer(table[20:21]).values
    file = io.BytesIO()
    explainer.save(file)
    file.seek(0)
    assert_allclose(shap.Explainer.load(file)(table[20:21]).values, values, atol=0)


def test_clustering_of_texts(words):
    text = ["a charming story that never fails"]
    explanation = SpexExplainer(lengths, words)(text, silent=True)
    assert_allclose(explanation[0].abs.clustering, words.clustering(text[0]), atol=0)
    assert explanation.hierarchical_values is None
    several = SpexExplainer(lengths, words)(["not", "a good film", "bad film"], silent=True)
    assert [len(tree) for tree in several.clustering] == [0, 2, 1]


class Model:
    def predict(self, x):
        return one_output(x)


def test_what_it_says_of_itself(background, words):
    first, second = repr(
        SpexExplainer(Model().predict, background, estimator="spex", max_evals=90)
    ).splitlines()
    assert first == (
        "SpexExplainer(Model.predict, TableMasker(12 × 6), estimator='spex', index='SV', max_evals=90)"
    )
    assert second == f"  fits {Spex.about}"
    assert str(SpexExplainer(lengths, words, features="word")).startswith(
        "SpexExplainer(lengths, GroupedText("
    )


def test_help_is_our_own():
    for name, member in inspect.getmembers(SpexExplainer):
        if name in vars(shap.Explainer) and callable(member) and inspect.getdoc(member):
            assert inspect.getdoc(member) != inspect.getdoc(getattr(shap.Explainer, name)), name
    text = pydoc.plain(pydoc.render_doc(SpexExplainer))
    assert "max_evals" in text
    assert "Build a new explainer" not in text


def test_which_models_it_takes(background):
    assert SpexExplainer.supports_model_with_masker(one_output, background)
    assert not SpexExplainer.supports_model_with_masker(None, background)
    assert not SpexExplainer.supports_model_with_masker(one_output, None)
