"""What a coded design sees: the aliasing formula, fits and residuals on it."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins import Spectrum
from spex_plugins.core.decoding import aliased_transform as module
from spex_plugins.core.decoding.aliased_transform import (
    Signatures,
    aliased_transform,
    correlate,
    fit_support,
    residual,
)
from spex_plugins.core.designs.choose import plan
from spex_plugins.core.designs.design import make_design


@st.composite
def cases(draw):
    """A coded design, and a function that is sparse but larger than any single bin."""
    n, order = draw(st.integers(12, 120)), draw(st.integers(3, 4))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    design = make_design(plan(n, 5000 if n > 12 else 4000, order), rng)
    assert design.coded
    return design, random_spectrum(n, draw(st.integers(1, 40)), order + 2, rng, draw(st.integers(1, 3)))


def observed(design, spectrum):
    return aliased_transform(spectrum.predict(design.masks), design.coded)


def aliasing(design, spectrum):
    """Σ_{S: hash_c(S) = j} (−1)^{|S ∩ (d_q + o_c)|} F(S), set by set."""
    coded = design.coded
    groups, delays, size = coded.rows.shape
    parity = coded.code.parity_matrix
    out = np.zeros((groups, size, delays, spectrum.output_shape[0]))
    for features, value in spectrum.as_dict().items():
        for c in range(groups):
            at = 0
            for i in features:
                at ^= int(coded.hashes[c, i])
            offset = sum(int(coded.offsets[c, i]) for i in features)
            for q in range(delays):
                delay = sum(int(parity[i, q - 1]) for i in features) if q else 0
                out[c, at, q] += (-1.0) ** (offset + delay) * np.array(value)
    return out


@given(cases())
def test_the_transform_aliases_as_the_formula_says(case):
    design, spectrum = case
    np.testing.assert_allclose(observed(design, spectrum), aliasing(design, spectrum), atol=1e-11)


@given(cases())
def test_subtracting_the_truth_leaves_nothing(case):
    design, spectrum = case
    bins = observed(design, spectrum)
    left = residual(bins, design.coded, spectrum.supports, spectrum.coefficients)
    np.testing.assert_allclose(left, 0.0, atol=1e-11)


@given(cases())
def test_subtracting_a_part_leaves_the_other_part(case):
    design, spectrum = case
    part, rest = spectrum.truncate(1), spectrum - spectrum.truncate(1)
    left = residual(observed(design, spectrum), design.coded, part.supports, part.coefficients)
    np.testing.assert_allclose(left, observed(design, rest), atol=1e-11)


@given(cases())
def test_least_squares_on_the_true_support_is_exact(case):
    design, spectrum = case
    found = fit_support(observed(design, spectrum), design.coded, spectrum.supports)
    np.testing.assert_allclose(found, spectrum.coefficients, atol=1e-6)


@given(cases())
def test_the_matched_filter_is_the_mean_over_the_delays(case):
    design, spectrum = case
    groups, delays, _ = design.coded.rows.shape
    bins = observed(design, spectrum)
    alone = Spectrum(spectrum.n, spectrum.supports, np.ones((len(spectrum), 1)))
    found = correlate(bins, Signatures.of(design.coded, spectrum.supports))
    assert found.shape == (groups, len(spectrum), bins.shape[3])
    for t in range(len(spectrum)):
        one = Spectrum(alone.n, alone.supports[t : t + 1], alone.coefficients[t : t + 1])
        pattern = aliasing(design, one)
        expected = np.einsum("cjq,cjqk->ck", pattern[..., 0], bins) / delays
        np.testing.assert_allclose(found[:, t], expected, atol=2e-5)


def test_a_lone_set_is_measured_by_every_group():
    design = make_design(plan(40, 4000, 3), np.random.default_rng(0))
    lone = Spectrum.from_dict(40, {(3, 17, 39): [-1.25]})
    found = correlate(observed(design, lone), Signatures.of(design.coded, lone.supports))
    np.testing.assert_allclose(found, -1.25, atol=1e-6)


def test_chunks_do_not_change_the_matched_filter(monkeypatch):
    rng = np.random.default_rng(1)
    design = make_design(plan(40, 4000, 3), rng)
    spectrum = random_spectrum(40, 30, 3, rng, outputs=2)
    bins = observed(design, spectrum)
    signature = Signatures.of(design.coded, spectrum.supports)
    whole = correlate(bins, signature)
    monkeypatch.setattr(module, "_CHUNK", 500)
    np.testing.assert_allclose(correlate(bins, signature), whole, atol=1e-6)


@pytest.mark.parametrize("width", [0, 3])
def test_no_sets_change_nothing(width):
    design = make_design(plan(40, 4000, 3), np.random.default_rng(0))
    bins = observed(design, Spectrum.from_dict(40, {(3,): [1.0]}))
    none = np.empty((0, width), dtype=np.int32)
    assert fit_support(bins, design.coded, none).shape == (0, 1)
    assert correlate(bins, Signatures.of(design.coded, none)).shape == (len(bins), 0, 1)
    np.testing.assert_array_equal(residual(bins, design.coded, none, np.zeros((0, 1))), bins)
