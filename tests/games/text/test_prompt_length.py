"""The length of a masked text is known without writing it."""

from __future__ import annotations

import numpy as np
import pytest

from spex_plugins.games.text.prompt_length import prompt_lengths
from spex_plugins.games.text.text_features import masked_parts

TEXT = " Not bad.  Not at all!\n\nWatch it, (twice)."


def lengths(texts):
    return [len(text) for text in texts]


@pytest.mark.parametrize("features", ["word", "sentence", [(24, 29), (1, 4), (35, 40)]])
def test_with_a_placeholder_it_is_exact(features):
    parts = masked_parts(TEXT, features)
    work = prompt_lengths([parts], "[removed]", len(TEXT), lengths)
    masks = np.random.default_rng(0).random((50, len(parts.spans))) < 0.5
    np.testing.assert_array_equal(work(masks), lengths(parts.texts(masks, "[removed]")))


def test_without_one_it_is_exact_but_for_the_white_space_at_the_beginning():
    parts = masked_parts(TEXT, "word")
    masks = np.random.default_rng(0).random((50, len(parts.spans))) < 0.5
    masks[0] = True
    found = prompt_lengths([parts], None, len(TEXT) + 10, lengths)(masks) - 10
    written = lengths(parts.texts(masks, None))
    assert found[0] == len(TEXT)
    assert np.abs(found - written).max() <= 1
    np.testing.assert_array_equal(found[masks[:, 0]], np.array(written)[masks[:, 0]])


def test_no_work_is_negative():
    """The tokens of parts alone may be more than those of the whole text."""
    work = prompt_lengths([masked_parts("a b", "word")], None, 2, lengths)
    assert work(np.array([[False, False], [True, True]])).tolist() == [0.0, 3.0]
