"""Masks, counts, attempts and messages of the benchmarks' library."""

from __future__ import annotations

import numpy as np
import pytest

MASKS = np.random.default_rng(0).random((20, 11)) < 0.5


def test_a_tabulated_function_is_asked_once_per_mask():
    from library.games.masks import all_masks, tabulated

    asked = []

    def value(masks):
        asked.append(len(masks))
        return masks @ np.arange(1.0, 6.0) + masks[:, 0] * masks[:, 4]

    values, known = tabulated(value, 5)
    assert asked == [32]
    assert len({tuple(mask) for mask in all_masks(5)}) == 32
    np.testing.assert_array_equal(known(MASKS[:, :5]), value(MASKS[:, :5]))
    np.testing.assert_array_equal(values, known(all_masks(5)))


def test_masks_and_values_survive_a_message():
    from library.methods.messages import pack_masks, pack_values, unpack_masks, unpack_values

    np.testing.assert_array_equal(unpack_masks(pack_masks(MASKS), MASKS.shape), MASKS)
    values = np.array([0.1, -np.inf, 1e300])
    np.testing.assert_array_equal(unpack_values(pack_values(values)), values)


def test_r_squared_of_the_truth_the_mean_and_a_constant_function():
    from library.measure.scores import r_squared

    truth = np.array([1.0, 2.0, 6.0])
    assert r_squared(truth, truth) == 1.0
    assert r_squared(truth, np.full(3, 3.0)) == 0.0
    assert r_squared(truth, truth + np.array([0.0, 1.0, 0.0])) == pytest.approx(1 - 1 / 14)
    assert np.isnan(r_squared(np.ones(3), np.ones(3)))


def test_an_attempt_counts_masks_and_names_what_went_wrong():
    from library.per_call import CountedMasks, attempt

    def asks(masks):
        return lambda value: {"sum": float(value(masks).sum())}

    def breaks(value):
        value(MASKS[:3])
        raise RuntimeError("no memory")

    def sums():
        return CountedMasks(lambda masks: masks.sum(axis=1))

    value = sums()
    assert attempt(asks(MASKS[[0, 0, 1]]), value, 3) == {"sum": MASKS[[0, 0, 1]].sum(), "asked": 3}
    assert len(value.asked) == 2
    assert attempt(asks(MASKS), sums(), 19)["failed"] == "asked 20 masks instead of 19"
    assert attempt(breaks, sums(), 19) == {"failed": "RuntimeError: no memory", "asked": 3}


@pytest.mark.parametrize(("values", "shown"), [([], ""), ([1.0, 2.0, 3.0, 4.0, 5.0], "3.0 (2.0–4.0)")])
def test_quartiles(values, shown):
    from library.report.markdown import quartiles

    assert quartiles(values, ".1f") == shown
