"""Texts with features removed or replaced."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins import InputError
from spex_plugins.games.chat_text import MaskedText, feature_spans

TEXT = "Not bad.  Not at all!\n\nWatch it."


def masked(text, features, placeholder, *masks):
    return MaskedText(text, feature_spans(text, features), placeholder)(np.array(masks, dtype=bool))


def test_words_are_removed_with_the_space_before_them():
    ones, no_first, no_last, none = [1, 1, 1], [0, 1, 1], [1, 0, 0], [0, 0, 0]
    texts = masked("one two\nthree", "word", None, ones, no_first, no_last, none)
    assert texts == ["one two\nthree", "two\nthree", "one", ""]


def test_a_placeholder_takes_the_place_of_a_word():
    assert masked("one two\nthree ", "word", "___", [0, 1, 0], [1, 0, 1]) == [
        "___ two\n___ ",
        "one ___\nthree ",
    ]


@pytest.mark.parametrize("placeholder", [None, "…"])
@pytest.mark.parametrize("features", ["word", "sentence", str.split, [(0, 3), (10, 13)]])
def test_everything_kept_is_the_text_itself(features, placeholder):
    n = len(feature_spans(TEXT, features))
    assert masked(TEXT, features, placeholder, np.ones(n)) == [TEXT]


def test_sentences():
    parts = [TEXT[start:end] for start, end in feature_spans(TEXT, "sentence")]
    assert parts == ["Not bad.", "Not at all!", "Watch it."]
    assert feature_spans("no end", "sentence") == ((0, 6),)


def test_what_lies_outside_of_all_spans_stays():
    text = "Name: Ann. Age: 30."
    assert masked(text, [(6, 9), (16, 18)], None, [0, 0], [0, 1], [1, 0]) == [
        "Name:. Age:.",
        "Name:. Age: 30.",
        "Name: Ann. Age:.",
    ]


@pytest.mark.parametrize("placeholder", [None, "[removed]"])
def test_the_number_of_characters(placeholder):
    spans = feature_spans(" " + TEXT, "word")
    game = MaskedText(" " + TEXT, spans, placeholder)
    masks = np.random.default_rng(0).random((50, len(spans))) < 0.5
    np.testing.assert_array_equal(game.characters(masks), [len(text) for text in game(masks)])


@pytest.mark.parametrize(
    ("text", "features", "told"),
    [
        ("a b", "token", "features: 'token' is unknown"),
        ("a b", lambda text: ["b", "a"], "features: at character 0"),
        ("a b", [(0, 2), (1, 3)], "features: the spans must be in order"),
        ("a b", [(0, 9)], "features: the spans must"),
        (" \n", "word", "text: has no features"),
        ("a b", [], "text: has no features"),
    ],
)
def test_features_that_are_none(text, features, told):
    with pytest.raises(InputError, match=told):
        feature_spans(text, features)
