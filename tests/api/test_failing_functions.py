"""`explain`: value functions and estimators that fail, and the answers that are kept."""

from __future__ import annotations

import pickle
import warnings

import numpy as np
import pytest
from runs import asked, linear

from spex_plugins import UnidentifiableWarning, ValueFunctionError, fit
from spex_plugins.estimators import Spex


def failing(after, answer):
    """Answer like `linear` for ``after`` masks, then give ``answer(masks)``."""
    done = 0

    def function(masks):
        nonlocal done
        done += len(masks)
        return linear(masks) if done <= after else answer(masks)

    return function


BAD_ANSWERS = {
    "one more": (lambda m: np.zeros(len(m) + 1), "must return shape"),
    "one less": (lambda m: np.zeros(len(m) - 1), "must return shape"),
    "none": (lambda m: None, "real numbers, got NoneType"),
    "a number": (lambda m: 1.0, "must return shape"),
    "empty": (lambda m: [], "must return shape"),
    "three axes": (lambda m: np.zeros((len(m), 2, 2)), "must return shape"),
    "transposed": (lambda m: np.zeros((1, len(m))), "must return shape"),
    "no outputs": (lambda m: np.zeros((len(m), 0)), "must return shape"),
    "text": (lambda m: ["a"] * len(m), "real numbers, got list"),
    "numbers as text": (lambda m: ["1.0"] * len(m), "real numbers, got list"),
    "complex": (lambda m: np.zeros(len(m), dtype=complex), "real numbers, got ndarray"),
    "dates": (lambda m: np.zeros(len(m), dtype="datetime64[s]"), "real numbers, got ndarray"),
    "objects": (lambda m: [object()] * len(m), "real numbers, got list"),
    "ragged": (lambda m: [[1.0], [1.0, 2.0]] * (len(m) // 2), "real numbers, got list"),
    "dictionary": (lambda m: {"value": 1.0}, "real numbers, got dict"),
    "too large": (lambda m: [10**400] * len(m), "real numbers, got list"),
    "holes": (lambda m: [None] * len(m), "NaN or inf for 10 of 10 masks"),
    "a string": (lambda m: "0.5", "real numbers, got str"),
    "NaN": (lambda m: np.full(len(m), np.nan), "NaN or inf for 10 of 10 masks"),
    "inf": (lambda m: np.full(len(m), -np.inf), "NaN or inf for 10 of 10 masks"),
}


@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_first_answers_are_refused(case):
    answer, text = BAD_ANSWERS[case]
    with pytest.raises(ValueFunctionError) as caught:
        asked(answer, 12, 50, batch_size=10)
    assert str(caught.value).startswith("value_function ")
    assert text in str(caught.value)
    assert "No mask had been evaluated before" in str(caught.value)
    assert len(caught.value.masks) == len(caught.value.values) == 0
    assert caught.value.failed_masks.shape == (10, 12)


@pytest.mark.slow
@pytest.mark.parametrize("case", BAD_ANSWERS)
def test_bad_later_answers_keep_the_earlier_ones(case):
    answer, text = BAD_ANSWERS[case]
    with pytest.raises(ValueFunctionError) as caught:
        asked(failing(30, answer), 12, 50, batch_size=10)
    error = caught.value
    assert text in str(error)
    assert "30 masks evaluated so far" in str(error)
    np.testing.assert_array_equal(error.values, linear(error.masks))
    assert error.masks.shape == (30, 12)
    assert error.failed_masks.shape == (10, 12)
    assert not {m.tobytes() for m in error.masks} & {m.tobytes() for m in error.failed_masks}
    assert fit(error.masks, error.values, estimator="sparse_regression").n_calls == 30


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (lambda m: np.zeros(len(m)), lambda m: np.zeros((len(m), 2))),
        (lambda m: np.zeros((len(m), 2)), lambda m: np.zeros(len(m))),
        (lambda m: np.zeros((len(m), 2)), lambda m: np.zeros((len(m), 3))),
        (lambda m: np.zeros(len(m)), lambda m: np.zeros((len(m), 1))),
    ],
)
def test_the_number_of_outputs_must_not_change(before, after):
    calls = 0

    def function(masks):
        nonlocal calls
        calls += 1
        return (before if calls <= 2 else after)(masks)

    with pytest.raises(ValueFunctionError, match=r"returned .*shape .* before") as caught:
        asked(function, 12, 50, batch_size=10)
    assert caught.value.masks.shape == (20, 12)
    assert caught.value.values.shape == before(caught.value.masks).shape
    assert caught.value.failed_masks.shape == (10, 12)


