"""Names of features: equal words get numbers, and no two labels are alike."""

from __future__ import annotations

import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import spex_plugins as spex
from spex_plugins.result.feature_labels import displayable, told_apart, visible


def test_equal_words_are_numbered_whatever_punctuation_follows():
    marked, labels = told_apart(["not", "good,", "not", "good"])
    assert marked == ("not₁", "good₁,", "not₂", "good₂")
    assert labels == ("not₁", "good₁", "not₂", "good₂")


def test_a_word_that_ends_in_a_number_keeps_it():
    assert told_apart(["the", "the", "the₁"])[1] == ("the₂", "the₃", "the₁")


@given(st.lists(st.sampled_from(["a", "a₁", "a₂", "a,", "a₁₁", "b", "…", "a!"]), max_size=20))
def test_no_two_labels_are_alike(words):
    labels = told_apart(words)[1]
    assert len(set(labels)) == len(words)


@given(st.text(st.characters(), max_size=50))
def test_what_is_shown_can_be_written_and_turns_nothing_around(text):
    """Letters of every script, marks and emoji stay; explicit embeddings, overrides and isolates do not."""
    shown = displayable(text)
    shown.encode()
    assert len(shown) == len(text)
    for before, after in zip(text, shown, strict=True):
        turns = unicodedata.bidirectional(before) in {
            "LRE",
            "RLE",
            "LRO",
            "RLO",
            "PDF",
            "LRI",
            "RLI",
            "FSI",
            "PDI",
        }
        control = unicodedata.category(before) in {"Cc", "Cs"} and not before.isspace()
        assert after == ("\ufffd" if turns or control or before in "\ufffe\uffff" else before)


@pytest.mark.parametrize(
    "kept", ["שלום", "\u200fא", "👩\u200d🔬", "naïve", "a\xa0b", "\N{ZERO WIDTH NON-JOINER}"]
)
def test_text_of_every_script_stays(kept):
    assert displayable(kept) == kept


def test_a_table_can_be_printed_and_shown_whatever_the_names():
    names = ["\ud800", "\u202emask", "\x1b[31m", "\x00"]
    masks = np.array(np.meshgrid(*[[False, True]] * 4)).reshape(4, -1).T
    found = spex.fit(masks, masks.sum(axis=1) + 1.0 * masks[:, 0] * masks[:, 1], feature_names=names)
    for text in (repr(found), found._repr_html_(), repr(found.index()), found.top()._repr_html_()):
        assert not set("\ud800\u202e\x1b\x00") & set(text)
        text.encode()
    assert visible("\u202emask") == "\ufffdmask"
    assert found.feature_names == tuple(names)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Who has paid nine crowns for a ticket may play it", "Who has paid … may play it"),
        ("The lighthouse of Skarholm was built in 1871", "The lighthouse … built in 1871"),
        ("a b" + "x" * 60 + "y z", "a b" + "x" * 13 + "…" + "x" * 12 + "y z"),  # in the middle of a long word
    ],
)
def test_a_long_name_is_shortened_between_words(name, label):
    assert visible(name) == label
    assert len(label) <= 32
