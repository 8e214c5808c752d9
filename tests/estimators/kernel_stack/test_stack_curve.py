"""The logistic curve in the stack: votes and saturated functions, and what the folds say of it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_tables import index_matrix, sets_of
from numpy.testing import assert_allclose
from oracles import all_masks
from scipy.special import expit

import spex_plugins as spex
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum
from spex_plugins.core.fitted.expansion import KernelExpansion
from spex_plugins.core.fitted.fold_spread import FoldSpread
from spex_plugins.core.kernels.product_kernel import SCALES
from spex_plugins.core.logistic.wave_sum import WaveSum
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.estimators.kernel_stack import stack_fit
from spex_plugins.estimators.kernel_stack.logistic_member import fit_curves
from spex_plugins.estimators.kernel_stack.member import Samples, out_of_fold, pair_folds
from spex_plugins.estimators.kernel_stack.mixed_part import best_shares

N = 12
WEIGHTS = np.array([9.0, 7, 6, 5, 4, 4, 3, 2, 2, 1, 1, 1])


def vote(masks):
    return 1.0 * (masks @ WEIGHTS > 0.55 * WEIGHTS.sum())


def saturated(masks):
    """Return two outputs, a probability and its complement times two, with a pair that acts apart."""
    first = expit(0.4 * (masks @ WEIGHTS) - 8) + 0.1 * (masks[:, 0] & masks[:, 5])
    return np.column_stack([first, 2 - 2 * first])


def explained(function, budget=150, **options):
    return spex.explain(function, N, budget=budget, index="SV", progress=False, **options)


def errors(found, function):
    exact = spex.explain(function, N, budget=2**N, progress=False)
    table, truth = found.index("k-SII", 2).as_dict(), exact.index("k-SII", 2).as_dict()
    pairs = [table.get(s, 0.0) - v for s, v in truth.items() if len(s) == 2]
    single = found.single_values("SV").values - exact.single_values("SV").values
    return np.sqrt((single**2).mean()), np.sqrt(np.mean(np.square(pairs)))


@pytest.mark.parametrize(("function", "share"), [(vote, 0.8), (lambda m: saturated(m)[:, 0], 0.5)])
def test_votes_and_saturated_functions_are_nearer(function, share, monkeypatch):
    with_curve = errors(explained(function), function)
    monkeypatch.setattr(stack_fit, "fit_curves", lambda *_: None)
    without = errors(explained(function), function)
    assert with_curve[0] < share * without[0]
    assert with_curve[1] < share * without[1]


def by_definition(values, rows, index, order):
    """Return an index of sets of a function with values (2^n, K) at all masks."""
    n = int(np.log2(len(values)))
    supports, found = exact_spectrum(all_masks(n), values).convert(index, order)
    table = dict(zip(sets.to_sets(supports, n), found, strict=True))
    return np.array([table.get(s, np.zeros(values.shape[1])) for s in sets.to_sets(rows, n)])


def test_values_lie_within_their_deviations():
    found = explained(saturated)
    assert "a logistic curve" in found.plan
    assert any(isinstance(one, FoldSpread) for one in found.function.uncertainties)
    for index, order in (("SV", 1), ("k-SII", 2), ("FSII", 2), ("BII", 3)):
        rows = sets_of(N, order)[1:]
        off = found.function.index(rows, index, order) - by_definition(
            saturated(all_masks(N)), rows, index, order
        )
        within = np.abs(off) <= 2 * found.function.deviations(rows, index, order) + 1e-9
        assert within.mean() >= 0.85, index


def test_all_parts_are_one_function_that_meets_the_samples():
    found = explained(saturated)
    masks, function = all_masks(N), found.function
    assert any(isinstance(part, WaveSum) for part in function.expansions)
    assert_allclose(found.predict(function.masks), saturated(function.masks), atol=1e-9)
    predicted = found.predict(masks)
    for index, order in (("SV", 1), ("k-SII", 2), ("FSII", 3), ("Moebius", 2), ("Fourier", 3)):
        rows = sets_of(N, order)
        expected = by_definition(predicted, rows, index, order)
        assert_allclose(function.index(rows, index, order), expected, atol=1e-8)
    alone = found.output(1)
    assert_allclose(alone.predict(masks), found.predict(masks)[:, 1], atol=1e-12)
    rows = sets_of(N, 2)
    own = alone.function.deviations(rows, "FSII", 2)
    assert_allclose(own, function.deviations(rows, "FSII", 2)[:, 1], atol=1e-12)


def test_files_hold_waves_and_folds(tmp_path):
    found, rows = explained(saturated), sets_of(N, 2)
    found.save(tmp_path / "found.npz")
    for again in (
        spex.Interactions.load(tmp_path / "found.npz"),
        spex.Interactions.from_json(found.to_json()),
    ):
        assert_allclose(again.predict(all_masks(N)), found.predict(all_masks(N)), rtol=0, atol=0)
        for read in ("index", "deviations"):
            own, other = (getattr(one.function, read)(rows, "k-SII", 2) for one in (found, again))
            assert_allclose(own, other, rtol=0, atol=0)


def test_curves_without_a_fold_know_nothing_of_it():
    """More slopes than samples, of noise: what was left out is not predicted."""
    rng = np.random.default_rng(0)
    masks, values = rng.random((90, 80)) < 0.5, rng.normal(size=(90, 1))
    folds, used = pair_folds(masks, rng), np.ones(90, dtype=bool)
    member = fit_curves(Samples(masks, values, used, folds, np.ones(90)), None)
    error = ((values - out_of_fold(member.of_folds, folds)) ** 2).mean()
    assert error > 0.95 * values.var()


def test_spread_of_folds_is_that_of_the_jackknife():
    rng, n, n_folds = np.random.default_rng(0), 5, 3

    def waves(outputs):
        weights = rng.normal(size=8) + 1j * rng.normal(size=8)
        return WaveSum(rng.normal(size=(8, n)), weights, rng.integers(0, outputs, 8), outputs)

    kernel = SizedKernel(rng.random(n), np.ones(len(SCALES)), np.zeros(len(SCALES)))
    correction = KernelExpansion(kernel, rng.random((6, n)) < 0.5, rng.normal(size=(6, 2 * n_folds)))
    spread = FoldSpread(n_folds, (waves(2),), (waves(2 * n_folds), correction))
    masks, rows = all_masks(n), sets_of(n, 2)
    whole = index_matrix("k-SII", 2, n) @ (spread.of_all[0].predict(masks))
    folds = index_matrix("k-SII", 2, n) @ (sum(part.predict(masks) for part in spread.without_fold))
    differences = [folds[:, 2 * k : 2 * k + 2] - whole for k in range(n_folds)]
    expected = np.sqrt(2 / 3 * np.sum(np.square(differences), axis=0))
    assert_allclose(spread.deviations(rows, "k-SII", 2), expected, atol=1e-9)
    some = spread.of_outputs(np.array([1])).scaled(np.array([3.0]))
    assert_allclose(some.deviations(rows, "k-SII", 2), 3 * expected[:, 1:], atol=1e-9)


@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
@settings(max_examples=20, deadline=None)
def test_shares_are_those_with_the_least_error(seed, members):
    """No other shares, and no member alone, have less; of an exact member everything is taken."""
    rng = np.random.default_rng(seed)
    errors, counted = rng.normal(size=(members, 30, 2)) + rng.normal(size=(30, 2)), rng.random(30)
    shares = best_shares(errors, counted)
    assert_allclose(shares.sum(axis=0), 1)
    assert (shares >= 0).all()

    def squares(some):
        return counted @ (some[:, None] * errors).sum(axis=0) ** 2

    others = rng.dirichlet(np.ones(members), size=200)
    others = np.concatenate([others, np.eye(members)])
    assert all((squares(shares) <= squares(np.column_stack([one, one])) + 1e-9).all() for one in others)
    errors[0] = 0.0
    assert_allclose(best_shares(errors, counted)[0], 1)


def test_an_empty_table_has_no_deviations():
    found = explained(vote)
    assert "a logistic curve" in found.plan
    assert found.deviations(found.index("SV").of_order(2)).shape == (0,)
