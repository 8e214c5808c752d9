"""Questions about sets: the answers are those of all 2^n masks, and say what is proven."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from games import Recorded, random_spectrum
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import all_masks

import spex_plugins as spex
from spex_plugins import InputError, Spectrum, ValueFunctionError
from spex_plugins.core.subsets.best_subset import BestSubset
from spex_plugins.result.subsets import subset_search

NAMES = ("not", "bad", "not", "at", "all", "good", "<b>", "end")


def explained(n=7, seed=0, **options):
    truth = random_spectrum(n, 2 * n, 3, np.random.default_rng(seed))
    defaults = {"budget": 2**n, "feature_names": NAMES[:n], "progress": False}
    return spex.explain(truth.predict, n, **defaults | options)


def sizes_of_decision(found, threshold, above):
    masks = all_masks(found.n)
    values = found.predict(masks)
    return masks[(values > threshold) == above]


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["auto", "shapley"])
@settings(max_examples=10)
@given(seed=st.integers(0, 50), threshold=st.floats(-2, 2))
def test_the_smallest_sets_are_those_of_all_masks(estimator, seed, threshold):
    budget = 128 if estimator == "auto" else 60  # all masks, or a function with more terms than listed
    found = explained(seed=seed, estimator=estimator, budget=budget)
    above = bool(found.predict(np.ones((1, 7), dtype=bool))[0] > threshold)
    keeping = found.smallest_keeping(threshold)
    assert len(keeping.kept) == sizes_of_decision(found, threshold, above).sum(axis=1).min()
    assert (keeping.predicted > threshold) == above
    assert keeping.gap == 0
    other = sizes_of_decision(found, threshold, not above)
    if len(other):
        flipping = found.smallest_flipping(threshold)
        assert len(flipping.masked) == (~other).sum(axis=1).min()
        assert (flipping.predicted > threshold) != above
    else:
        with pytest.raises(InputError, match=r"threshold: by .* there is no such set"):
            found.smallest_flipping(threshold)


@given(seed=st.integers(0, 50), size=st.integers(0, 7))
def test_the_best_removal_is_that_of_all_masks(seed, size):
    found = explained(seed=seed)
    masks = all_masks(7)
    values = found.predict(masks[(~masks).sum(axis=1) == size])
    answer = found.best_removal(size)
    above = answer.predicted_full > 0
    assert len(answer.masked) == size
    assert answer.predicted == pytest.approx(values.min() if above else values.max(), abs=1e-6)
    assert answer.bound == pytest.approx(answer.predicted, abs=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("estimator", ["auto", "shapley"])
@settings(max_examples=10)
@given(seed=st.integers(0, 50), size=st.integers(0, 7))
def test_the_best_set_to_keep_is_that_of_all_masks(estimator, seed, size):
    found = explained(seed=seed, estimator=estimator, budget=128 if estimator == "auto" else 60)
    masks = all_masks(7)
    masks = masks[masks.sum(axis=1) == size]
    answer = found.best_keeping(size)
    assert answer.mask.sum() == len(answer.kept) == size
    assert answer.predicted == found.predict(answer.mask[None])[0]
    assert answer.predicted == pytest.approx(found.predict(masks).max(), abs=1e-6)
    assert (answer.gap, answer.bound) == (0, pytest.approx(answer.predicted))


@pytest.mark.slow
def test_of_functions_with_more_terms_than_can_be_listed_the_predictions_count():
    truth = random_spectrum(20, 20, 3, np.random.default_rng(1))
    found = spex.explain(truth.predict, 20, budget=300, estimator="shapley", index="SV", progress=False)
    masks = all_masks(20)
    for size in (2, 18):  # 190 sets
        answer = found.best_keeping(size)
        values = found.predict(masks[masks.sum(axis=1) == size])
        assert answer.predicted == pytest.approx(values.max(), abs=1e-9)
        assert "all sets of this size" in answer.searched
    of_size = masks[masks.sum(axis=1) == 10]
    terms = found.function.spectrum
    for answer, sign in (
        (found.best_keeping(10, seconds=0.5), 1),
        (found.best_removal(10, threshold=-99.0, seconds=0.5), -1),
    ):
        assert "exchanges by the whole function" in answer.searched
        assert answer.mask.sum() == 10  # of 184,756 sets
        assert sign * answer.bound >= (sign * terms.predict(of_size)).max() - 1e-5
        assert answer.gap == pytest.approx(abs(answer.bound - terms.predict(answer.mask[None])[0]), abs=1e-5)
        near = of_size[(of_size ^ answer.mask).sum(axis=1) == 2]
        assert sign * answer.predicted >= (sign * found.predict(near)).max() - 1e-9


def flipped(found, masks, noise):
    """Return the mean of the function over all masks, each weighed by the probability of its flips."""
    every = all_masks(found.n)
    distances = (masks[:, None] != every[None]).sum(axis=2)
    return (noise**distances * (1 - noise) ** (found.n - distances)) @ found.predict(every)


@given(seed=st.integers(0, 50), size=st.integers(0, 7), noise=st.floats(0.01, 0.45))
def test_with_noise_the_best_set_is_that_of_the_mean_over_flips(seed, size, noise):
    found = explained(seed=seed)
    of_size = all_masks(7)
    of_size = of_size[of_size.sum(axis=1) == size]
    answer = found.best_keeping(size, noise=noise)
    mean = flipped(found, answer.mask[None], noise)[0]
    assert mean == pytest.approx(flipped(found, of_size, noise).max(), abs=1e-5)
    assert answer.bound == pytest.approx(mean, abs=1e-4)
    assert answer.predicted == found.predict(answer.mask[None])[0]
    assert f"in {noise:g} of all cases" in answer.searched


def test_much_noise_leaves_the_largest_banzhaf_values():
    found = explained(seed=3)
    values = found.single_values("BV").values
    kept = list(found.best_keeping(3, noise=0.4999).kept)
    assert values[kept].sum() == pytest.approx(np.sort(values)[-3:].sum(), abs=1e-9)


def by_chance():
    """Features 0 and 1 are best by themselves, but not as soon as any other one is kept."""

    def function(masks):
        alone = masks.sum(axis=1) == 2
        return 3.0 * (masks[:, 0] & masks[:, 1] & alone) + 2.0 * (masks[:, 2] & masks[:, 3])

    return spex.explain(function, 6, budget=64, progress=False)


def test_a_set_that_is_good_by_chance_is_not_so_on_average():
    found = by_chance()
    assert found.best_keeping(2).kept == (0, 1)
    assert found.best_keeping(2, noise=0.1).kept == (2, 3)


def test_the_value_function_decides_among_candidates():
    found = by_chance()
    model = Recorded(lambda masks: 2.0 * (masks[:, 2] & masks[:, 3]))
    answer = found.best_keeping(2, value_function=model, candidates=6)
    assert (answer.kept, answer.measured, answer.predicted) == ((2, 3), 2.0, pytest.approx(2.0))
    masks = np.array(model.masks)
    assert len(np.unique(masks, axis=0)) == len(masks) == model.calls == answer.n_calls == 2
    assert "best of 2 candidates by the value function" in answer.searched
    assert "(2 model calls)" in repr(answer)
    assert found.best_keeping(2, value_function=model).kept == (0, 1)  # the only candidate


def test_what_if_takes_numbers_and_names():
    found = explained()
    mask = np.ones((1, 7), dtype=bool)
    mask[0, [0, 2, 3]] = False
    for without in ([0, 2, 3], ["not", "at"], ["not₁", "not₂", 3]):
        answer = found.what_if(without)
        assert answer.masked == (0, 2, 3)
        assert answer.masked_names == ("not₁", "not₂", "at")
        assert answer.predicted == found.predict(mask)[0]
    assert found.what_if("bad").masked == (1,)
    with pytest.raises(InputError, match="without: there is no feature 'goood'"):
        found.what_if(["goood"])
    with pytest.raises(InputError, match="without: there is no feature -1"):
        found.what_if([-1])


@pytest.mark.parametrize("name", ["good", " good", " good\n"])
def test_tokens_are_found_by_their_exact_names(name):
    found = spex.explain(lambda m: 1.0 * m[:, 1], 2, feature_names=["not", name], progress=False)
    assert found.what_if(name).masked == found.what_if("good").masked == (1,)


def test_what_if_takes_a_single_feature():
    found = explained()
    for one in (1, np.int64(1), "bad", np.array(1), np.array([1]), {1}, (i for i in [1])):
        assert found.what_if(one).masked == (1,)
    assert found.what_if([]).masked == ()


@pytest.mark.parametrize("without", [np.arange(7) == 2, [True] * 7, True, [np.True_]])
def test_what_if_refuses_masks(without):
    with pytest.raises(InputError, match=r"without: must be numbers or names .* numpy.flatnonzero\(~m\)"):
        explained().what_if(without)


@pytest.mark.parametrize("without", [[1.7], 1.0, np.array([0.0]), None, b"\x01", [[1]]])
def test_what_if_refuses_what_is_neither_a_number_nor_a_name(without):
    with pytest.raises(InputError, match="without: must be names of features or numbers from 0 to 6, got"):
        explained().what_if(without)


def sums_to_six_tenths():
    """Return a function whose full value is 0.1 + 0.2 + 0.3, which exceeds 0.6 by rounding."""
    found = spex.explain(lambda m: 0.1 * m[:, 0] + 0.2 * m[:, 1] + 0.3 * m[:, 2], 3, budget=8, progress=False)
    assert found.full_value > 0.6
    return found


def test_a_full_value_at_the_threshold_but_for_rounding_does_not_lie_above_it():
    found = sums_to_six_tenths()
    answer = found.smallest_keeping(0.6)
    assert answer.question == "Fewest features that keep the value at or below 0.6"
    assert answer.kept == ()
    with pytest.raises(InputError, match="there is no such set"):
        found.smallest_flipping(0.6)  # to above it
    assert found.best_removal(1, threshold=0.6).masked == (0,)  # the value is highest without it


@pytest.mark.parametrize("threshold", [0.6 - 1e-7, 0.6 - 1e-8, 0.6 + 1e-8])
def test_close_to_the_threshold_the_decision_and_the_search_agree(threshold):
    found = sums_to_six_tenths()
    above = threshold < 0.6
    kept = found.smallest_keeping(threshold)
    assert (kept.predicted > threshold) == above
    assert len(kept.kept) == (3 if above else 0)
    if above:
        flipped = found.smallest_flipping(threshold)
        assert len(flipped.masked) == 1
        assert flipped.predicted <= threshold


def test_a_model_call_checks_an_answer():
    found = explained()
    model = Recorded(found.predict)
    answer = found.smallest_keeping(value_function=model)
    assert model.calls == answer.n_calls == 1
    assert answer.measured == pytest.approx(answer.predicted)
    assert tuple(np.flatnonzero(model.masks[0])) == answer.kept
    assert "(1 model call)" in repr(answer)
    assert found.smallest_keeping().n_calls == 0
    with pytest.raises(ValueFunctionError, match="expected one finite number"):
        found.what_if([0], value_function=lambda masks: [np.nan])


def test_functions_with_more_terms_than_can_be_listed_say_so():
    truth = random_spectrum(20, 20, 3, np.random.default_rng(1))
    found = spex.explain(truth.predict, 20, budget=300, estimator="shapley", index="SV", progress=False)
    steady, terms = found.best_keeping(2, noise=0.1), found.function.spectrum
    damped = replace(terms, coefficients=terms.coefficients * 0.8**terms.orders)
    single = np.eye(20, dtype=bool)
    first, second = np.triu_indices(20, 1)
    best = damped.predict(single[first] | single[second]).max()
    assert damped.predict(steady.mask[None])[0] == pytest.approx(best, abs=1e-5)
    assert "the largest Fourier terms of the function; proven best" in steady.searched
    listed = replace(found, function=found.spectrum).smallest_keeping(0.0)
    assert "all terms of the fitted function" in listed.searched


def counting(estimator):
    """Return an explanation of the number of features that are kept, and 0.2 where both first ones are."""
    return spex.explain(
        lambda m: m.sum(axis=1) + 0.2 * (m[:, 0] & m[:, 1]),
        24,
        budget=300,
        estimator=estimator,
        index="SV",
        progress=False,
    )


@pytest.mark.parametrize("estimator", ["shapley", "sparse_regression"])
def test_larger_sets_than_can_all_be_predicted(estimator):
    """Up to four of 24 features, all sets are predicted where not all terms are listed."""
    found = counting(estimator)
    kept = found.smallest_keeping(7.1)
    assert len(kept.kept) == 7
    assert {0, 1} <= set(kept.kept)
    assert len(found.smallest_keeping(7.3).kept) == 8
    masked = found.smallest_flipping(17.1)
    assert len(masked.masked) == 7
    assert {0, 1} & set(masked.masked)
    assert 5 <= kept.bound <= 7
    assert kept.gap == 7 - kept.bound


def test_all_tries_together_end_in_time(monkeypatch):
    """The sets that the listed terms call for may fall short of the threshold several times."""
    given_times = []

    def slow(game, least, *, seconds):
        given_times.append(seconds)
        time.sleep(0.06)
        return BestSubset(np.arange(24) < 3, 3.0, 3, 0)

    monkeypatch.setattr(subset_search, "smallest_subset", slow)
    found = counting("shapley")
    assert len(found.smallest_keeping(7.3, seconds=0.1).kept) == 8  # reduced from all features
    with pytest.raises(InputError, match=r"no set that reaches it was found in 0\.1 s"):
        found.smallest_flipping(17.1, seconds=0.1)
    assert given_times[0] == given_times[2] == 0.1
    assert len(given_times) == 4
    assert given_times[1] <= 0.04
    assert given_times[3] <= 0.04


@pytest.mark.parametrize("n", [7, 18])
@pytest.mark.parametrize("constant", [1e6, -1e6])
def test_a_large_constant_changes_no_answer(n, constant):
    """With 7 features all sets are predicted, with 18 a linear program is solved."""
    truth = random_spectrum(n, 12, 3, np.random.default_rng(2))
    found = replace(explained(), function=truth, feature_names=tuple(f"x{i}" for i in range(n)), exact=False)
    moved = replace(found, function=truth + Spectrum.from_dict(n, {(): constant}))
    for threshold in (-0.5, 0.0, 0.25):
        for method, side in (("smallest_keeping", "kept"), ("smallest_flipping", "masked")):
            answer = getattr(found, method)(threshold)
            again = getattr(moved, method)(threshold + constant)
            assert len(getattr(again, side)) == len(getattr(answer, side))
            assert again.gap == answer.gap == 0
    assert moved.best_removal(3, threshold=constant).masked == found.best_removal(3).masked


@pytest.mark.parametrize("n", [10, 12])
def test_dense_functions_of_few_features_are_answered_at_once(n):
    """The program of 2^n products takes minutes."""
    values = np.random.default_rng(n).normal(size=2**n)
    found = spex.explain(lambda m: values[m @ (1 << np.arange(n))], n, budget=2**n, progress=False)
    masks = all_masks(n)
    predicted, sizes = found.predict(masks), masks.sum(axis=1)
    for size in (3, n // 2):
        answers = found.best_keeping(size, seconds=1), found.best_removal(n - size, threshold=-99, seconds=1)
        of_size = predicted[sizes == size]
        assert [answer.predicted for answer in answers] == pytest.approx([of_size.max(), of_size.min()])
        assert [answer.gap for answer in answers] == [0, 0]
    damped = replace(found.spectrum, coefficients=found.spectrum.coefficients * 0.6**found.spectrum.orders)
    steady = found.best_keeping(5, noise=0.2, seconds=1)
    assert damped.predict(steady.mask[None])[0] == pytest.approx(damped.predict(masks[sizes == 5]).max())
    high = np.sort(predicted)[-2]
    assert found.smallest_keeping(high - 1e-6, seconds=1).gap == 0


def test_answers_are_shown_without_surprises():
    answer = explained().what_if(["<b>"])
    assert repr(answer).splitlines()[0] == "What if these features are masked"
    assert "mask 1      <b>" in repr(answer)
    assert "&lt;b&gt;" in answer._repr_html_()
    assert "<b>" not in answer._repr_html_()


def test_unusable_arguments():
    found = explained()
    with pytest.raises(InputError, match=r"size: must be from 0 to 7, .* got 8"):
        found.best_removal(8)
    with pytest.raises(
        InputError, match=r"size: must be from 0 to 7, the number of features to keep; got -1"
    ):
        found.best_keeping(-1)
    for noise in (0.5, -0.1, np.nan, True, "much"):
        with pytest.raises(InputError, match="noise: must be a probability"):
            found.best_keeping(2, noise=noise)
    with pytest.raises(InputError, match="candidates: value_function decides among 3 sets"):
        found.best_keeping(2, candidates=3)
    with pytest.raises(InputError, match="candidates: must be an integer ≥ 1, got 0"):
        found.best_keeping(2, candidates=0)
    with pytest.raises(ValueFunctionError, match="for 2 masks, expected a finite number for each"):
        by_chance().best_keeping(2, candidates=6, value_function=lambda masks: [np.nan])
    with pytest.raises(InputError, match="value_function: must be callable, got int"):
        found.what_if([0], value_function=5)
    with pytest.raises(ValueFunctionError, match="for one mask, expected one finite number"):
        found.what_if([0], value_function=lambda masks: np.array([1 + 2j]))
    for threshold in (np.inf, "0.5", True, None):
        with pytest.raises(InputError, match="threshold: must be a finite number"):
            found.smallest_keeping(threshold)
    two = replace(found, function=random_spectrum(7, 5, 2, np.random.default_rng(0), 2))
    for ask in (
        two.smallest_keeping,
        two.smallest_flipping,
        lambda: two.best_removal(1),
        lambda: two.best_keeping(1),
    ):
        with pytest.raises(InputError, match="output: there are 2 outputs"):
            ask()


@pytest.mark.slow
def test_a_value_at_the_threshold_but_for_rounding_does_not_lie_above_it():
    """The function is 0 at the empty mask, and its fit 1e-12 or so."""
    weights = np.random.default_rng(0).normal(size=12)
    found = spex.explain(
        lambda m: np.tanh(m @ weights) + m[:, 0] * m[:, 1], 12, budget=400, index="SV", progress=False
    )
    answer = found.smallest_keeping()
    assert len(answer.kept) == 1
    assert answer.predicted > 0.1
