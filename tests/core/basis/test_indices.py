"""Every index against its definition, against shapiq, and against what characterises it."""

from __future__ import annotations

import warnings
from fractions import Fraction
from itertools import combinations, pairwise
from math import comb
from time import process_time

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks, fourier, index, symmetric_faithful, value_at

from spex_plugins import INDICES, InputError, Spectrum
from spex_plugins.core.basis.feature_sets import to_sets

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from shapiq import ExactComputer

SYMBOLS = ["Fourier", *INDICES]
SINGLE = ("SV", "BV")
EFFICIENT = ["SV", "k-SII", "STII", "FSII"]
FACTORIES = {
    "dense": lambda n, rng: rng.normal(size=2**n),
    "sparse": lambda n, rng: random_spectrum(n, min(5, 2**n - 1), n, rng).predict(all_masks(n)),
    "integer": lambda n, rng: rng.integers(-3, 4, 2**n).astype(float),
    "and": lambda n, rng: np.r_[np.zeros(2**n - 1), 1.0],
}


def read(spectrum, symbol, order):
    supports, values = spectrum.convert(symbol, order)
    return dict(zip(to_sets(supports, spectrum.n), values.tolist(), strict=True))


def spectrum_of(table):
    """Return the exact spectrum of a table, by the definition of the transform."""
    terms = fourier(table)
    return Spectrum.from_dict(int(np.log2(len(table))), {s: v for s, v in terms.items() if abs(v) > 1e-14})


def check(found, expected, tolerance=1e-9):
    scale = max(map(abs, expected.values())) + 1.0
    assert found.keys() <= expected.keys()
    for features, value in expected.items():
        assert abs(found.get(features, 0.0) - value) <= tolerance * scale, features


def orders(symbol, n):
    return [1] if symbol in SINGLE else range(1, n + 1)


@pytest.mark.parametrize("kind", FACTORIES)
@pytest.mark.parametrize("symbol", SYMBOLS)
@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_equals_the_definition_at_every_order(symbol, kind, n):
    table = FACTORIES[kind](n, np.random.default_rng(n))
    for order in orders(symbol, n):
        check(read(spectrum_of(table), symbol, order), index(symbol, table, order))


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_equals_the_definition_on_seven_features(symbol):
    table = np.random.default_rng(7).normal(size=2**7)
    for order in [1] if symbol in SINGLE else [2, 3]:
        check(read(spectrum_of(table), symbol, order), index(symbol, table, order))


@pytest.mark.parametrize("n", [3, 6, 8])
@pytest.mark.parametrize("symbol", sorted(INDICES))
def test_equals_shapiq(symbol, n):
    """To shapiq's own accuracy: it solves FSII numerically with large weights in place of constraints."""
    table = np.random.default_rng(n).normal(size=2**n)
    computer = ExactComputer(lambda masks: table[np.asarray(masks, dtype=int) @ (1 << np.arange(n))], n)
    spectrum = spectrum_of(table)
    for order in [1] if symbol in SINGLE else [1, 2, 3]:
        theirs = computer(symbol, n if symbol == "Moebius" else order).dict_values
        expected = {s: float(v) for s, v in theirs.items() if 0 < len(s) <= order}
        found = {s: v for s, v in read(spectrum, symbol, order).items() if s}
        check(found, expected, 1e-6 if symbol == "FSII" else 1e-10)


@pytest.mark.parametrize("symbol", ["SV", "SII", "k-SII", "STII", "BII", "FBII"])
def test_the_empty_set_follows_shapiq(symbol):
    """SII and BII average f over the masks; the efficient indices start from f(∅); BV see below."""
    n = 4
    table = np.random.default_rng(4).normal(size=2**n)
    computer = ExactComputer(lambda masks: table[np.asarray(masks, dtype=int) @ (1 << np.arange(n))], n)
    order = 1 if symbol == "SV" else 2
    expected = computer(symbol, order).dict_values[()]
    assert abs(read(spectrum_of(table), symbol, order)[()] - expected) < 1e-10


