"""What the pictures say, before anything is drawn."""

import numpy as np
import pytest
from plots_sample import REVIEW, interactions

from spex_plugins import InputError, explain
from spex_plugins.plots.colors import shade
from spex_plugins.plots.plot_data import read_plot_data, signed
from spex_plugins.result.feature_labels import told_apart, visible


def test_the_list_follows_the_index_table(review):
    content = read_plot_data(review, "FSII", None, 4, None)
    table = review.top(4)
    assert [ranked.features for ranked in content.sets] == table.terms
    assert [ranked.value for ranked in content.sets] == table.values.tolist()
    assert [ranked.rank for ranked in content.sets] == [1, 2, 3, 4]
    assert content.name(content.sets[0]) == "not₂ × good₂"
    assert content.n_sets == len(review.top(1000)) > 4
    np.testing.assert_array_equal(content.effects, review.index("FSII", 3).first_order())


def test_the_caption_tells_that_more_sets_have_a_value_than_the_table_lists(review):
    assert read_plot_data(review, "FSII", 2, 4, None).caption == "FSII, order 2: strongest 4 of 8 sets"
    weights = np.sin(np.arange(60))
    found = explain(lambda masks: np.sqrt(1 + (masks @ weights) ** 2), 60, budget=250, index="SV", seed=0)
    table = found.index("FSII", 3)
    assert table.unlisted is not None
    listed = f"{(table.orders > 1).sum():,}"
    assert (
        read_plot_data(found, "FSII", 3, 9, None).caption
        == f"FSII, order 3: strongest 9 of {listed} listed sets"
    )


def test_only_words_of_shown_sets_carry_numbers(review):
    text = read_plot_data(review, "FSII", None, 1, None).in_text()
    assert [word for word, given in zip(text, REVIEW, strict=True) if word != given] == ["not₂", "good₂"]


def test_equal_words_are_told_apart_whatever_follows_them():
    marked, labels = told_apart(("good,", "“good”", "$5$", "...", "good-ish", "..."))
    assert marked == ("good₁,", "“good₂”", "$5$", "...₁", "good-ish", "...₂")
    assert labels == ("good₁", "good₂", "$5$", "...₁", "good-ish", "...₂")


def test_names_are_visible_and_short():
    assert visible(" good ") == "good"
    assert visible("  ") == "␣"
    assert visible("\n") == "⏎"
    assert len(visible("x" * 50)) == 32


@pytest.mark.parametrize(
    ("value", "limit", "text"),
    [
        (-1.8349, 2.0, "−1.83"),
        (0.04, 25.0, "+0.0"),
        (1234.0, 5000.0, "+1234"),
        (0.0, 1.0, "0"),
        (3e-9, 3e-9, "+3.00e−09"),
    ],
)
def test_values_are_written_with_sign_and_shared_decimals(value, limit, text):
    assert signed(value, limit) == text


def test_colours_follow_the_sign_and_grow_with_the_magnitude():
    def parts(color):
        return [int(color[k : k + 2], 16) for k in (1, 3, 5)]

    red, _, blue = parts(shade(1.0, 1.0))
    assert red > blue
    red, _, blue = parts(shade(-1.0, 1.0))
    assert blue > red
    assert shade(0.0, 1.0, least=0.5) == shade(0.0, 0.0) == "#ffffff"
    lightness = [sum(parts(shade(value, 1.0))) for value in (0.1, 0.5, 1.0)]
    assert lightness == sorted(lightness, reverse=True)
    assert len(set(lightness)) == 3


def test_facts_state_values_faithfulness_and_cost(review):
    facts = read_plot_data(review, "FSII", None, 4, None).facts
    assert facts == ("f(x) = −2.5", "f(empty) = 0.25", "R² = 0.875 (held-out masks)", "1,234 model calls")


def test_stored_answers_are_told_from_calls():
    found = interactions("ab", {(0,): 1.0}, n_calls=1700, n_stored=300)
    assert (
        read_plot_data(found, "FSII", None, 4, None).facts[-1] == "1,700 model calls and 300 stored answers"
    )


def test_what_was_not_measured_is_said():
    found = interactions("ab", {(0,): 1.0}, r2=np.array(np.nan), full_value=np.array(np.nan))
    assert read_plot_data(found, "FSII", None, 4, None).facts[::2] == (
        "f(x) = not measured",
        "R² = not measured",
    )


def test_one_of_several_outputs_must_be_chosen():
    found = interactions("abc", {(0, 1): [1.0, -2.0], (2,): [0.5, 0.0]})
    with pytest.raises(InputError, match=r"output: there are 2 outputs"):
        read_plot_data(found, "FSII", None, 4, None)
    for wrong in (2, -1, "1", True, 1.0):
        with pytest.raises(InputError, match=r"output: must be an integer from 0 to 1"):
            read_plot_data(found, "FSII", None, 4, wrong)
    assert read_plot_data(found, "FSII", None, 4, 0).sets[0].value == pytest.approx(1.0)
    assert read_plot_data(found, "FSII", None, 4, 1).sets[0].value == pytest.approx(-2.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"index": "FSI"}, "index: 'FSI' is unknown"),
        ({"index": "Fourier"}, "index: 'Fourier' has no sign"),
        ({"order": 0}, "order: "),
        ({"top": -1}, "top: "),
        ({"output": 0}, "output: "),
        ({"words": ["a"]}, "words: expected a sequence"),
    ],
)
def test_unusable_arguments_are_named(review, change, message):
    arguments = {"index": "FSII", "order": None, "top": 4, "output": None, "words": None, **change}
    with pytest.raises(InputError, match=message):
        read_plot_data(review, **arguments)


def test_what_carries_interactions_is_read_and_other_things_are_refused(review):
    class Row:
        interactions = review

    assert read_plot_data(Row(), "FSII", None, 4, None).words == tuple(REVIEW)
    with pytest.raises(InputError, match="choose one of them"):
        read_plot_data([review], "FSII", None, 4, None)
