"""The polynomial equals the prediction at every mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from games import random_spectrum
from hypothesis import given
from hypothesis import strategies as st
from oracles import all_masks
from small_explanations import explained

from spex_plugins import InputError

sympy = pytest.importorskip("sympy")


def values_of(expression, masks):
    n = masks.shape[1]
    x = sympy.symbols(f"x0:{n}", integer=True)
    assert expression.free_symbols <= set(x)
    found = sympy.lambdify([x], expression, "numpy")(masks.T.astype(float))
    return np.broadcast_to(found, len(masks))


@pytest.mark.parametrize("basis", ["fourier", "moebius"])
@given(n=st.integers(1, 6), count=st.integers(0, 12), seed=st.integers(0, 2**32 - 1))
def test_the_polynomial_is_the_prediction_at_all_masks(basis, n, count, seed):
    rng = np.random.default_rng(seed)
    spectrum = random_spectrum(n, min(count, 2**n - 1), n, rng)
    found = replace(explained(n), function=spectrum)
    masks = all_masks(n)
    np.testing.assert_allclose(values_of(found.to_sympy(basis), masks), found.predict(masks), atol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("basis", ["fourier", "moebius"])
@pytest.mark.parametrize("estimator", ["auto", "shapley", "gaussian_process", "sparse_regression"])
def test_functions_with_more_terms_than_their_spectrum_too(basis, estimator):
    found = explained(8, budget=100, estimator=estimator)
    masks = all_masks(8)
    np.testing.assert_allclose(values_of(found.to_sympy(basis), masks), found.predict(masks), atol=1e-9)


def test_what_cannot_be_listed_is_refused_and_cut_where_that_is_wanted():
    found = explained(20, budget=150, estimator="shapley", index="SV")
    for terms in (0, -1, 2.5, "moebius"):
        with pytest.raises(InputError, match=r"^terms: must be an integer ≥ 1"):
            found.to_sympy("fourier", terms=terms)
    with pytest.raises(InputError, match=r"terms: .*to_sympy\(terms=50\)"):
        found.to_sympy()
    masks = np.random.default_rng(0).random((50, 20)) < 0.5
    expected = found.function.spectrum.top(15).predict(masks)
    np.testing.assert_allclose(values_of(found.to_sympy("fourier", terms=15), masks), expected, atol=1e-12)


def test_other_bases_and_several_outputs_are_refused():
    with pytest.raises(InputError, match="basis: must be one of"):
        explained().to_sympy("legendre")
    with pytest.raises(InputError, match=r"output: there are 2 outputs; choose one.*output\(0\)\.to_sympy"):
        explained(outputs=2).to_sympy()
    with pytest.raises(InputError, match=r"output: there is 1 output; choose"):
        explained(outputs=1).to_latex()


def test_numbers_of_terms_and_digits_are_checked():
    with pytest.raises(InputError, match=r"terms: must be an integer ≥ 1 .*, got -1"):
        explained().to_sympy(terms=-1)
    with pytest.raises(InputError, match="digits: must be an integer ≥ 1, got 0"):
        explained().to_latex(digits=0)


def test_latex_names_the_features_and_rounds():
    found = explained(6).renamed(["not", "good", "not", "a_b & {c}", "100%", "x^2\\"])
    text = found.to_latex(digits=3)
    assert r"\text{not}" not in text  # two words are told apart
    assert r"\text{not$_1$}" in text
    assert r"\text{a\_b \& \{c\}}" in found.to_latex()
    assert r"\text{100\%}" in found.to_latex()
    assert r"\text{x\textasciicircum{}2\textbackslash{}}" in found.to_latex()
    numbers = [part for part in text.replace("-", " ").replace("(", " ").split() if part[0].isdigit()]
    assert numbers
    assert all(len(part.rstrip("}$").replace(".", "").lstrip("0")) <= 3 for part in numbers)
