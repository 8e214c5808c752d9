"""Interactions over a data set, by columns and by words."""

from __future__ import annotations

import numpy as np
import pytest
from games import random_spectrum

import spex_plugins as spex
from spex_plugins import InputError, Interactions, Spectrum


def row(names, moebius, outputs=None):
    """An explanation whose Möbius transform is given."""
    found = Spectrum.zero(len(names), () if outputs is None else (outputs,))
    for term, value in moebius.items():
        values = np.asarray(value, dtype=float)
        parts = {
            tuple(term[i] for i in range(len(term)) if number >> i & 1): values
            * (-1) ** bin(number).count("1")
            / 2 ** len(term)
            for number in range(2 ** len(term))
        }
        found = found + Spectrum.from_dict(len(names), parts)
    shape = found.output_shape
    ends = {"empty_value": np.zeros(shape), "full_value": np.zeros(shape)}
    return Interactions(found, tuple(names), 5, 5, np.full(shape, 0.5), "test", "none", "no plan", **ends)


TEXTS = [
    row(["It", "is", "not", "Good."], {(2, 3): -2.0, (3,): 1.0}),
    row(["Good,", "and", "not", "bad,", "not", "at", "all!"], {(2, 3): 1.5, (0, 2): -0.5, (0, 4): -0.25}),
    row(["Nothing", "else"], {(0,): -1.0}),
]


def test_words_are_the_same_in_different_texts():
    table = spex.over_rows(TEXTS)
    column = dict(zip(table.terms, table.values.T, strict=True))
    np.testing.assert_allclose(
        column["not", "good"], [-2.0, -0.75, np.nan], atol=1e-12
    )  # two "not", added up
    np.testing.assert_allclose(column["not", "bad"], [np.nan, 1.5, np.nan], atol=1e-12)
    np.testing.assert_allclose(column["good",], [1.0, 0.0, np.nan], atol=1e-12)
    pairs = dict(zip(table.terms, table.mean_abs, strict=True))
    assert pairs["not", "good"] == pytest.approx(2.75 / 3)
    assert dict(zip(table.terms, table.rows, strict=True))["not", "good"] == 2
    assert dict(zip(table.terms, table.mean, strict=True))["not", "good"] == pytest.approx(-2.75 / 2)


def test_columns_are_told_apart_as_they_are_named():
    rows = [row(["Age", "age", "bp."], {(0, 1): value, (2,): 1.0}) for value in (1.0, -3.0)]
    table = spex.over_rows(rows)
    column = dict(zip(table.terms, table.values.T, strict=True))
    np.testing.assert_allclose(column["Age", "age"], [1.0, -3.0], atol=1e-12)
    assert table.terms[0] == ("Age", "age")
    assert table.names[0] == "Age × age"
    np.testing.assert_allclose(table.mean_abs[:2], [2.0, 1.0], atol=1e-12)


LONG = [f"The quick brown fox number {i} jumps over the lazy dog near the riverbank" for i in range(3)]


@pytest.mark.parametrize("names", [LONG, ["a", "a ", " a"], ["", " ", "  "], ["a\x00", "a\x01", "a\ufffd"]])
def test_columns_that_look_alike_stay_apart(names):
    """Their names are shortened and made visible to be shown, not to be compared."""
    truth = {(0,): 1.0, (1,): -2.0, (0, 2): 0.5}
    table = spex.over_rows([row(names, {term: value * k for term, value in truth.items()}) for k in (1, 3)])
    assert sorted(table.mean_abs.tolist()) == pytest.approx([1.0, 2.0, 4.0])
    assert sorted(table.values[1].tolist()) == pytest.approx([-6.0, 1.5, 3.0])
    assert len(set(table.names)) == 3


def test_sentences_are_the_same_only_if_all_their_words_are():
    rows = [
        row(LONG[:2], {(0,): 1.0, (1,): 2.0}),
        row([LONG[2], LONG[1].upper() + "!"], {(0,): 4.0, (1,): 8.0}),
    ]
    table = spex.over_rows(rows)
    assert len(table) == len(set(table.names)) == 3
    np.testing.assert_allclose(table.values, [[2.0, np.nan, 1.0], [8.0, 4.0, np.nan]], atol=1e-12)


@pytest.mark.parametrize("index", ["SV", "FSII", "STII", "Moebius"])
def test_values_are_those_of_every_row(index):
    rng = np.random.default_rng(0)
    truth = [random_spectrum(6, 10, 3, rng) for _ in range(5)]
    rows = [spex.explain(one.predict, 6, budget=64, progress=False) for one in truth]
    table = spex.over_rows(rows, index)
    for found, values in zip(rows, table.values, strict=True):
        expected = found.index(index).as_dict()
        for term, value in zip(table.terms, values, strict=True):
            assert value == pytest.approx(expected.get(tuple(int(name[1:]) for name in term), 0.0), abs=1e-10)
    assert (np.diff(table.mean_abs) <= 1e-12).all()
    assert set(table.interactions().orders) <= {2}
    assert set(table.of_order(1).orders) == {1}


def test_how_often_a_set_is_among_the_strongest():
    rows = [row([f"x{i}" for i in range(14)], {(i,): 1.0 + i for i in range(14)} | {(0, 1): 1.0})] * 3
    table = spex.over_rows(rows)
    often = dict(zip(table.terms, table.often.tolist(), strict=True))
    assert often["x0", "x1"] == 3
    assert often["x13",] == 3
    assert often["x2",] == 0


def test_one_of_several_outputs():
    rows = [row("ab", {(0, 1): [1.0, -2.0]}, 2), row("ab", {(0, 1): [3.0, 0.5]}, 2)]
    np.testing.assert_allclose(spex.over_rows(rows, output=1).values[:, 0], [-2.0, 0.5], atol=1e-12)
    with pytest.raises(InputError, match=r"^rows: their value functions have different numbers of outputs"):
        spex.over_rows([rows[0], TEXTS[0]])
    with pytest.raises(InputError, match=r"^output: there are 2 outputs, from 0, got 2"):
        spex.over_rows(rows, output=2)
    for no_rows in (rows[0], None, [rows[0], 5]):
        with pytest.raises(InputError, match=r"^rows: expected a sequence of"):
            spex.over_rows(no_rows)
    with pytest.raises(InputError, match="output: there are 2 outputs"):
        spex.over_rows(rows)
    one = row("ab", {(0, 1): 1.0})
    for options in ({}, {"output": 1}):
        with pytest.raises(InputError, match="different numbers of outputs"):
            spex.over_rows([*rows, one], **options)


def test_it_is_shown_in_a_terminal_and_in_a_notebook():
    rows = [row(["<b>", "c"], {(0, 1): 1.0})]
    table = spex.over_rows(rows)
    assert repr(table).splitlines()[0] == "FSII, order ≤ 2, over 1 row: 1 set"
    assert "<b> × c" in repr(table)
    assert "&lt;b&gt; × c" in table._repr_html_()
    frame = table.to_frame()
    assert frame.columns.tolist() == ["term", "order", "mean_abs", "mean", "rows", "often"]


def test_other_things_are_refused():
    for rows in ([], [1], [None]):
        with pytest.raises(InputError, match="rows: expected a sequence"):
            spex.over_rows(rows)
