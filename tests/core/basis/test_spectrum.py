"""A spectrum is a function: evaluated, added, truncated and measured like its table of 2^n values."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks, fourier

from spex_plugins import InputError, Spectrum

SHAPES = st.sampled_from([None, 1, 3])


@st.composite
def spectra(draw, outputs=SHAPES):
    n = draw(st.integers(1, 8))
    count = draw(st.integers(0, min(12, 2**n - 1)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random_spectrum(n, count, n, rng, draw(outputs))


def table(spectrum):
    return spectrum.predict(all_masks(spectrum.n))


@given(spectra(outputs=st.none()))
def test_predicts_the_function_whose_transform_it_is(spectrum):
    expected = fourier(table(spectrum))
    found = spectrum.as_dict()
    for features, value in expected.items():
        assert abs(value - found.get(features, 0.0)) < 1e-12


@given(spectra())
def test_variance_is_that_of_the_table(spectrum):
    np.testing.assert_allclose(spectrum.variance(), table(spectrum).var(axis=0), atol=1e-10)
    assert spectrum.variance().shape == spectrum.output_shape


@given(spectra())
def test_energy_adds_up_to_the_mean_square(spectrum):
    mean_square = (table(spectrum) ** 2).mean(axis=0).sum()
    np.testing.assert_allclose(spectrum.energy().sum(), mean_square, atol=1e-10)
    assert spectrum.energy().shape == (len(spectrum),)


@given(st.integers(1, 6), st.sampled_from([None, 2]), st.integers(0, 2**32 - 1))
def test_sums_differences_and_multiples_act_on_the_function(n, outputs, seed):
    rng = np.random.default_rng(seed)
    x, y = (random_spectrum(n, int(rng.integers(0, 2**n)), n, rng, outputs) for _ in range(2))
    np.testing.assert_allclose(table(x + y), table(x) + table(y), atol=1e-12)
    np.testing.assert_allclose(table(x - y), table(x) - table(y), atol=1e-12)
    np.testing.assert_allclose(table(3 * x), 3 * table(x), atol=1e-12)
    np.testing.assert_allclose(table(x * -0.5), -0.5 * table(x), atol=1e-12)
    assert not table(x - x).any()


@given(spectra(outputs=st.none()), st.integers(0, 8))
def test_truncation_keeps_the_low_orders(spectrum, order):
    kept = spectrum.truncate(order)
    assert kept.as_dict() == {s: v for s, v in spectrum.as_dict().items() if len(s) <= order}
    assert kept.max_order == max(map(len, kept.as_dict()), default=0)


@given(spectra(), st.integers(0, 14))
def test_top_keeps_the_terms_with_most_energy_in_canonical_order(spectrum, k):
    kept = spectrum.top(k)
    assert len(kept) == min(k, len(spectrum))
    everything, chosen = spectrum.as_dict(), kept.as_dict()
    assert [s for s in everything if s in chosen] == list(chosen)
    assert all(chosen[s] == everything[s] for s in chosen)
    left_out = [np.square(v).sum() for s, v in everything.items() if s not in chosen]
    assert max(left_out, default=0.0) <= kept.energy().min(initial=np.inf)


@given(spectra(outputs=st.just(3)))
def test_an_output_is_its_column(spectrum):
    for k in range(3):
        assert spectrum.output(k).output_shape == ()
        np.testing.assert_allclose(table(spectrum.output(k)), table(spectrum)[:, k], atol=1e-13)


def test_terms_are_sorted_by_order_then_lexicographically():
    spectrum = Spectrum.from_dict(5, {(1, 2): 1.0, (4,): 2.0, (): 3.0, (0, 4): 4.0, (0,): 5.0})
    assert list(spectrum.as_dict()) == [(), (0,), (4,), (0, 4), (1, 2)]
    assert list(spectrum) == list(spectrum.as_dict().items())
    assert spectrum.orders.tolist() == [0, 1, 1, 2, 2]
    assert spectrum.max_order == 2
    assert spectrum.supports.tolist() == [[5, 5], [0, 5], [4, 5], [0, 4], [1, 2]]


def test_the_order_of_features_in_a_key_does_not_matter():
    spectrum = Spectrum.from_dict(4, {(2, 0): 1.0, (0, 2): 0.5, (3, 1, 0): 2.0})
    assert spectrum.as_dict() == {(0, 2): 1.5, (0, 1, 3): 2.0}


def test_equal_rows_are_added():
    spectrum = Spectrum.from_terms(3, np.array([[1, 2], [0, 3], [1, 2]]), np.array([1.0, 2.0, 0.25]))
    assert spectrum.as_dict() == {(0,): 2.0, (1, 2): 1.25}


def test_features_of_a_row_may_be_in_any_order():
    spectrum = Spectrum.from_terms(4, np.array([[2, 0, 4], [4, 0, 2], [4, 4, 3]]), np.array([1.0, 0.5, 2.0]))
    assert spectrum.as_dict() == {(3,): 2.0, (0, 2): 1.5}


@pytest.mark.parametrize("row", [[0, 5], [-1, 4], [2, 2]])
def test_rows_that_are_no_sets_are_refused(row):
    with pytest.raises(
        InputError, match=r"supports: \[.*\] is not a set of features; use distinct integers from 0 to 3"
    ):
        Spectrum.from_terms(4, np.array([[0, 1], row]), np.ones(2))


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda s: Spectrum.from_terms(1.5, s.supports, s.coefficients), "n"),
        (lambda s: Spectrum.from_terms(3, None, s.coefficients), "supports"),
        (lambda s: Spectrum.from_terms(3, s.supports * 1.0, s.coefficients), "supports"),
        (lambda s: Spectrum.from_terms(3, s.supports, "ab"), "coefficients"),
        (lambda s: Spectrum.zero(-1), "n"),
        (lambda s: s.top(-1), "k"),
        (lambda s: s.top("2"), "k"),
        (lambda s: s.truncate(-1), "max_order"),
        (lambda s: s.truncate(1.5), "max_order"),
        (lambda s: s.placed([0, 1], 5), "at"),
        (lambda s: s.placed([2, 0, 1], 5), "at"),
        (lambda s: s.placed([0, 1, 5], 5), "at"),
        (lambda s: s.placed([0, 1, 2], None), "n"),
    ],
)
def test_wrong_arguments_are_named(call, name):
    spectrum = Spectrum.from_dict(3, {(0,): 1.0, (1, 2): 2.0})
    with pytest.raises(InputError, match=f"^{name}: "):
        call(spectrum)


@pytest.mark.parametrize("count", [1, 3])
def test_a_coefficient_for_every_set(count):
    with pytest.raises(
        InputError, match=rf"coefficients: expected 2, one for each set, got an array of shape \({count},\)"
    ):
        Spectrum.from_terms(3, np.array([[0], [1]]), np.ones(count))


def test_outputs_share_their_supports():
    spectrum = Spectrum.from_dict(3, {(0,): [1.0, 0.0], (1, 2): [0.0, 2.0]})
    assert spectrum.output_shape == (2,)
    assert spectrum.predict(np.array([[True, True, False]])).tolist() == [[-1.0, -2.0]]


@pytest.mark.parametrize("outputs", [(), (2,)])
def test_the_zero_function(outputs):
    zero = Spectrum.zero(4, outputs)
    assert len(zero) == 0
    assert zero.max_order == 0
    assert not zero.predict(all_masks(4)).any()
    assert zero.predict(all_masks(4)).shape == (16, *outputs)
    assert (zero.variance() == 0).all()
    assert len(zero.top(3)) == len(zero.truncate(2)) == len(zero + zero) == 0


@pytest.mark.parametrize("term", [(0, 0), (4,), (-1,), (1, 2, 1), (0.5,), ("a",)])
def test_terms_must_be_sets_of_features(term):
    with pytest.raises(InputError, match="not a set of features"):
        Spectrum.from_dict(4, {term: 1.0})


def test_empty_dictionary_is_the_zero_function():
    assert len(Spectrum.from_dict(3, {})) == 0


@pytest.mark.parametrize("shape", [(3,), (2, 4), (1, 2, 3)])
def test_masks_of_another_shape_are_refused(shape):
    with pytest.raises(InputError, match=r"shape \(m, 3\)"):
        Spectrum.from_dict(3, {(0,): 1.0}).predict(np.zeros(shape, dtype=bool))


def test_masks_may_be_zeros_and_ones_and_may_be_none():
    spectrum = Spectrum.from_dict(2, {(0, 1): 1.0})
    assert spectrum.predict([[0, 1], [1, 1]]).tolist() == [-1.0, 1.0]
    assert spectrum.predict(np.zeros((0, 2), dtype=bool)).shape == (0,)


def test_unequal_functions_cannot_be_added():
    x = Spectrum.from_dict(3, {(0,): 1.0})
    for other in (Spectrum.from_dict(4, {(0,): 1.0}), Spectrum.from_dict(3, {(0,): [1.0, 2.0]})):
        with pytest.raises(InputError, match="n and outputs agree"):
            x + other
    with pytest.raises(TypeError):
        x + 1.0


def test_lengths_must_agree_and_scalar_spectra_have_no_outputs():
    with pytest.raises(InputError, match="same length"):
        Spectrum(3, np.zeros((2, 1), dtype=np.int32), np.zeros(3))
    with pytest.raises(InputError, match="one scalar output"):
        Spectrum.from_dict(3, {(0,): 1.0}).output(0)


def test_spectra_do_not_change():
    given = np.array([1.0, 2.0])
    spectrum = Spectrum.from_terms(3, np.array([[0], [1]]), given)
    with pytest.raises(FrozenInstanceError):
        spectrum.n = 4
    for array in (spectrum.coefficients, spectrum.supports, spectrum.top(1).coefficients):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    given[0] = 7.0
    assert spectrum.as_dict() == {(0,): 1.0, (1,): 2.0}


def test_repr_names_size_and_outputs():
    assert repr(Spectrum.from_dict(3, {(0, 1): 1.0})) == "Spectrum(n=3, terms=1, max_order=2)"
    assert "outputs=2" in repr(Spectrum.zero(3, (2,)))


@pytest.mark.parametrize("masks", [[[0.3, 1.0]], [[2, 0]], [[-1, 0]], [["a", "b"]], [[None, 0]]])
def test_masks_hold_zeros_and_ones(masks):
    spectrum = Spectrum.from_dict(2, {(0,): 1.0})
    with pytest.raises(InputError, match=r"^masks: must be bool or hold only 0"):
        spectrum.predict(masks)
    assert spectrum.predict([[0, 1.0]]) == 1.0