@pytest.mark.slow
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("outputs", [None, 2])
@pytest.mark.parametrize("after", [0, 30])
def test_finite_rows_of_a_failing_batch_are_kept(bad, outputs, after):
    def true_value(masks):
        return linear(masks) if outputs is None else np.column_stack([linear(masks), -linear(masks)])

    calls = 0

    def function(masks):
        nonlocal calls
        values = true_value(masks)
        if calls == after // 10:
            values[[2, 5]] = bad
            if outputs:
                values[2, 0] = 1.0  # one bad output spoils its mask
        calls += 1
        return values

    with pytest.raises(ValueFunctionError, match="NaN or inf for 2 of 10 masks") as caught:
        asked(function, 12, 50, batch_size=10)
    error = caught.value
    assert error.masks.shape == (after + 8, 12)
    assert error.failed_masks.shape == (2, 12)
    assert f"The {after + 8} masks evaluated so far" in str(error)
    np.testing.assert_array_equal(error.values, true_value(error.masks))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnidentifiableWarning)  # eight masks may not tell all features apart
        rest = fit(error.masks, error.values)
    assert rest.n_calls == after + 8
    assert rest.output_shape == (() if outputs is None else (2,))


@pytest.mark.parametrize("after", [0, 20])
def test_exceptions_are_chained_and_lose_nothing(after):
    def broken(masks):
        raise KeyError("token")

    with pytest.raises(ValueFunctionError, match="raised KeyError: 'token'") as caught:
        asked(failing(after, broken), 12, 50, batch_size=10)
    error = caught.value
    assert isinstance(error.__cause__, KeyError)
    assert isinstance(error, RuntimeError)
    assert error.masks.shape == (after, 12)
    np.testing.assert_array_equal(error.values, linear(error.masks))
    assert error.failed_masks.shape == (10, 12)


def test_interrupts_pass_through():
    def interrupted(masks):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked(interrupted, 12, 50)


def test_value_function_errors_can_be_pickled():
    with pytest.raises(ValueFunctionError) as caught:
        asked(failing(20, BAD_ANSWERS["NaN"][0]), 12, 50, batch_size=10)
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is ValueFunctionError
    assert str(again) == str(caught.value)
    for name in ("masks", "values", "failed_masks"):
        np.testing.assert_array_equal(getattr(again, name), getattr(caught.value, name))


def test_answers_of_a_failed_run_explain_as_well_as_they_can():
    with pytest.raises(ValueFunctionError) as caught:
        asked(failing(150, BAD_ANSWERS["NaN"][0]), 12, 200, batch_size=10)
    found = fit(caught.value.masks, caught.value.values)
    assert found.r2 > 1 - 1e-9
    assert found.index("SV").as_dict() == pytest.approx({(i,): i + 1.0 for i in range(12)}, abs=1e-9)


@pytest.mark.parametrize("error", [MemoryError, np.linalg.LinAlgError, KeyboardInterrupt])
def test_an_estimator_that_fails_after_the_calls_keeps_the_answers(error):
    class Failing(Spex):
        def fit(self, *_args, **_options):
            raise error

    with pytest.raises(error) as caught:
        asked(linear, 20, 100, estimator=Failing())
    assert len(caught.value.masks) == 100
    np.testing.assert_array_equal(caught.value.values, linear(caught.value.masks))
    assert "100 masks evaluated" in caught.value.__notes__[0]
