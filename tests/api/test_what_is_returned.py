"""`explain`: what value functions may return, how features are named, and who estimates."""

from __future__ import annotations

import doctest
import sys

import numpy as np
import pytest
from games import difference
from runs import asked, linear, same

from spex_plugins import InputError, explain
from spex_plugins.api import explain_each
from spex_plugins.estimators import Spex


def test_outputs_agree_with_scalar_runs_at_the_full_budget():
    table = np.random.default_rng(1).normal(size=(64, 3))
    together = asked(lambda m: table[m @ (1 << np.arange(6))], 6, 64)
    for k in range(3):
        alone = asked(lambda m, k=k: table[m @ (1 << np.arange(6)), k], 6, 64)
        assert difference(together.spectrum.output(k), alone.spectrum) < 1e-14
        assert together.output(k).r2 == pytest.approx(alone.r2)
        assert together.output(k).full_value == alone.full_value


@pytest.mark.parametrize(
    ("n", "budget"), [(4, 16), (30, 200), pytest.param(40, 2000, marks=pytest.mark.slow)]
)
def test_one_column_is_the_scalar_function_with_an_axis(n, budget):
    def noisy(masks):
        return linear(masks) + np.sin(1000.0 * linear(masks))

    scalar, column = asked(noisy, n, budget), asked(lambda m: noisy(m)[:, None], n, budget)
    assert column.output_shape == (1,)
    assert scalar.output_shape == ()
    same(column.output(0), scalar)


@pytest.mark.parametrize("kind", [bool, np.int8, np.uint16, np.int64, np.float16, np.float32, list, object])
def test_any_real_numbers_may_be_returned(kind):
    def function(masks):
        values = masks[:, 0] & masks[:, 1]
        return values.tolist() if kind is list else values.astype(kind)

    found = asked(function, 4, 16)
    assert found.index("Moebius").as_dict() == pytest.approx({(0, 1): 1.0}, abs=1e-12)
    assert found.spectrum.coefficients.dtype == np.float64


def test_a_function_that_changes_its_masks_does_no_harm():
    def careless(masks):
        values = linear(masks)
        masks[:] = False
        return values

    for n, budget in [(4, 16), (20, 150)]:
        same(asked(careless, n, budget), asked(linear, n, budget))


def test_a_function_that_reuses_its_buffer_does_no_harm():
    buffer = np.empty(10_000)

    def reusing(masks):
        buffer[: len(masks)] = linear(masks)
        return buffer[: len(masks)]

    same(asked(reusing, 20, 150, batch_size=16), asked(linear, 20, 150))


def test_names_may_repeat_and_need_not_be_text():
    names = ["the", "the", 3, None]
    found = asked(linear, 4, 16, feature_names=names)
    assert found.feature_names == ("the", "the", "3", "None")
    assert found.index("SV").terms == [(3,), (2,), (1,), (0,)]
    assert len(set(found.index("SV").names)) == 4
    assert asked(linear, 4, 16).feature_names == ("x0", "x1", "x2", "x3")
    assert asked(linear, 4, 16, feature_names=np.array(list("abcd"))).feature_names == tuple("abcd")


class Game:
    """A value function that knows its features, as those of `spex_plugins.games` do."""

    n = 4
    feature_names = ("not", "bad", "not", "good")

    def __call__(self, masks):
        return linear(masks) + masks[:, 0] * masks[:, 1]


def test_a_game_brings_its_features():
    found = explain(Game(), budget=16, progress=False)
    assert found.feature_names == Game.feature_names
    plain = asked(Game().__call__, 4, 16)
    assert plain.feature_names == ("x0", "x1", "x2", "x3")
    assert found.spectrum.as_dict() == plain.spectrum.as_dict()
    named = explain(Game(), np.int64(4), budget=16, feature_names=["same"] * 4, progress=False)
    assert named.feature_names == ("same",) * 4
    each = explain_each(Game(), None, lambda values: [values, -values], budget=16, progress=False)
    assert [one.feature_names for one in each] == [Game.feature_names] * 2


def test_features_that_are_not_those_of_the_game_are_refused():
    with pytest.raises(InputError, match=r"^n: must be 4, that of the value function, got 5; omit it"):
        asked(Game(), 5, 16)
    with pytest.raises(InputError, match="feature_names: expected a sequence of 4 names"):
        explain(Game(), budget=16, feature_names=["a"])
    with pytest.raises(InputError, match="n: give the number of features"):
        explain(linear, budget=16)
    nameless = Game()
    nameless.feature_names = None
    assert explain(nameless, budget=16, progress=False).feature_names == ("x0", "x1", "x2", "x3")


def test_an_estimator_of_ones_own_is_used():
    class Named(Spex):
        name = "mine"

    assert asked(linear, 20, 100, estimator=Named()).estimator == "mine"
    assert asked(linear, 20, 100).estimator == "auto"


def test_the_example_of_the_docstring_is_true():
    assert doctest.testmod(sys.modules[explain.__module__]) == (0, 3)
