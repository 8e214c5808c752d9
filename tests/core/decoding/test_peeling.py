"""Decoding of sparse functions: exact without noise, and only what is significant with noise."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum, random_terms, term_set
from hypothesis import given, settings
from hypothesis import strategies as st

from spex_plugins import Spectrum
from spex_plugins.core.basis.feature_sets import to_sets
from spex_plugins.core.decoding.peeling import find_support
from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import make_design

BUDGET = 5000


def coded_design(n, max_order, seed, budget=BUDGET):
    design = make_design(plan(n, budget, max_order), np.random.default_rng(seed))
    assert design.coded
    return design


def decoded(values, design):
    values = values.reshape(len(values), -1)
    return set(to_sets(find_support(values, design.coded), design.plan.n))


@pytest.mark.slow
@given(st.integers(13, 300), st.integers(3, 5), st.integers(1, 8), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_a_sparse_function_is_found_exactly(n, max_order, count, seed):
    """At most 8 sets in 3 groups of at least 32 bins, of any order that the code corrects."""
    design = coded_design(n, max_order, seed)
    truth = random_spectrum(n, count, design.plan.max_order, np.random.default_rng(seed))
    assert decoded(truth.predict(design.masks), design) == term_set(truth)


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 150])
@pytest.mark.parametrize("order", [3, 4, 5])
def test_sets_of_the_largest_order_are_found(n, order):
    design = coded_design(n, order, 1)
    rng = np.random.default_rng(order)
    terms = {tuple(sorted(rng.choice(n, order, replace=False).tolist())): 1.0 for _ in range(6)}
    truth = Spectrum.from_dict(n, terms)
    assert decoded(truth.predict(design.masks), design) == set(terms)


@pytest.mark.parametrize("seed", range(4))
def test_more_sets_than_bins_of_a_group_are_peeled(seed):
    """40 sets of up to three features in groups of 32 bins: most bins hold several."""
    design = coded_design(40, 3, seed, budget=3000)
    assert design.coded.rows.shape[2] <= 32
    truth = random_spectrum(40, 40, 3, np.random.default_rng(seed))
    assert decoded(truth.predict(design.masks), design) == term_set(truth)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_small_coefficients_are_found_beside_large_ones(seed):
    design = coded_design(60, 4, seed)
    rng = np.random.default_rng(seed)
    large, small = random_terms(60, 4, 4, rng), random_terms(60, 4, 4, rng)
    truth = Spectrum.from_dict(60, {s: 1e-4 * v for s, v in small.items()} | large)
    assert decoded(truth.predict(design.masks), design) == term_set(truth)


@pytest.mark.slow
@pytest.mark.parametrize("outputs", [2, 4, 7])
def test_outputs_are_searched_together(outputs):
    """Seven outputs are reduced to their principal components, which still show all sets."""
    design = coded_design(50, 4, outputs)
    truth = random_spectrum(50, 8, 4, np.random.default_rng(outputs), outputs=outputs)
    assert decoded(truth.predict(design.masks), design) == term_set(truth)


@pytest.mark.parametrize("seed", range(6))
def test_noise_hides_no_large_set_and_adds_few_false_ones(seed):
    rng = np.random.default_rng(seed)
    design = coded_design(80, 4, seed)
    truth = random_spectrum(80, 8, 4, rng, least=1.0)
    values = truth.predict(design.masks) + rng.normal(0.0, 1.0, len(design.masks))
    found = decoded(values, design)
    assert found >= {s for s in term_set(truth) if s}
    assert len(found - term_set(truth)) <= 3


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("order", "noise"), [(2, 6.0), (4, 4.0)])
def test_sets_too_weak_for_hard_decoding_are_found(order, noise, seed):
    """Pairs in strong noise need the matched filter; sets of four features need soft decoding."""
    design = coded_design(80, 4, seed)
    rng = np.random.default_rng(seed)
    terms = {}
    while len(terms) < 5:
        terms[tuple(sorted(rng.choice(80, order, replace=False).tolist()))] = float(rng.choice([-1, 1]))
    values = Spectrum.from_dict(80, terms).predict(design.masks)
    found = decoded(values + rng.normal(0.0, noise, len(values)), design)
    assert found >= set(terms)
    assert len(found - set(terms)) <= 3


@pytest.mark.parametrize("seed", range(6))
def test_in_pure_noise_almost_nothing_is_found(seed):
    design = coded_design(80, 4, seed)
    values = np.random.default_rng(seed).normal(size=len(design.masks))
    assert len(decoded(values, design)) <= 3


@pytest.mark.parametrize("constant", [0.0, 1.0, -1e6])
def test_a_constant_has_no_features(constant):
    design = coded_design(40, 3, 0)
    assert decoded(np.full(len(design.masks), constant), design) <= {()}


@pytest.mark.slow
@pytest.mark.parametrize(("scale", "shift"), [(1e-8, 0.0), (1e8, 0.0), (-3.0, 0.0), (1.0, 100.0)])
def test_scale_and_offset_do_not_matter(scale, shift):
    design = coded_design(50, 4, 2)
    truth = random_spectrum(50, 6, 4, np.random.default_rng(2))
    found = decoded(scale * truth.predict(design.masks) + shift, design)
    assert found | {()} == term_set(truth) | {()}
