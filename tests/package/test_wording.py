"""Numbers with their nouns."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins.wording import counted, first_of, there_are


@pytest.mark.parametrize(
    ("count", "noun", "text"),
    [
        (0, "word", "0 words"), (1, "word", "1 word"), (2, "word", "2 words"),
        (1, "more row", "1 more row"), (np.int64(1200), "model call", "1,200 model calls"),
    ],
)  # fmt: skip
def test_only_one_is_singular(count, noun, text):
    assert counted(count, noun) == text


def test_the_verb_agrees():
    assert there_are(1, "output") == "there is 1 output"
    assert there_are(3, "output") == "there are 3 outputs"


def test_what_is_left_out_is_counted():
    assert first_of(["1", "2", "3"], 3) == "1, 2, 3"
    assert first_of(["1", "2", "3"], 2) == "1, 2, … (3)"
    assert first_of([], 2) == ""
