"""Best sets by the linear program are those of all 2^n masks."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks

from spex_plugins import InputError, Spectrum
from spex_plugins.result.best_subset import best_subset, smallest_subset


@st.composite
def cases(draw):
    n = draw(st.integers(1, 7))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    spectrum = random_spectrum(n, min(draw(st.integers(0, 12)), 2**n - 1), min(n, 4), rng)
    masks = all_masks(n)
    return spectrum, masks, spectrum.predict(masks)


@given(cases())
def test_the_largest_value_of_every_size(case):
    spectrum, masks, values = case
    sizes = masks.sum(axis=1)
    for size in range(spectrum.n + 1):
        found = best_subset(spectrum, size)
        assert found.optimal
        assert found.mask.sum() == size
        assert found.value == pytest.approx(values[sizes == size].max(), abs=1e-6)
        assert found.bound == pytest.approx(found.value, abs=1e-5)


@given(cases(), st.floats(0, 1))
def test_the_smallest_set_with_such_a_value(case, share):
    spectrum, masks, values = case
    sizes = masks.sum(axis=1)
    least = values.min() + share * (values.max() - values.min()) - 1e-4
    found = smallest_subset(spectrum, least)
    assert found.optimal
    assert found.value >= least
    assert found.mask.sum() == found.bound == sizes[values >= least].min()
    same_size = (sizes == found.mask.sum()) & (values >= least)
    assert found.value == pytest.approx(values[same_size].max(), abs=1e-5)


@given(cases())
def test_where_no_set_has_such_a_value_that_is_proven(case):
    spectrum, _, values = case
    found = smallest_subset(spectrum, values.max() + 1.0)
    assert found.mask is None
    assert found.optimal


def test_sixty_four_features():
    """Words of falling weight, and a negation that turns one of them around."""
    terms = {(i,): -1.0 / (1 + i) for i in range(64)} | {(0, 1): 2.0, (5, 9, 30): -1.5}
    spectrum = Spectrum.from_dict(64, terms)
    found = best_subset(spectrum, 20)
    assert found.optimal
    rng = np.random.default_rng(0)
    others = np.array([rng.permutation(64) < 20 for _ in range(2000)])
    assert found.value > spectrum.predict(others).max()
    swapped = np.repeat(found.mask[None], 20 * 44, axis=0)  # no single exchange is better
    pairs = [(i, j) for i in np.flatnonzero(found.mask) for j in np.flatnonzero(~found.mask)]
    for row, (i, j) in zip(swapped, pairs, strict=True):
        row[i], row[j] = False, True
    assert found.value >= spectrum.predict(swapped).max() - 1e-9


def test_a_search_that_ends_early_states_a_bound():
    spectrum = random_spectrum(40, 400, 3, np.random.default_rng(0))
    found = best_subset(spectrum, 20, seconds=0.5)
    assert not found.optimal
    assert found.mask is None or (found.mask.sum() == 20 and found.bound >= found.value)


def test_unusable_arguments():
    spectrum = random_spectrum(4, 4, 2, np.random.default_rng(0))
    with pytest.raises(InputError, match=r"size: must be from 0 to 4, .* got 5"):
        best_subset(spectrum, 5)
    with pytest.raises(InputError, match="least: must be a finite number"):
        smallest_subset(spectrum, np.nan)
    with pytest.raises(InputError, match="spectrum: has 2 outputs"):
        best_subset(random_spectrum(4, 4, 2, np.random.default_rng(0), 2), 1)
