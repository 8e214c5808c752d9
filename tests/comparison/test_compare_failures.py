"""What fails in a comparison, what is interrupted, and what a store keeps of it."""

from __future__ import annotations

import numpy as np
import pytest
from compare_runs import Game, ask_uniform, compared, run_of, shapley

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.core.basis.masks import masks_of_numbers


@pytest.mark.slow
def test_what_fails_has_a_row_that_says_so_and_the_others_go_on():
    def fails(value_function, n, budget, seed):
        raise RuntimeError("no idea")

    def gives_nan(value_function, n, budget, seed):
        return np.full(n, np.nan)

    def gives_too_few(value_function, n, budget, seed):
        return np.zeros(n - 1)

    def gives_text(value_function, n, budget, seed):
        return "all"

    methods = [fails, gives_nan, gives_too_few, gives_text, "shap:permutation", "auto"]
    report = compared(methods=methods, budgets=20)
    problems = {run.cell.method: run.problem for run in report.runs}
    assert problems["fails"] == "RuntimeError: no idea"
    assert "NaN" in problems["gives_nan"]
    assert "13 features, the input 14" in problems["gives_too_few"]
    assert "is not an explanation" in problems["gives_text"]
    assert problems["shap:permutation"] == "needs at least 29 calls, 20 were allowed"
    assert problems["auto"] == ""


def test_what_is_not_installed_is_named_with_its_pip_line(monkeypatch):
    import sys

    for name in (
        "spex_plugins.shap",
        "shap",
        "torch",
        "shapiq.approximator",
        "lime.lime_base",
        "sklearn.linear_model",
    ):
        monkeypatch.setitem(sys.modules, name, None)
    names = ["shap:kernel", "captum:lime", "shapiq:FBII", "lime", "lasso", "auto"]
    report = compared(methods=names)
    for name in names[:-1]:
        assert "pip install" in run_of(report, name).problem
    assert not run_of(report, "auto").problem


def test_a_function_that_always_fails():
    def broken(masks):
        raise TypeError("broken")

    report = compared([broken_with_n(broken), Game()], methods=["auto", "banzhaf"])
    first, second = ([run for run in report.runs if run.cell.input == i] for i in (0, 1))
    assert all("no held-out values" in run.problem for run in first)
    assert not any(run.problem for run in second)
    assert "over" not in report.recommend()  # one input is left


def broken_with_n(function):
    class Broken:
        n = 6

        def __call__(self, masks):
            return function(masks)

    return Broken()


class Crash(BaseException):
    pass


class Limited(Game):
    """A game that is stopped, or has no value, after a number of masks."""

    def __init__(self, most, error, n=14):
        super().__init__(n)
        self.most, self.error = most, error

    def __call__(self, masks):
        if len(self.asked) + len(masks) > self.most:
            if self.error is not None:
                raise self.error
            return np.full(len(masks), np.nan)
        return super().__call__(masks)


def test_an_interruption_keeps_the_finished_seeds():
    def stops(value_function, n, budget, seed):
        if seed == 2:
            raise KeyboardInterrupt
        value_function(np.eye(n, dtype=bool))
        return shapley() + seed

    with pytest.raises(KeyboardInterrupt) as raised:
        compared(methods=[stops], budgets=20, seeds=3)
    assert [run.cell.seed for run in raised.value.report.runs] == [0, 1]
    assert raised.value.report.runs[0].scores.values["agreement"] == pytest.approx(1)
    assert raised.value.__notes__ == ["error.report has 2 finished runs."]


def test_calls_before_an_interruption_of_the_held_out_phase_are_counted():
    game = Limited(40, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt) as raised:
        compared(game)
    assert raised.value.report.n_calls == len(game.asked) > 0
    assert raised.value.report.recommend().endswith("no run has ended.")


@pytest.mark.parametrize("error", [None, RuntimeError("no connection")])
def test_failures_end_the_comparison_where_the_user_wants_an_error(error):
    """Also in the middle of a method that makes something of them, which is not asked about more masks."""

    def hides_it(value_function, n, budget, seed):
        for mask in masks_of_numbers(np.arange(1, 60), n):
            try:
                value_function(mask[None])
            except Exception:
                continue
        return np.zeros(n)

    held_out = compared(methods=[shapley()]).n_calls
    game = Limited(held_out + 3, error)
    with pytest.raises(spex.ValueFunctionError) as raised:
        compared(game, methods=[shapley(), hides_it], on_failure="raise")
    assert len(raised.value.masks) == len(game.asked) == held_out + 3 == raised.value.report.n_calls
    assert [run.cell.method for run in raised.value.report.runs] == ["given"]
    early = Limited(30, error)
    with pytest.raises(spex.ValueFunctionError) as raised:
        compared(early, on_failure="raise")
    assert len(raised.value.masks) == len(early.asked) == raised.value.report.n_calls > 0


def test_a_store_that_fails_in_a_method_ends_the_comparison(monkeypatch):
    from spex_plugins import StoreError
    from spex_plugins.queries import Session

    asks, ask = [], Session.ask

    def fails_later(session, masks):
        asks.extend([masks] * (masks.shape[1] == 14))  # not those of a warm-up
        if len(asks) > 1:
            raise StoreError("store: the disk is full")
        return ask(session, masks)

    monkeypatch.setattr(Session, "ask", fails_later)
    with pytest.raises(StoreError) as raised:
        compared(methods=[shapley(), "banzhaf"])
    assert [run.cell.method for run in raised.value.report.runs] == ["given"]


def test_a_row_names_what_the_value_function_raised_and_no_attribute_of_an_error():
    error = InputError("text: a mask changes the answer")  # all other masks would fail too
    report = compared(Limited(30, error))
    assert report.runs[0].problem == "no held-out values: InputError: text: a mask changes the answer"
    assert report.n_calls > 0
    held_out = compared(methods=[shapley()]).n_calls
    for run in compared(Limited(held_out, error), methods=["auto", "banzhaf"]).runs:
        assert run.problem == "InputError: text: a mask changes the answer"


@pytest.mark.slow
def test_a_crash_costs_no_call_that_was_made(tmp_path):
    """The same comparison after a crash in the middle of a method evaluates only what is missing."""
    game, store = Game(), tmp_path / "run.sqlite"
    settings = {"methods": ["banzhaf", "auto", ask_uniform], "budgets": [60, 100], "seeds": 2, "store": store}

    class Dies(Game):
        def __call__(self, masks):
            if len(self.asked) > 250:
                raise Crash
            return super().__call__(masks)

    dying = Dies()
    with pytest.raises(Crash) as raised:
        compared(dying, **settings)
    assert 0 < len(raised.value.report.runs) < 12
    resumed = compared(game, **settings)
    assert not set(game.asked) & set(dying.asked)
    assert resumed.n_stored == len(dying.asked)
    whole = Game()
    fresh = compared(whole, methods=settings["methods"], budgets=[60, 100], seeds=2)
    assert len(whole.asked) == len(game.asked) + len(dying.asked)
    for one, other in zip(resumed.runs, fresh.runs, strict=True):
        assert one.scores.values == pytest.approx(other.scores.values)
        assert one.calls == other.calls
    again = Game()
    assert compared(again, **settings).n_calls == 0
    assert not again.asked
