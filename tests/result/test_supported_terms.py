"""A sparse function gives about as many terms as it has, whatever was fitted; nothing else is changed."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.result.supported_terms import supported_terms


def planted(n, terms, noise, seed):
    """Return a noisy function with so many terms of one to three features, and their sets."""
    rng, sets = np.random.default_rng(seed), set()
    while len(sets) < terms:
        sets.add(tuple(sorted(rng.choice(n, rng.choice([1, 2, 3], p=[0.4, 0.4, 0.2]), replace=False))))
    coefficients = rng.uniform(0.5, 2, terms) * rng.choice([-1, 1], terms)
    spread = noise * np.sqrt((coefficients**2).sum())

    def value(masks):
        signs = 1.0 - 2.0 * masks
        clean = sum(c * signs[:, list(s)].prod(axis=1) for c, s in zip(coefficients, sets, strict=True))
        return clean + spread * rng.normal(size=len(masks))

    return value, {tuple(map(int, features)) for features in sets}


def listed(found):
    return set(found.spectrum.as_dict()) - {()}


@pytest.mark.slow
@pytest.mark.parametrize("noise", [0.0, 0.1, 0.3])
@pytest.mark.parametrize("index", [None, "SV"])
@pytest.mark.parametrize(("n", "budget"), [(12, 500), (30, 1000)])
def test_a_sparse_function_has_few_terms(n, budget, index, noise):
    value, sets = planted(n, 20, noise, n)
    found = spex.explain(value, n, budget=budget, index=index, progress=False)
    assert len(listed(found) - sets) <= 2
    assert len(sets - listed(found)) <= 1


@pytest.mark.parametrize("index", [None, "SV"])
def test_noise_has_no_terms(index):
    rng = np.random.default_rng(3)
    found = spex.explain(lambda m: rng.normal(size=len(m)), 20, budget=400, index=index, progress=False)
    assert len(listed(found)) <= 2


def test_predictions_and_indices_are_those_of_all_terms():
    value, _ = planted(12, 20, 0.3, 1)
    found = spex.explain(value, 12, budget=500, index="SV", progress=False)
    function, masks = found.function, np.random.default_rng(0).random((50, 12)) < 0.5
    assert len(found.spectrum) < 40 < len(function.spectrum)
    np.testing.assert_array_equal(found.predict(masks), function.predict(masks))
    assert len(found.index("k-SII", 2).values) == 12 + 66
    left = len(function.spectrum) - len(found.spectrum)
    assert f"{left} smaller than their errors (" in repr(found)
    terms = function.spectrum.as_dict()
    assert all(terms[features] == coefficient for features, coefficient in found.spectrum)


def test_it_is_the_same_after_it_was_saved(tmp_path):
    value, _ = planted(12, 20, 0.3, 1)
    found = spex.explain(value, 12, budget=500, index="SV", progress=False)
    found.save(tmp_path / "found.npz")
    read = spex.Interactions.load(tmp_path / "found.npz")
    assert read.spectrum.as_dict() == found.spectrum.as_dict()
    assert repr(read) == repr(found)


def test_the_threshold_is_that_of_the_largest_of_so_many_normal_numbers():
    # 1,000 terms, of which one explains 0.9 of a variance of 1 at 400 masks.
    count, masks = 1000, 400
    rng = np.random.default_rng(0)
    error = np.sqrt(0.1 / masks)
    kept = []
    for _ in range(200):
        coefficients = error * rng.normal(size=count)
        coefficients[1] = np.sqrt(0.9)
        terms = {(i,): c for i, c in enumerate(coefficients)}
        kept.append(supported_terms(spex.Spectrum.from_dict(count, terms), np.array(0.9), masks).sum())
    assert min(kept) >= 1
    assert np.mean(np.array(kept) > 1) < 0.25


def test_terms_count_that_stand_out_in_any_output():
    terms = {(): [1.0, 1.0], (0,): [1.0, 0.0], (1,): [0.0, 1.0], (2,): [1e-4, 1e-4]}
    spectrum = spex.Spectrum.from_dict(4, {features: np.array(c) for features, c in terms.items()})
    kept = supported_terms(spectrum, np.array([0.9, 0.9]), 100)
    assert kept.tolist() == [True, True, True, False]
    assert supported_terms(spectrum, np.array([np.nan, np.nan]), 100).all()
