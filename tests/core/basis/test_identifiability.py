"""Features that samples do not tell apart are found, and share what is known of them."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from numpy.testing import assert_allclose, assert_array_equal

from spex_plugins.core.basis.identifiability import identify


def uniform(m=200, n=9, seed=0):
    return np.random.default_rng(seed).random((m, n)) < 0.5


def test_masks_that_tell_all_apart():
    known = identify(uniform())
    assert_array_equal(known.features, np.arange(9))
    assert not known.tied
    assert not len(known.constant)


def test_groups_and_constants():
    masks = uniform()
    masks[:, 0], masks[:, 4] = True, False
    masks[:, 7], masks[:, 3] = masks[:, 1], ~masks[:, 1]
    known = identify(masks)
    assert_array_equal(known.constant, [0, 4])
    assert [group.tolist() for group in known.tied] == [[1, 3, 7]]
    assert_array_equal(known.features, [1, 2, 5, 6, 8])
    assert_array_equal(known.sign[[1, 3, 7]], [1, -1, 1])


@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize("seed", range(4))
def test_a_spread_spectrum_says_the_same_of_the_samples(seed, outputs):
    masks = uniform(seed=seed)
    masks[:, 0] = True
    masks[:, 7], masks[:, 3], masks[:, 8] = masks[:, 1], ~masks[:, 1], masks[:, 2]
    known = identify(masks)
    fewer = random_spectrum(len(known.features), 12, 4, np.random.default_rng(seed), outputs)
    spread = known.spread(fewer)
    assert spread.n == 9
    assert_allclose(spread.predict(masks), fewer.predict(masks[:, known.features]), atol=1e-12)
    values = spread.as_dict()
    for features in values:  # equal shares, and none for a constant
        assert 0 not in features
        swapped = tuple(sorted({2: 8, 8: 2}.get(i, i) for i in features))
        assert_allclose(values[features], values[swapped])


def test_one_mask_tells_nothing():
    known = identify(np.ones((1, 3), dtype=bool))
    assert not len(known.features)
    assert_array_equal(known.constant, [0, 1, 2])
