"""`SpexExplainer` against SHAP's exact explainer, and the edges of SHAP's contract."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

import spex_plugins
from spex_plugins import InputError, ValueFunctionError
from spex_plugins.shap import SpexExplainer, SpexExplanation


def third_order(x):
    return x[:, 0] * x[:, 1] + np.sin(x[:, 2]) * x[:, 3] * x[:, 4] + 0.5 * x[:, 5] - 1.0


def three_outputs(x):
    return np.stack([third_order(x), x[:, 0] ** 2, x[:, 1] * x[:, 2]], axis=1)


def probability(x):
    return 1 / (1 + np.exp(-third_order(x)))


def additivity(explanation, full, atol=1e-8):
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), full, atol=atol)


@pytest.mark.parametrize("function", [third_order, three_outputs])
def test_equals_exact_shapley_values_on_tables(function, table, background):
    rows = table[20:23]
    explanation = SpexExplainer(function, background)(rows, silent=True)
    exact = shap.ExactExplainer(function, background)(rows, silent=True)
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    assert_allclose(explanation.base_values, exact.base_values, atol=1e-8)
    assert explanation.base_values.shape == exact.base_values.shape
    assert np.abs(exact.values).max() > 0.1


def test_equals_exact_shapley_values_on_text(sentiment, words):
    texts = ["this film never fails to charm", "not bad"]
    explanation = SpexExplainer(sentiment.decision_function, words)(texts, silent=True)
    words.clustering = None  # else the exact explainer computes Owen values
    exact = shap.ExactExplainer(sentiment.decision_function, words)(texts, silent=True)
    for i, text in enumerate(texts):
        assert_allclose(explanation[i].values, exact[i].values, atol=1e-8)
        assert explanation[i].interactions.feature_names == tuple(text.split())
    assert [row.n for row in explanation.interactions] == [6, 2]


def test_partition_masker_gives_plain_shapley_values_and_its_clustering(table):
    masker = shap.maskers.Partition(table[:12])
    explanation = SpexExplainer(third_order, masker)(table[20:22], silent=True)
    plain = shap.ExactExplainer(third_order, shap.maskers.Independent(table[:12]))(table[20:22], silent=True)
    assert_allclose(explanation.values, plain.values, atol=1e-8)
    assert_allclose(explanation[0].clustering, masker.clustering)


@pytest.mark.parametrize("index", ["SV", "SII", "k-SII", "STII", "FSII"])
def test_additive_at_partial_budgets(index, table, background):
    rows = table[20:22]
    explainer = SpexExplainer(three_outputs, background, index=index)
    explanation = explainer(rows, max_evals=30, silent=True)
    additivity(explanation, three_outputs(rows))
    assert_allclose(explanation.base_values[0], three_outputs(table[:12]).mean(axis=0), atol=1e-12)


def test_the_remainder_goes_to_varying_features_only(table):
    rows = np.array([[1.0, 2.0, 0.0, 3.0, 0.0, 1.0]])
    masker = shap.maskers.Independent(np.zeros((1, 6)))
    explanation = SpexExplainer(third_order, masker, max_order=1)(rows, silent=True)
    assert_allclose(explanation.values[0, [2, 4]], 0, atol=0)
    additivity(explanation, third_order(rows))


def test_banzhaf_values_are_not_normalised(table, background):
    values = SpexExplainer(third_order, background, index="BV")(table[20:21], silent=True).values[0]
    found = SpexExplainer(third_order, background)(table[20:21], silent=True)[0].interactions
    assert_allclose(values, found.index("BV").first_order(), atol=1e-12)
    masks = (np.arange(64)[:, None] >> np.arange(6)) & 1 == 1
    answers = found.predict(masks)
    swings = [answers[masks[:, i]].mean() - answers[~masks[:, i]].mean() for i in range(6)]
    assert_allclose(values, swings, atol=1e-8)


@pytest.mark.slow
def test_never_asks_for_more_masks_than_max_evals(sentiment, words):
    asked = []

    def counting(texts):
        asked.extend(texts)
        return sentiment.decision_function(texts)

    text = "the cast is charming and the plot never drags at all"
    explainer = SpexExplainer(counting, words, max_evals=100)
    found = explainer([text], silent=True)[0].interactions
    assert len(asked) == found.n_calls == 100
    asked.clear()
    assert explainer([text], max_evals=60, silent=True)[0].interactions.n_calls == len(asked) == 60
    asked.clear()
    SpexExplainer(counting, words)(["not bad at all"], silent=True)
    assert len(asked) == 2**4
    asked.clear()
    SpexExplainer(counting, words)([text], silent=True)
    assert len(asked) == 2**11
    asked.clear()
    SpexExplainer(counting, words)([f"{text} anyway or so"], silent=True)
    assert len(asked) == 500


def test_batch_size_is_masks_per_model_call(sentiment, words):
    sizes = []

    def counting(texts):
        sizes.append(len(texts))
        return sentiment.decision_function(texts)

    SpexExplainer(counting, words)(["this film never fails to charm"], batch_size=10, silent=True)
    assert max(sizes) == 10


def test_one_column_is_one_output(table, background):
    explanation = SpexExplainer(lambda x: third_order(x)[:, None], background)(table[20:22], silent=True)
    assert explanation.base_values.shape == (2,)
    assert explanation.values.shape == (2, 6)
    assert_allclose(
        explanation.values, SpexExplainer(third_order, background)(table[20:22], silent=True).values
    )


@pytest.mark.slow
@pytest.mark.parametrize("linearize", [True, False])
def test_logit_link_on_tables(linearize, table, background):
    rows, link = table[20:22], shap.links.logit
    settings = {"link": link, "linearize_link": linearize}
    explanation = SpexExplainer(probability, background, **settings)(rows, silent=True)
    exact = shap.ExactExplainer(probability, background, **settings)(rows, silent=True)
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    additivity(explanation, third_order(rows))
    assert_allclose(explanation.base_values[0], link(probability(table[:12]).mean()), atol=1e-8)


@pytest.mark.parametrize("linearize", [True, False])
def test_an_infinite_link_tells_what_helps(linearize, table, background):
    explainer = SpexExplainer(
        lambda x: np.zeros(len(x)), background, link=shap.links.logit, linearize_link=linearize
    )
    with pytest.raises(ValueFunctionError, match=r"logit of 0.0 is -inf; pass .*clips") as caught:
        explainer(table[20:21], silent=True)
    assert ("linearize_link=False" in str(caught.value)) == linearize


def test_logit_link_on_text(sentiment, words):
    def positive(texts):
        return sentiment.predict_proba(texts)[:, 1]

    text = ["not bad at all"]
    explanation = SpexExplainer(positive, words, link=shap.links.logit)(text, silent=True)
    log_odds = SpexExplainer(sentiment.decision_function, words)(text, silent=True)
    assert_allclose(explanation.values, log_odds.values, atol=1e-8)


def test_logit_link_on_maskers_that_take_no_flips(table, background):
    class Plain(shap.maskers.Masker):
        shape = background.shape

        def __call__(self, mask, x):
            return (np.where(mask, x, background.data),)

    rows = table[20:22]
    plain = SpexExplainer(probability, Plain(), link=shap.links.logit)(rows, silent=True)
    by_flips = SpexExplainer(probability, background, link=shap.links.logit)(rows, silent=True)
    assert_allclose(plain.values, by_flips.values, atol=1e-8)


def test_missing_values_in_a_row(table, background):
    def imputed(x):
        return third_order(np.where(np.isnan(x), 0.25, x))

    row, filled = table[20:21].copy(), table[20:21].copy()
    row[0, 2], filled[0, 2] = np.nan, 0.25
    explanation = SpexExplainer(imputed, background)(row, silent=True)
    assert_allclose(
        explanation.values, SpexExplainer(third_order, background)(filled, silent=True).values, atol=1e-12
    )
    assert_allclose(explanation.base_values, third_order(table[:12]).mean(), atol=1e-12)


def test_data_frames_reach_the_model_and_name_the_features(table):
    frame = pd.DataFrame(table, columns=list("abcdef"))

    def by_name(x):
        return np.asarray(x["a"] * x["b"] + x["f"])

    explanation = SpexExplainer(by_name, frame.iloc[:12])(frame.iloc[20:22], silent=True)
    assert explanation.feature_names == list("abcdef")
    assert explanation[1].interactions.top(1).names == ["a × b"]
    additivity(explanation, by_name(frame.iloc[20:22]))


def test_few_or_no_varying_features():
    masker = shap.maskers.Independent(np.zeros((3, 4)))
    rows = np.array([[0.0, 0, 0, 0], [0, 0, 2, 0]])
    for function in (lambda x: x.sum(axis=1) + 1, lambda x: np.stack([x.sum(axis=1) + 1, x[:, 2]], axis=1)):
        explanation = SpexExplainer(function, masker)(rows, silent=True)
        additivity(explanation, function(rows), atol=0)
        assert not explanation.values[0].any()
        assert_allclose(explanation[0].interactions.predict(np.ones((1, 4))), function(rows)[:1])
        assert explanation[0].interactions.n_calls == 1
        assert explanation[1].interactions.n_calls == 2
        assert explanation[1].interactions.index("SV").terms == [(2,)]


def test_main_effects_of_every_row(table, background):
    rows = table[20:23]
    explanation = SpexExplainer(third_order, background)(rows, main_effects=True, silent=True)
    for effects, row in zip(explanation.main_effects, rows, strict=True):
        alone = table[:12][None].repeat(6, axis=0)
        alone[np.arange(6), :, np.arange(6)] = row[:, None]
        expected = [third_order(x).mean() - third_order(table[:12]).mean() for x in alone]
        assert_allclose(effects, expected, atol=1e-8)
    assert SpexExplainer(third_order, background)(rows, silent=True).main_effects is None


def test_chosen_outputs(table, background):
    rows = table[24:32]
    every = SpexExplainer(three_outputs, background)(rows, silent=True)
    explainer = SpexExplainer(three_outputs, background, output_names=["a", "b", "c"])
    some = explainer(rows, outputs=[2, 0], silent=True)
    assert_allclose(some.values, every.values[..., [2, 0]], atol=1e-12)
    assert list(some.output_names) == ["c", "a"]
    assert list(explainer(rows, outputs=[-1, 0], silent=True).output_names) == ["c", "a"]
    assert explainer(rows, outputs=[1], silent=True).values.shape == (8, 6, 1)
    unnamed = SpexExplainer(three_outputs, background)(rows, outputs=[2, -3], silent=True)
    assert list(unnamed.output_names) == ["Output 2", "Output 0"]
    largest = SpexExplainer(three_outputs, background)(
        rows, outputs=shap.Explanation.argsort.flip[:1], silent=True
    )
    best = three_outputs(rows).argmax(axis=1)
    assert len(set(best)) > 1
    assert_allclose(largest.base_values[:, 0] + largest.values[..., 0].sum(1), three_outputs(rows).max(1))
    assert [names[0] for names in largest.output_names] == [f"Output {k}" for k in best]


def test_a_failing_model_loses_no_answers(table):
    def sometimes_nan(x):
        return np.where((x[:, 1] == 0) & (x[:, 2] != 0) & (x[:, 3] != 0), np.nan, third_order(x))

    masker = shap.maskers.Independent(np.zeros((1, 6)))
    with pytest.raises(ValueFunctionError, match="NaN") as caught:
        SpexExplainer(sometimes_nan, masker)(table[20:21], silent=True)
    error = caught.value
    assert len(error.masks) == len(error.values) > 10
    assert error.failed_masks[:, [1, 2, 3]].tolist() == [[False, True, True]] * len(error.failed_masks)
    assert_allclose(sometimes_nan(table[20:21] * error.masks), error.values)
    assert spex_plugins.fit(error.masks, error.values).n_calls == len(error.masks)


def test_a_model_that_fails_at_once_says_so(table, background):
    def broken(x):
        raise RuntimeError("out of memory")

    with pytest.raises(ValueFunctionError, match="out of memory"):
        SpexExplainer(broken, background)(table[20:21], silent=True)


@pytest.mark.slow
def test_same_seed_same_values(table, background):
    def values(seed):
        explainer = SpexExplainer(third_order, background, seed=seed)
        return explainer(table[20:22], max_evals=40, silent=True).interactions

    first, second = values(3), values(3)
    assert [a.spectrum.as_dict() for a in first] == [b.spectrum.as_dict() for b in second]


def test_settings_survive_pickle(table, background):
    settings = {
        "seed": 7,
        "max_order": 2,
        "index": "BV",
        "max_evals": 50,
        "batch_size": 8,
        "feature_names": list("abcdef"),
        "linearize_link": False,
        "estimator": "spex",
    }
    explainer = SpexExplainer(third_order, background, **settings)
    again = pickle.loads(pickle.dumps(explainer))
    assert {name: getattr(again, name) for name in settings} == settings
    rows = table[20:22]
    assert_allclose(again(rows, silent=True).values, explainer(rows, silent=True).values, atol=0)
    assert again(rows, silent=True).feature_names == list("abcdef")


def test_several_model_inputs():
    class Pair(shap.maskers.Masker):
        shape = (1, 4)

        def __call__(self, mask, first, second):
            return (first * mask[:2])[None], (second * mask[2:])[None]

        def mask_shapes(self, first, second):
            return [first.shape, second.shape]

    def model(first, second):
        return first[:, 0] * second[:, 1] + second[:, 0]

    first, second = np.array([[2.0, 3.0]]), np.array([[5.0, 7.0]])
    one, two = SpexExplainer(model, Pair())(first, second, silent=True)
    assert_allclose(one.values, [[7.0, 0.0]], atol=1e-12)
    assert_allclose(two.values, [[5.0, 7.0]], atol=1e-12)
    assert isinstance(two, SpexExplanation)
    assert two[0].interactions.index("Moebius").as_dict() == {(0, 3): 14.0, (2,): 5.0}


@pytest.mark.parametrize(
    ("settings", "call", "message"),
    [
        ({"index": "FOO"}, {}, "index: 'FOO'"),
        ({"output_names": ["a", "b"]}, {}, "output_names: "),
        ({}, {"outputs": [1]}, "outputs: "),
        ({}, {"max_evals": 1}, "max_evals: "),
        ({}, {"max_evals": 10.5}, "max_evals: "),
        ({}, {"batch_size": 0}, "batch_size: "),
    ],
)
def test_unusable_arguments(settings, call, message, table, background):
    with pytest.raises(InputError, match=message):
        SpexExplainer(third_order, background, **settings)(table[20:21], silent=True, **call)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("estimator", "foo"), ("max_order", 0), ("max_evals", 0), ("batch_size", 0), ("seed", "a"),
        ("index", "FOO"),
    ],
)  # fmt: skip
def test_unusable_arguments_are_refused_before_a_call(name, value, background):
    with pytest.raises(InputError, match=rf"^{name}: "):
        SpexExplainer(third_order, background, **{name: value})


@pytest.mark.parametrize("shape", [(0, 6), (3, 0)])
def test_an_empty_background(shape):
    with pytest.raises(InputError, match=r"^masker: the background of shape"):
        SpexExplainer(third_order, np.zeros(shape))


@pytest.mark.parametrize("rows", [1, 3])
def test_one_output_with_the_inputs_as_they_are(rows, table, background):
    def model(masked, original):
        return masked[:, 0] * masked[:, 1] + original[0].sum()

    masker = shap.maskers.OutputComposite(background, lambda x: np.array([x]))
    found = SpexExplainer(model, masker)(table[10 : 10 + rows], silent=True)
    alone = SpexExplainer(lambda masked: masked[:, 0] * masked[:, 1], background)(
        table[10 : 10 + rows], silent=True
    )
    assert_allclose(found.values, alone.values, atol=1e-8)
    assert_allclose(found.base_values - alone.base_values, table[10 : 10 + rows].sum(axis=1), atol=1e-8)
    assert found.output_names is None


@pytest.mark.parametrize("outputs", [[3], [], [0.5], [-4]])
def test_outputs_that_do_not_exist(outputs, table, background):
    with pytest.raises(InputError, match="outputs: "):
        SpexExplainer(three_outputs, background)(table[20:21], outputs=outputs, silent=True)


def test_unusable_models_and_maskers(background):
    with pytest.raises(InputError, match="masker: "):
        SpexExplainer(third_order)
    with pytest.raises(InputError, match="model: object cannot be called"):
        SpexExplainer(object(), background)
