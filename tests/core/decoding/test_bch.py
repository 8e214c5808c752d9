"""BCH codes: the generator and decoder of galois, distances by brute force, linear syndromes."""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from math import comb

import galois
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.decoding.bch import bch

CASES = [(4, 1), (5, 2), (7, 2), (21, 2), (16, 3), (11, 1), (40, 3), (100, 5), (30, 4), (1000, 5)]


def encode(code, support):
    parities = np.zeros(code.p, dtype=bool)
    for i in support:
        parities ^= code.parity_matrix[i]
    return parities


def supports_of(code, rows):
    return [tuple(i for i in row if i < code.n) for row in rows.tolist()]


@lru_cache
def galois_code(a, t):
    """Return the unshortened code over the Conway polynomial; interpreted, as compiling takes seconds."""
    big = galois.GF(2**a, irreducible_poly=galois.conway_poly(2, a), compile="python-calculate")
    return galois.BCH(2**a - 1, d=2 * t + 1, extension_field=big)


@pytest.mark.slow
@pytest.mark.parametrize(("n", "t"), CASES)
def test_generator_polynomial_equals_galois(n, t):
    code = bch(n, t)
    theirs = galois_code(code.field.a, t)
    assert int(theirs.generator_poly) == code.generator
    assert code.p == theirs.n - theirs.k


@pytest.mark.slow
@pytest.mark.parametrize(("n", "t"), CASES)
def test_code_is_the_shortest_that_fits(n, t):
    code = bch(n, t)
    assert n + code.p <= code.field.size
    assert code.p <= code.field.a * t
    smaller = code.field.a - 1
    if 2 * t < 2**smaller - 1:
        assert n > galois_code(smaller, t).k


@pytest.mark.parametrize(("n", "t"), CASES)
def test_parities_equal_galois_encoding(n, t):
    code, rng = bch(n, t), np.random.default_rng(n)
    messages = rng.random((20, n)) < 0.5
    ours = (messages.astype(int) @ code.parity_matrix) % 2
    words = np.array(galois_code(code.field.a, t).encode(messages[:, ::-1].astype(int)))
    np.testing.assert_array_equal(ours, words[:, : n - 1 : -1])


@pytest.mark.parametrize(("n", "t"), [(5, 2), (7, 2), (4, 3), (11, 1), (3, 2)])
def test_decoding_every_word_finds_exactly_the_codewords_within_t(n, t):
    code = bch(n, t)
    words = (np.arange(2**code.p)[:, None] >> np.arange(code.p) & 1).astype(bool)
    expected = {}
    for size in range(t + 1):
        for support in combinations(range(n), size):
            distance = size + (words ^ encode(code, support)).sum(axis=1)
            expected |= {(w, support): True for w in np.flatnonzero(distance <= t).tolist()}
    at, rows = code.decode(words)
    assert set(zip(at.tolist(), supports_of(code, rows), strict=True)) == set(expected)
    assert len(at) == len(expected)


@pytest.mark.parametrize(("n", "t"), [(7, 2), (16, 3), (21, 2), (45, 3), (24, 1)])
def test_every_error_pattern_of_weight_t_is_decoded(n, t):
    """Message bits and parity errors together count up to t; all of them for small codes."""
    code = bch(n, t)
    length = n + code.p
    total = sum(comb(length, size) for size in range(t + 1))
    rng = np.random.default_rng(1)
    if total < 20000:
        patterns = [c for size in range(t + 1) for c in combinations(range(length), size)]
    else:
        patterns = [tuple(sorted(rng.choice(length, t, replace=False).tolist())) for _ in range(5000)]
    received = np.zeros((len(patterns), code.p), dtype=bool)
    truth = []
    for row, pattern in zip(received, patterns, strict=True):
        truth.append(tuple(i - code.p for i in pattern if i >= code.p))
        row ^= encode(code, truth[-1])
        row[[i for i in pattern if i < code.p]] ^= True
    at, rows = code.decode(received)
    np.testing.assert_array_equal(at, np.arange(len(patterns)))
    assert supports_of(code, rows) == truth


@given(st.integers(1, 400), st.integers(1, 6), st.integers(0, 2**32 - 1))
def test_up_to_t_errors_are_corrected(n, t, seed):
    t = min(n, t)
    code, rng = bch(n, t), np.random.default_rng(seed)
    size = int(rng.integers(0, t + 1))
    support = tuple(sorted(rng.choice(n, size, replace=False).tolist()))
    received = encode(code, support)
    received[rng.choice(code.p, min(t - size, code.p), replace=False)] ^= True
    at, rows = code.decode(received[None])
    assert at.tolist() == [0]
    assert supports_of(code, rows) == [support]
    assert (rows[0, size:] == n).all()


@given(st.integers(2, 200), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_what_is_decoded_lies_within_t_of_the_word(n, t, seed):
    t = min(n, t)
    code, rng = bch(n, t), np.random.default_rng(seed)
    words = rng.random((400, code.p)) < 0.5
    words[:200] = [encode(code, rng.choice(n, min(n, t + 1), replace=False)) for _ in range(200)]
    at, rows = code.decode(words)
    assert len(set(at.tolist())) == len(at)
    assert (np.diff(at) > 0).all()
    for w, support in zip(at.tolist(), supports_of(code, rows), strict=True):
        assert len(set(support)) == len(support)
        assert len(support) + (encode(code, support) ^ words[w]).sum() <= t


@pytest.mark.slow
@pytest.mark.parametrize(("a", "t"), [(4, 2), (5, 3), (6, 2)])
def test_random_words_decode_exactly_as_galois_does(a, t):
    theirs = galois_code(a, t)
    code, rng = bch(theirs.k, t), np.random.default_rng(a)
    assert code.n + code.p == code.field.size
    words = rng.random((300, code.p)) < 0.5
    sent = np.zeros((300, code.field.size), dtype=int)
    sent[:, code.n :] = words[:, ::-1]
    messages, errors = theirs.decode(galois.GF2(sent), errors=True)
    at, rows = code.decode(words)
    np.testing.assert_array_equal(at, np.flatnonzero(errors >= 0))
    assert 0 < len(at) < 300
    assert supports_of(code, rows) == [
        tuple(np.flatnonzero(np.array(messages[w])[::-1]).tolist()) for w in at.tolist()
    ]


@given(st.integers(1, 300), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_syndromes_are_linear(n, t, seed):
    code, rng = bch(n, t), np.random.default_rng(seed)
    x, y = rng.random((2, 5, code.p)) < 0.5
    np.testing.assert_array_equal(code.syndromes(x ^ y), code.syndromes(x) ^ code.syndromes(y))
    assert not code.syndromes(np.zeros((1, code.p), dtype=bool)).any()


def test_syndromes_are_the_values_of_the_word_at_powers_of_alpha():
    code = bch(40, 3)
    gf = galois.GF(2**code.field.a)
    words = np.random.default_rng(0).random((10, code.p)) < 0.5
    alpha = gf.primitive_element
    for row, word in zip(code.syndromes(words).T, words, strict=True):
        poly = galois.Poly(word[::-1].astype(int), field=gf)
        assert row.tolist() == [int(poly(alpha ** (2 * k + 1))) for k in range(code.t)]


def test_no_words_decode_to_nothing():
    at, rows = bch(10, 2).decode(np.zeros((0, bch(10, 2).p), dtype=bool))
    assert at.shape == (0,)
    assert rows.shape == (0, 2)


def test_too_long_a_code_is_refused():
    with pytest.raises(ValueError, match="no BCH code"):
        bch(20000, 5)
