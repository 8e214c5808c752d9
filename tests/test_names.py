"""Names of features: equal words get numbers, and no two labels are alike."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.names import told_apart


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
