"""`SpexExplanation`: what happens to interactions in everything people do to explanations."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from numpy.testing import assert_allclose

from spex_plugins import InputError, Interactions
from spex_plugins.shap import SpexExplainer, SpexExplanation


def pairs(x):
    return x[:, 0] * x[:, 1] - 2 * x[:, 2] * x[:, 3] * x[:, 4] + x[:, 5]


def two_outputs(x):
    return np.stack([pairs(x), x[:, 0] * x[:, 5]], axis=1)


@pytest.fixture
def explanation(table, background):
    explainer = SpexExplainer(pairs, background, feature_names=list("abcdef"))
    return explainer(table[20:24], silent=True)


@pytest.fixture
def with_outputs(table, background):
    explainer = SpexExplainer(two_outputs, background, output_names=["yes", "no"])
    return explainer(table[20:24], silent=True)


def belongs(explanation, rows, table):
    """Whether the interactions are those of these rows (f(x) tells them apart)."""
    found = explanation.interactions
    found = [found] if isinstance(found, Interactions) else found
    return np.allclose([one.full_value for one in found], pairs(table[rows]))


KEEPING = {
    "row": (lambda e: e[1], [21]),
    "negative row": (lambda e: e[-1], [23]),
    "numpy row": (lambda e: e[np.int64(2)], [22]),
    "slice": (lambda e: e[1:3], [21, 22]),
    "list": (lambda e: e[[3, 0]], [23, 20]),
    "mask": (lambda e: e[np.array([True, False, True, False])], [20, 22]),
    "row of slice": (lambda e: e[1:3][1], [22]),
    "one feature": (lambda e: e[2, 3], [22]),
    "feature by name": (lambda e: e[:, "c"], [20, 21, 22, 23]),
    "features of a row": (lambda e: e[1, :3], [21]),
    "order by value": (lambda e: e[1][e[1].abs.argsort.flip], [21]),
    "copy": (copy.copy, [20, 21, 22, 23]),
    "deepcopy": (copy.deepcopy, [20, 21, 22, 23]),
    "pickle": (lambda e: pickle.loads(pickle.dumps(e)), [20, 21, 22, 23]),
    "row of pickle": (lambda e: pickle.loads(pickle.dumps(e[3])), [23]),
    "abs": (lambda e: e.abs, [20, 21, 22, 23]),
    "row of abs": (lambda e: e.abs[1], [21]),
    "times": (lambda e: 2 * e[1], [21]),
    "plus": (lambda e: e + 1, [20, 21, 22, 23]),
    "minus": (lambda e: 1 - e[1:], [21, 22, 23]),
    "divided": (lambda e: e / np.float64(2), [20, 21, 22, 23]),
    "turned round": (lambda e: e.flip, [23, 22, 21, 20]),
    "iteration": (lambda e: list(e)[2], [22]),
    "data above a threshold": (lambda e: e[e[:, "a"].data == e.data[1, 0]], [21]),
    "cohort": (lambda e: e.cohorts(["p", "q", "p", "q"]).cohorts["q"], [21, 23]),
}


@pytest.mark.parametrize("case", KEEPING)
def test_interactions_go_along(case, explanation, table):
    change, rows = KEEPING[case]
    result = change(explanation)
    assert isinstance(result, SpexExplanation)
    assert belongs(result, rows, table)
    assert not belongs(result, [i - 1 for i in rows], table)


def test_sampled_rows_keep_their_own(explanation):
    sample = explanation.sample(3, random_state=1)
    assert_allclose(
        [one.full_value for one in sample.interactions], sample.base_values + sample.values.sum(1)
    )


def test_cohorts_keep_their_own(explanation):
    cohorts = explanation.cohorts(2).cohorts
    assert len(cohorts) == 2
    assert sum(map(len, cohorts.values())) == 4
    for cohort in cohorts.values():
        full = [one.full_value for one in cohort.interactions]
        assert_allclose(full, cohort.base_values + cohort.values.sum(axis=1))


def test_changing_a_copy_leaves_the_original(explanation):
    twin = copy.copy(explanation)
    twin.values = twin.values * 0
    twin = explanation.abs
    assert (explanation.values < 0).any()
    assert (twin.values >= 0).all()
    assert explanation.op_history == []


@pytest.mark.parametrize(
    "mix",
    [
        lambda e: e.mean(0),
        lambda e: e.abs.max(0),
        lambda e: e.sum(1),
        lambda e: e.percentile(50, 0),
        lambda e: e.argsort,
        lambda e: e - e,
        lambda e: (e + e)[0],
    ],
)
def test_mixed_rows_have_no_interactions(mix, explanation):
    with pytest.raises(AttributeError, match="no longer the explanation of one input"):
        _ = mix(explanation).interactions


def test_outputs_are_cut_along(with_outputs, table):
    assert with_outputs[0].interactions.output_shape == (2,)
    for cut in (with_outputs[..., 1], with_outputs[:, :, "no"], with_outputs[:, :, [0, 1]][..., 1]):
        assert cut.interactions[2].output_shape == ()
        assert_allclose(cut.interactions[2].full_value, two_outputs(table[22:23])[0, 1])
    one = with_outputs[2, :, 1]
    assert one.interactions.index("FSII").top(1).terms == [(0, 5)]
    flipped = with_outputs[2, :, [1, 0]].interactions
    assert_allclose(flipped.full_value, two_outputs(table[22:23])[0, ::-1])
    assert_allclose(flipped.output(0).index("SV").first_order(), one.interactions.index("SV").first_order())


@pytest.mark.parametrize("index", ["FSII", "STII", "k-SII", "SV", "Moebius", "BII"])
@pytest.mark.parametrize("top", [2, 20])
def test_flat_explanation_adds_up(index, top, explanation, table):
    flat = explanation[1].interaction_explanation(top=top, index=index)
    assert flat.values.shape == (min(top, len(flat.values) - 1) + 1,)
    assert_allclose(flat.base_values + flat.values.sum(), pairs(table[21:22])[0], atol=1e-8)
    assert type(flat.base_values + flat.values.sum()) is np.float64
    assert flat.feature_names[-1] == "all other terms"


def test_flat_explanation_of_a_row(explanation):
    flat = explanation[1].interaction_explanation()
    named = dict(zip(flat.feature_names, flat.values, strict=True))
    truth = explanation[1].interactions.index("FSII", 3).as_dict()
    assert_allclose(named["c × d × e"], truth[2, 3, 4], atol=1e-12)
    assert_allclose(named["a × b"], truth[0, 1], atol=1e-12)
    assert abs(named["all other terms"]) < 1e-8  # order 3 says everything about this function
    assert (np.diff(np.abs(flat.values[:-1])) <= 0).all()
    assert "c × d × e" not in explanation[1].interaction_explanation(order=2).feature_names


def test_flat_explanation_of_several_rows(explanation, table):
    flat = explanation.interaction_explanation(top=5)
    assert flat.values.shape == (4, 6)
    assert_allclose(flat.base_values + flat.values.sum(axis=1), pairs(table[20:24]), atol=1e-8)
    column = flat.feature_names.index("c × d × e")
    assert_allclose(
        flat.values[:, column], [row.index("FSII", 3).as_dict()[2, 3, 4] for row in explanation.interactions]
    )
    assert_allclose(flat.data[:, column], table[20:24, 2] * table[20:24, 3] * table[20:24, 4])


def test_flat_explanation_of_chosen_columns(explanation):
    flat = explanation.interaction_explanation()
    moved = explanation[:, [4, 2, 0, 1, 5, 3]].interaction_explanation()
    assert moved.feature_names == flat.feature_names
    assert_allclose(moved.data, flat.data)
    part = explanation[:, ["c", "a"]].interaction_explanation()
    assert_allclose(part.values, flat.values)
    assert part.data is None  # what the other columns held is gone
    strongest = flat.feature_names[0].split(" × ")
    alone = explanation[:, strongest[::-1]].interaction_explanation(top=1)
    assert_allclose(alone.data[:, 0], flat.data[:, 0])


def test_flat_explanation_where_names_do_not_tell_the_columns(explanation):
    explanation.feature_names = ["a", "a", "b", "c", "d", "e"]
    assert explanation[:, [1, 0, 2, 3, 4, 5]].interaction_explanation().data is None


def test_flat_explanation_of_several_outputs(with_outputs, table):
    flat = with_outputs.interaction_explanation(top=4)
    assert flat.values.shape == (4, 5, 2)
    assert_allclose(flat.base_values + flat.values.sum(axis=1), two_outputs(table[20:24]), atol=1e-8)
    one = with_outputs[1].interaction_explanation(top=4)
    assert one.values.shape == (5, 2)
    assert_allclose(one[:, "no"].values.sum() + one[:, "no"].base_values, two_outputs(table[21:22])[0, 1])


def test_flat_explanation_tells_repeated_words_apart(sentiment, words):
    text = ["really really not bad"]
    explanation = SpexExplainer(sentiment.decision_function, words)(text, silent=True)
    assert explanation[0].interactions.feature_names == ("really", "really", "not", "bad")
    flat = explanation[0].interaction_explanation()
    assert {"not × bad", "really₁", "really₂"} < set(flat.feature_names)
    assert len(set(flat.feature_names)) == len(flat.feature_names)
    assert_allclose(flat.values.sum() + flat.base_values, sentiment.decision_function(text)[0])


def test_texts_have_different_features(sentiment, words):
    explanation = SpexExplainer(sentiment.decision_function, words)(["not bad", "so good"], silent=True)
    with pytest.raises(InputError, match=r"explanation\[i\]"):
        explanation.interaction_explanation()
    assert explanation[0].interaction_explanation().feature_names[0] == "not × bad"


def test_unknown_index(explanation):
    with pytest.raises(InputError, match="index: 'Fourier'"):
        explanation.interaction_explanation(index="Fourier")
