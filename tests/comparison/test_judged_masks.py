"""The held-out masks that count for a run: those that it did not ask for, and all sizes alike."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.comparison.judging.held_out import masks_of_all_sizes, size_weights
from spex_plugins.comparison.report.statistics import difference, mean_score
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum

N = 6
ALL = masks_of_numbers(np.arange(2**N), N)
NOISE = np.random.default_rng(0).normal(size=2**N)


def numbers(masks):
    return masks @ (1 << np.arange(masks.shape[1]))


def noise(masks):
    return NOISE[numbers(masks)]


def remembers(count):
    """Return a method that asks for the first masks and predicts 0 at all others."""

    def method(value_function, n, budget, seed):
        values = np.zeros(2**n)
        values[:count] = value_function(ALL[:count])
        return exact_spectrum(ALL, values[:, None]).output(0)

    return method


def compared(methods, function=noise, n=N, held_out=64, **settings):
    arguments = {"budgets": 64, "progress": False} | settings
    return spex.compare(function, n, methods=methods, held_out=held_out, **arguments)


def own_r2(truth, predicted, weights):
    mean = (weights * truth).sum() / weights.sum()
    return 1 - (weights * (truth - predicted) ** 2).sum() / (weights * (truth - mean) ** 2).sum()


def law_of_sizes(masks, n):
    sizes = masks.sum(axis=1)
    return np.array([1 / comb(n, size) if 0 < size < n else 0.0 for size in sizes])


@pytest.mark.parametrize("count", [20, 40])
def test_what_a_method_has_asked_for_is_not_predicted(count):
    (run,) = compared({"remembers": remembers(count)}).runs
    scores, left, sizes = run.scores, np.arange(2**N) >= count, ALL.sum(axis=1)
    assert scores.values["r2"] == pytest.approx(own_r2(NOISE, 0 * NOISE, left))
    counts = np.bincount(sizes[left], minlength=N + 1)
    alike = left * (sizes > 0) * (sizes < N) / np.maximum(counts[sizes], 1)
    assert scores.values["r2_sizes"] == pytest.approx(own_r2(NOISE, 0 * NOISE, alike))
    assert max(scores.values["r2"], scores.values["r2_sizes"]) <= 0
    assert scores.values["infidelity"] == pytest.approx(1)  # as of any explanation by zeros
    assert scores.judged.sum() == left.sum()
    assert not scores.note


def test_a_method_is_not_judged_on_a_few_masks():
    report = compared({"remembers": remembers(60), "zeros": np.zeros(N)})
    run = next(run for run in report.runs if run.cell.method == "remembers")
    assert np.isnan(run.scores.values["r2"])
    assert np.isnan(run.scores.values["infidelity"])
    assert np.isfinite(run.scores.values["value_error"])
    assert "fewer than 10 held-out masks are left" in run.scores.note
    assert run.scores.note in report.to_markdown()
    assert not run.problem
    alone = compared({"remembers": remembers(60)}).recommend()
    assert "fewer than 10 held-out masks are left" in alone


def test_a_method_that_asked_for_all_masks_describes_them_and_the_report_says_so():
    report = compared({"remembers": remembers(64), "zeros": np.zeros(N)})
    run = next(run for run in report.runs if run.cell.method == "remembers")
    assert run.scores.values["r2"] == pytest.approx(1)
    assert run.scores.judged.all()
    assert "no prediction" in run.scores.note
    assert report.recommend().endswith("; remembers asked for all masks, and describes known values.")
    pytest.importorskip("matplotlib")
    from spex_plugins.comparison.report.page import page

    assert run.scores.note in page(report)


@pytest.mark.slow
def test_noise_is_not_predicted_with_nearly_all_masks_asked():
    table = np.random.default_rng(1).normal(size=1024)
    report = compared(["auto", "lasso"], lambda masks: table[numbers(masks)], 10, 500, budgets=600)
    for run in report.runs:
        assert run.scores.values["r2"] < 0.1
        assert 10 <= run.scores.judged.sum() < 300


def test_intervals_and_differences_are_of_the_masks_that_count():
    report = compared({"few": remembers(20), "many": remembers(40)})
    few, many = ([run for run in report.runs if run.cell.method == name] for name in ("few", "many"))
    gap = difference(few, many, report.inputs, "r2", 0.05)
    scores = [mean_score(runs, report.inputs, "r2") for runs in (few, many)]
    assert gap.mean == pytest.approx(scores[0].mean - scores[1].mean)
    for score, (run,) in zip(scores, (few, many), strict=True):
        assert (score.low, score.high) == pytest.approx(run.scores.intervals["r2"])
        assert score.low <= score.mean <= score.high
    same = difference(few, few, report.inputs, "r2", 0.05)
    assert (same.mean, same.low, same.high) == (0, 0, 0)


def test_all_sizes_count_the_same_by_their_weights():
    n = 8
    every = masks_of_numbers(np.arange(2**n), n)
    for uniform in (every, every[:200]):
        masks = masks_of_all_sizes(uniform, 0)
        assert len(np.unique(masks, axis=0)) == len(masks)
        weights = size_weights(masks)
        shares = np.bincount(masks.sum(axis=1), weights, minlength=n + 1)
        np.testing.assert_allclose(shares[1:n], 1)
        assert shares[0] == shares[n] == 0
    assert len(size_weights(every[:0])) == 0


def test_scores_of_all_sizes_are_those_of_the_law_where_all_masks_are_evaluated():
    n = 8
    every = masks_of_numbers(np.arange(2**n), n)

    def steep(masks):
        return 3.0 * (masks.sum(axis=1) >= 7) + masks[:, 0]

    (run,) = compared({"given": {(): 0.5, (0,): 1.0}}, steep, n, 256, budgets=10).runs
    truth, predicted, weights = steep(every), 0.5 + every[:, 0], law_of_sizes(every, n)
    assert run.scores.values["r2_sizes"] == pytest.approx(own_r2(truth, predicted, weights))
    drops, own = truth[-1] - truth, predicted[-1] - predicted
    expected = (weights * (own - drops) ** 2).sum() / (weights * drops**2).sum()
    assert run.scores.values["infidelity"] == pytest.approx(expected)
