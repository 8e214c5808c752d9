"""Texts fall apart where people would cut them."""

import numpy as np
import pytest

from spex_plugins import InputError
from spex_plugins.regions.texts import character_labels, paragraphs, sentences, splitter, words
from spex_plugins.shap.texts.text_tree import text_tree


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('He said: "no" (twice)!', ["He", "said:", '"no"', "(twice)!"]),
        ("bad , really ( truly ) .", ["bad ,", "really", "( truly ) ."]),
        ("état-major naïve  don't", ["état-major", "naïve", "don't"]),
        ("one\n, two", ["one", ",", "two"]),
        ("日本語のテキスト。「はい」", ["日", "本", "語", "の", "テキスト。", "「は", "い」"]),
        ("very good👍🏽 👩‍👩‍👧 fun", ["very", "good👍🏽", "👩‍👩‍👧", "fun"]),
        ("word—word 3.14 a/b", ["word—", "word", "3.14", "a/b"]),
        ("", []),
        (" … ", ["…"]),
    ],
)
def test_words(text, expected):
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It cost 3.50. I paid! why? no.", ["It cost 3.50.", "I paid!", "why?", "no."]),
        ("Mr. B. Smith, e.g. Dr. Who, left.", ["Mr. B. Smith, e.g. Dr. Who, left."]),
        ('"Really?" he asked. So do I. But...', ['"Really?" he asked.', "So do I.", "But..."]),
        ("Well... maybe. See No. 5 or no. Then go", ["Well... maybe.", "See No. 5 or no.", "Then go"]),
        ("Acme Inc. in Ohio, etc. Then 1. two", ["Acme Inc. in Ohio, etc.", "Then 1.", "two"]),
        ("1. First. 2. Second.", ["1. First.", "2. Second."]),
        ("日本です。「はい！」と", ["日本です。", "「はい！」", "と"]),
        ("A title\n \nthe text\ngoes on", ["A title", "the text\ngoes on"]),
        ("  ", []),
    ],
)
def test_sentences(text, expected):
    assert sentences(text) == expected


def test_paragraphs():
    assert paragraphs("\na\nb\n\n c \n \n\nd") == ["a\nb", "c", "d"]


@pytest.mark.parametrize("split", [words, sentences, paragraphs])
def test_nothing_but_white_space_is_lost(split):
    signs = list("ab é日ア。.,!?…\"'()「」— \n\n  1IMr")
    rng = np.random.default_rng(0)
    for _ in range(300):
        text = "".join(rng.choice(signs, 25))
        assert "".join("".join(split(text)).split()) == "".join(text.split()), text
        labels = character_labels(text, split(text))
        assert (np.diff(labels) >= 0).all()


def test_white_space_counts_to_the_part_after_it():
    assert character_labels(" ab  c\n", ["ab", "c"]).tolist() == [0, 0, 0, 1, 1, 1, 1]
    assert character_labels("aa a", ["a", " ", "a a"]).tolist() == [0, 1, 1, 1]


@pytest.mark.parametrize("parts", [["b", "a"], ["a"], ["a", "b", "c"], "a b", [1, 2]])
def test_parts_that_are_not_those_of_the_text(parts):
    with pytest.raises(InputError, match="features: "):
        character_labels("a b", parts)


@pytest.mark.parametrize("features", ["token", 3, None])
def test_unknown_groups(features):
    with pytest.raises(InputError, match="'word', 'sentence', 'paragraph'"):
        splitter(features)


def test_the_tree_joins_clauses_before_sentences_before_lines():
    tree = text_tree(["a", " b,", " c", " d.", " e", "\nf"])
    members = {i: {i} for i in range(6)}
    for k, (left, right, _, size) in enumerate(tree):
        members[6 + k] = members[int(left)] | members[int(right)]
        assert len(members[6 + k]) == size
    sets = [members[k] for k in range(6, 11)]
    assert {0, 1} in sets
    assert {2, 3} in sets
    assert {0, 1, 2, 3} in sets
    assert {0, 1, 2, 3, 4} in sets
    assert (np.diff(tree[:, 2]) >= -1e-12).all() or tree[-1, 2] == 1
    assert text_tree(["one"]).shape == (0, 4)


def test_a_thousand_words_make_a_tree_that_is_not_deep():
    tree = text_tree([" word"] * 1000)
    depth = np.zeros(1999, dtype=int)
    for k, (left, right, *_) in enumerate(tree):
        depth[1000 + k] = 1 + max(depth[int(left)], depth[int(right)])
    assert depth[-1] == 10
