"""Soft decoding: what flips of unreliable bits add to hard decoding, and what they must not add."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spex_plugins.core.decoding import soft_decoding as chase
from spex_plugins.core.decoding.bch import bch
from spex_plugins.core.decoding.soft_decoding import decode_words


def parities(code, supports):
    out = np.zeros((len(supports), code.p), dtype=bool)
    for row, support in zip(out, supports, strict=True):
        for i in support:
            row ^= code.parity_matrix[i]
    return out


def received_with_errors(code, n_words, flips, rng):
    """Draw words with t message bits and ``flips`` bit errors, all in the least reliable positions."""
    supports = [sorted(rng.choice(code.n, code.t, replace=False).tolist()) for _ in range(n_words)]
    bits = parities(code, supports)
    sizes = rng.uniform(1.0, 2.0, bits.shape)
    for row, size in zip(bits, sizes, strict=True):
        wrong = rng.choice(code.p, flips, replace=False)
        row[wrong] ^= True
        size[wrong] = rng.uniform(0.01, 0.5, flips)
    return supports, np.where(bits, -sizes, sizes)


def candidates(found):
    words, supports = found
    return set(zip(words.tolist(), map(tuple, supports.tolist()), strict=True))


@given(st.integers(10, 200), st.integers(2, 5), st.integers(1, 5), st.integers(0, 2**32 - 1))
def test_errors_in_the_least_reliable_bits_are_corrected(n, t, flips, seed):
    code, rng = bch(n, t), np.random.default_rng(seed)
    supports, received = received_with_errors(code, 6, flips, rng)
    assert not {(w, tuple(s)) for w, s in enumerate(supports)} & candidates(decode_words(code, received, 0))
    found = candidates(decode_words(code, received, flips))
    assert found >= {(w, tuple(s)) for w, s in enumerate(supports)}


@given(st.integers(10, 100), st.integers(2, 4), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_a_negative_coefficient_decodes_to_the_same_sets(n, t, flips, seed):
    code, rng = bch(n, t), np.random.default_rng(seed)
    supports, received = received_with_errors(code, 5, flips, rng)
    found = candidates(decode_words(code, -received, flips))
    assert found == candidates(decode_words(code, received, flips))
    assert found >= {(w, tuple(s)) for w, s in enumerate(supports)}


@given(st.integers(3, 100), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_without_flips_it_is_hard_decoding_of_both_signs(n, t, seed):
    code, rng = bch(n, t), np.random.default_rng(seed)
    received = rng.normal(size=(50, code.p))
    expected = candidates(code.decode(received < 0)) | candidates(code.decode(received >= 0))
    assert candidates(decode_words(code, received, 0)) == expected


@given(st.integers(3, 60), st.integers(1, 3), st.integers(0, 6), st.integers(0, 2**32 - 1))
def test_candidates_are_distinct_and_close_to_their_word(n, t, flips, seed):
    code, rng = bch(n, t), np.random.default_rng(seed)
    received = rng.normal(size=(20, code.p))
    words, supports = decode_words(code, received, flips)
    assert len(candidates((words, supports))) == len(words)
    assert (np.diff(words) >= 0).all()
    sent = parities(code, [[i for i in row if i < n] for row in supports.tolist()])
    errors = (sent ^ (received[words] < 0)).sum(axis=1)
    size = (supports < n).sum(axis=1)
    assert (np.minimum(errors, code.p - errors) + size <= t + flips).all()


def test_more_flips_only_add_candidates():
    code, rng = bch(30, 3), np.random.default_rng(3)
    received = rng.normal(size=(100, code.p))
    few, many = (candidates(decode_words(code, received, flips)) for flips in (2, 5))
    assert few < many


def test_chunks_do_not_change_the_answer(monkeypatch):
    code, rng = bch(30, 3), np.random.default_rng(4)
    _, received = received_with_errors(code, 40, 3, rng)
    whole = decode_words(code, received, 3)
    monkeypatch.setattr(chase, "_CHUNK", 100)
    for x, y in zip(whole, decode_words(code, received, 3), strict=True):
        np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("flips", [0, 3, 1000])
def test_no_words_and_more_flips_than_bits(flips):
    code = bch(4, 1)
    words, supports = decode_words(code, np.zeros((0, code.p)), flips)
    assert len(words) == 0
    assert supports.shape == (0, 1)
    words, supports = decode_words(code, np.ones((1, code.p)), flips)
    assert [code.n] in supports.tolist()