def test_the_empty_set_of_the_banzhaf_indices_is_the_mean():
    table = np.random.default_rng(5).normal(size=2**4)
    for symbol, order in (("BV", 1), ("BII", 2), ("Fourier", 2)):
        assert abs(read(spectrum_of(table), symbol, order)[()] - table.mean()) < 1e-12


@st.composite
def spectra(draw, outputs=None):
    n = draw(st.integers(2, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return random_spectrum(n, min(8, 2**n - 1), 6, rng, outputs)


@given(spectra(), st.sampled_from(EFFICIENT), st.integers(1, 4))
def test_efficient_indices_add_up_to_the_difference_of_the_ends(spectrum, symbol, order):
    assert INDICES[symbol].efficient
    values = read(spectrum, symbol, 1 if symbol == "SV" else order)
    empty, full = spectrum.predict(np.array([[False] * spectrum.n, [True] * spectrum.n]))
    assert abs(sum(values.values()) - full) < 1e-9
    assert abs(values.get((), 0.0) - empty) < 1e-9


@given(spectra())
def test_all_moebius_coefficients_add_up_to_the_full_mask(spectrum):
    values = read(spectrum, "Moebius", spectrum.max_order)
    assert abs(sum(values.values()) - spectrum.predict(np.ones((1, spectrum.n), dtype=bool))[0]) < 1e-9


@pytest.mark.parametrize("symbol", ["BV", "SII", "BII", "FBII"])
def test_indices_that_are_not_efficient_say_so(symbol):
    table = np.random.default_rng(0).normal(size=2**4)
    values = read(spectrum_of(table), symbol, 1 if symbol == "BV" else 2)
    total = sum(v for s, v in values.items() if s)
    assert not INDICES[symbol].efficient
    assert abs(total - (table[-1] - table[0])) > 1e-3


@given(st.integers(2, 12), st.sampled_from(SYMBOLS), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_linear(n, symbol, order, seed):
    rng = np.random.default_rng(seed)
    order = 1 if symbol in SINGLE else order
    x, y = (random_spectrum(n, min(6, 2**n - 1), 5, rng) for _ in range(2))
    left = read(x + 2.5 * y, symbol, order)
    of_x, of_y = read(x, symbol, order), read(y, symbol, order)
    expected = {s: of_x.get(s, 0.0) + 2.5 * of_y.get(s, 0.0) for s in of_x | of_y}
    check(left, expected, 1e-12)


@given(spectra(), st.sampled_from(SYMBOLS), st.integers(1, 3), st.randoms(use_true_random=False))
def test_symmetric(spectrum, symbol, order, random):
    order = 1 if symbol in SINGLE else order
    to = list(range(spectrum.n))
    random.shuffle(to)
    moved = Spectrum.from_dict(
        spectrum.n, {tuple(to[i] for i in s): v for s, v in spectrum.as_dict().items()}
    )
    expected = {tuple(sorted(to[i] for i in s)): v for s, v in read(spectrum, symbol, order).items()}
    found = read(moved, symbol, order)
    assert found.keys() == expected.keys()
    check(found, expected, 1e-12)


@given(spectra(), st.sampled_from(SYMBOLS), st.integers(1, 3))
def test_features_that_never_matter_receive_nothing(spectrum, symbol, order):
    order = 1 if symbol in SINGLE else order
    used = {i for s in spectrum.as_dict() for i in s}
    assert {i for s in read(spectrum, symbol, order) for i in s} <= used


@given(spectra(outputs=3), st.sampled_from(SYMBOLS), st.integers(1, 3))
def test_outputs_are_read_one_by_one(spectrum, symbol, order):
    order = 1 if symbol in SINGLE else order
    together = read(spectrum, symbol, order)
    for k in range(3):
        check(read(spectrum.output(k), symbol, order), {s: v[k] for s, v in together.items()}, 1e-12)


def test_values_come_in_canonical_order_without_zeros():
    """χ of two features: the Möbius coefficients of the singles cancel in f = 1 − χ₀ − χ₁ + χ₀₁ (4·AND)."""
    spectrum = Spectrum.from_dict(4, {(): 1.0, (0,): -1.0, (1,): -1.0, (0, 1): 1.0, (2, 3): 1.0})
    supports, values = spectrum.convert("Moebius", 2)
    assert to_sets(supports, 4) == [(), (2,), (3,), (0, 1), (2, 3)]
    assert values.tolist() == [1.0, -2.0, -2.0, 4.0, 4.0]


def test_small_values_are_no_rounding_errors():
    spectrum = Spectrum.from_dict(3, {(0,): 1.0, (1, 2): 1e-10})
    for symbol in sorted(set(SYMBOLS) - set(SINGLE)):
        assert abs(read(spectrum, symbol, 2)[1, 2]) >= 1e-10


def test_outputs_of_very_different_size_keep_their_values():
    spectrum = Spectrum.from_dict(3, {(0,): [1e20, 0.0], (1,): [0.0, 1.0], (1, 2): [0.0, -2.0]})
    for symbol in SYMBOLS:
        order = 1 if symbol in SINGLE else 2
        alone = read(spectrum.output(1), symbol, order)
        assert {s: v[1] for s, v in read(spectrum, symbol, order).items() if v[1]} == {
            s: v for s, v in alone.items() if v
        }


# Parity games f(m) = (−1)^{Σ m_i} on s features: one Fourier term of order s, with closed forms.


def parity(s):
    return Spectrum.from_dict(s + 2, {tuple(range(1, s + 1)): 1.0})


@pytest.mark.parametrize("s", [1, 2, 11, 12, 30, 31, 61])
def test_values_of_a_parity(s):
    """SV(i) = −2/s for odd s and 0 for even s; BV(i) = 0 unless s = 1."""
    start = process_time()
    shapley, banzhaf = read(parity(s), "SV", 1), read(parity(s), "BV", 1)
    assert process_time() - start < 1.0
    singles = [(i,) for i in range(1, s + 1)]
    expected = {(): 1.0} | (dict.fromkeys(singles, -2.0 / s) if s % 2 else {})
    assert shapley.keys() == expected.keys()
    check(shapley, expected, 1e-15)
    assert banzhaf == ({(1,): -2.0} if s == 1 else {})


@pytest.mark.parametrize("s", [3, 12, 30, 31])
def test_pairs_of_a_parity(s):
    """Δ_{ij} f(T) = 4 (−1)^{|T|}, averaged with the weights that define SII, BII and STII."""
    pair, signs = (1, 2), [Fraction(4 * (-1) ** t) for t in range(s - 1)]
    assert read(parity(s), "SII", 2).get(pair, 0.0) == pytest.approx(float(sum(signs)) / (s - 1), rel=1e-15)
    assert read(parity(s), "BII", 2) == {}
    taylor = sum(x * Fraction(2 * comb(s - 2, t), s * comb(s - 1, t)) for t, x in enumerate(signs))
    assert read(parity(s), "STII", 2).get(pair, 0.0) == pytest.approx(float(taylor), rel=1e-15)


@pytest.mark.parametrize("order", [1, 2, 3])
@pytest.mark.parametrize("s", [4, 9, 12, 25, 30])
@pytest.mark.parametrize(("symbol", "kernel"), [("FSII", "shapley"), ("FBII", "uniform")])
def test_faithful_indices_of_a_parity(symbol, kernel, s, order):
    exact = symmetric_faithful([(-1) ** k for k in range(s + 1)], order, kernel)
    found = read(parity(s), symbol, order)
    for size, value in enumerate(exact):
        for features in list(combinations(range(1, s + 1), size))[:3]:
            assert found.get(features, 0.0) == pytest.approx(float(value), rel=1e-14, abs=1e-300)


@pytest.mark.parametrize(("symbol", "kernel"), [("FSII", "shapley"), ("FBII", "uniform")])
def test_the_rational_oracle_agrees_with_the_dense_one(symbol, kernel):
    sizes = [0, 1, 5, -2, 3]
    table = np.array([float(sizes[number.bit_count()]) for number in range(16)])
    exact = symmetric_faithful(sizes, 2, kernel)
    check({s: float(exact[len(s)]) for s in index(symbol, table, 2)}, index(symbol, table, 2), 1e-10)


def test_an_and_of_twelve_features_is_shared_equally():
    terms = {
        s: (-1.0) ** size / 2**12 for size in range(13) for s in combinations(range(12), size)
    }  # Π m_i = Π (1 − χ_i)/2
    game = Spectrum.from_dict(14, terms)
    check(read(game, "SV", 1), {(i,): 1 / 12 for i in range(12)}, 1e-12)
    check({s: v for s, v in read(game, "BV", 1).items() if s}, {(i,): 2.0**-11 for i in range(12)}, 1e-14)
    pairs = {s: v for s, v in read(game, "STII", 2).items() if len(s) == 2}
    check(pairs, dict.fromkeys(combinations(range(12), 2), 1 / 66), 1e-11)


def test_without_an_order_it_is_that_of_the_spectrum():
    spectrum = Spectrum.from_dict(5, {(0, 1, 2): 1.0, (4,): 2.0})
    for symbol in sorted(set(SYMBOLS) - set(SINGLE)):
        assert read(spectrum, symbol, None) == read(spectrum, symbol, 3)
    assert read(spectrum, "SV", None) == read(spectrum, "SV", 1)


@pytest.mark.parametrize("symbol", ["Moebius", "STII", "FSII", "FBII"])
def test_an_order_beyond_the_spectrum_changes_nothing(symbol):
    """From the order of the function on, these indices are its Möbius transform."""
    spectrum = random_spectrum(6, 6, 3, np.random.default_rng(1))
    for lower, higher in pairwise([4, 5, 9]):
        check(read(spectrum, symbol, higher), read(spectrum, symbol, lower), 1e-14)
    check(read(spectrum, symbol, 4), read(spectrum, "Moebius", 3), 1e-14)


@pytest.mark.parametrize("outputs", [(), (2,)])
@pytest.mark.parametrize("symbol", SYMBOLS)
def test_the_zero_function_has_no_values(symbol, outputs):
    supports, values = Spectrum.zero(3, outputs).convert(symbol, 1)
    assert len(supports) == 0
    assert values.shape == (0, *outputs)


@pytest.mark.parametrize("symbol", SYMBOLS)
def test_a_constant_belongs_to_the_empty_set(symbol):
    assert read(Spectrum.from_dict(3, {(): 4.0}), symbol, 1) == {(): 4.0}


def test_unknown_indices_are_refused():
    with pytest.raises(InputError, match="'XYZ' is unknown"):
        parity(3).convert("XYZ", 2)


@pytest.mark.parametrize(
    ("symbol", "order"), [("SV", 2), ("BV", 3), ("FSII", 0), ("SII", -1), ("Fourier", 0)]
)
def test_orders_that_do_not_exist_are_refused(symbol, order):
    with pytest.raises(InputError, match="order: "):
        parity(3).convert(symbol, order)


@pytest.mark.parametrize("order", [1.5, "2", True])
def test_orders_must_be_integers(order):
    with pytest.raises(InputError, match="order: "):
        parity(3).convert("FSII", order)


def test_table_of_indices_names_every_symbol_once():
    assert all(symbol == entry.symbol and entry.name and entry.source for symbol, entry in INDICES.items())
    assert value_at([5, 6, 7, 8], (1,)) == 7
