"""Groups first, then the features of those that matter: one budget, no mask twice."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError, explain_levels

GROUPS = np.repeat(np.arange(8), 4)


class Game:
    """Features 1 and 18 act together, 3 alone; groups 0 and 4 hold them."""

    n = 32
    feature_names = tuple(f"sentence {i}" for i in range(32))
    fingerprint = "levels 1"
    groups, group_names = GROUPS, tuple(f"document {g}" for g in range(8))

    def __init__(self):
        self.asked = Counter()

    def __call__(self, masks):
        self.asked.update(map(bytes, np.packbits(masks, axis=1)))
        return 3.0 * (masks[:, 1] & masks[:, 18]) + masks[:, 3]


def test_both_levels_are_found_within_the_budget():
    game = Game()
    found = explain_levels(game, budget=150, progress=False)
    assert sum(game.asked.values()) == found.interactions.n_calls <= 150
    assert set(game.asked.values()) == {1}
    assert found.groups.top(1).names == ["document 0 × document 4"]
    assert set(found.chosen) == {0, 4}
    assert found.interactions.top(1).names == ["sentence 1 × sentence 18"]
    np.testing.assert_allclose(found.interactions.top(1).values, 3.0, atol=1e-6)
    assert found.interactions.n == 8 + 6
    assert sorted(sum(found.features, ())) == list(range(32))
    assert "document 0, document 4" in repr(found)


def test_features_name_the_parts_and_predict_the_function():
    found = explain_levels(Game(), budget=150, progress=False)
    masks = np.random.default_rng(1).random((200, found.interactions.n)) < 0.5
    wide = np.zeros((200, 32), dtype=bool)
    for column, members in zip(masks.T, found.features, strict=True):
        wide[:, list(members)] = column[:, None]
    np.testing.assert_allclose(found.interactions.predict(masks), Game()(wide), atol=1e-6)
    names = [Game.feature_names[i] for i in (0, 1, 2, 3)]
    assert list(found.interactions.feature_names[:4]) == names
    assert found.interactions.feature_names[4] == "document 1"


@pytest.mark.parametrize("budget", [16, 24])
def test_small_groups_are_exact(budget):
    f = Groups(np.repeat([0, 1], 2))
    found = explain_levels(f, f.groups, budget=budget, progress=False)
    assert found.groups.exact
    assert found.interactions.exact
    assert found.interactions.n_calls == 16
    assert found.interactions.index("Moebius", 2).names == ["x0 × x3"]


class Groups:
    """The first and the last feature act together."""

    def __init__(self, groups):
        self.groups, self.n, self.asked = groups, len(groups), Counter()

    def __call__(self, masks):
        self.asked.update(map(bytes, np.packbits(masks, axis=1)))
        return 1.0 * (masks[:, 0] & masks[:, -1])


@pytest.mark.parametrize("estimator", ["auto", "spex", "sparse_regression"])
@pytest.mark.parametrize("sizes", [[3, 3, 1, 1], [3] * 3, [2, 2, 1], [4] * 6, [1] * 7])
@pytest.mark.parametrize("budget", [24, 40, 64, 101])
def test_no_call_of_the_budget_is_lost(estimator, sizes, budget):
    """Masks of both levels were counted twice: up to a quarter of the budget was not asked for."""
    game = Groups(np.repeat(np.arange(len(sizes)), sizes))
    settings = {"max_order": 2, "estimator": estimator, "progress": False}
    found = explain_levels(game, game.groups, budget=budget, **settings)
    asked = sum(game.asked.values())
    assert asked == len(game.asked) == found.interactions.n_calls <= budget
    assert asked >= min(budget - 1, 2**found.interactions.n)  # masks may come in pairs of complements


def test_groups_that_do_nothing_are_all_looked_into():
    """Two features of every group cancel each other where whole groups are masked."""

    def f(masks):
        return 1.0 * masks[:, 0] - masks[:, 1] + masks[:, 5] - masks[:, 4]

    found = explain_levels(f, np.repeat(np.arange(4), 2), budget=90, progress=False)
    assert found.chosen == (0, 1, 2, 3)
    assert sorted(found.interactions.index("FSII", 1).names) == ["x0", "x1", "x4", "x5"]


@pytest.mark.parametrize(("budget", "chosen"), [(45, {0}), (79, {0, 1, 2})])
def test_more_groups_are_opened_where_the_budget_determines_all_pairs(budget, chosen):
    """Features 4 and 5 cancel each other in their group; of twelve features there are 79 sets up to pairs."""

    def f(masks):
        return 3.0 * masks[:, 0] + masks[:, 4] - masks[:, 5]

    found = explain_levels(f, np.repeat(np.arange(3), 4), budget=budget, progress=False)
    assert set(found.chosen) == chosen
    assert found.interactions.n_calls <= budget
    singles = dict(
        zip(found.interactions.feature_names, found.interactions.single_values("BV").values, strict=True)
    )
    if len(chosen) == 3:
        np.testing.assert_allclose([singles["x4"], singles["x5"]], [1.0, -1.0], atol=1e-6)


def test_several_outputs():
    def f(masks):
        return np.stack([masks[:, 0] & masks[:, 5], masks[:, 6]], axis=1).astype(float)

    found = explain_levels(f, [0, 0, 1, 1, 2, 2, 3, 3], budget=36, progress=False)
    assert set(found.chosen) == {0, 2, 3}
    table = found.interactions.index("FSII")
    assert sorted(table.names[:2]) == ["x0 × x5", "x6"]
    np.testing.assert_allclose(table.values[np.argsort(table.names[:2])], [[1, 0], [0, 1]], atol=1e-6)


def test_a_store_is_paid_once(tmp_path):
    first, second = Game(), Game()
    for game in (first, second):
        found = explain_levels(game, budget=150, store=tmp_path / "run.sqlite", progress=False)
    assert not second.asked
    assert found.interactions.n_calls == 0
    assert found.interactions.n_stored == sum(first.asked.values())


def test_what_was_paid_is_kept_when_a_call_fails():
    class Failing(Game):
        def __call__(self, masks):
            if len(self.asked) > 60:
                raise ValueError("no")
            return super().__call__(masks)

    game = Failing()
    with pytest.raises(spex.ValueFunctionError) as raised:
        explain_levels(game, budget=150, progress=False)
    assert len(raised.value.masks) == len(game.asked)
    assert raised.value.masks.shape[1] == 32


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"groups": [0, 2]}, "groups"),
        ({"groups": [0.0, 1.0]}, "groups"),
        ({"groups": [0, 1], "group_names": ["a"]}, "group_names"),
        ({"groups": [0, 1], "budget": 3}, "budget"),
        ({"groups": [0, 1], "share": 1.0}, "share"),
        ({"groups": [0, 1], "samples": 3}, "samples"),
    ],
)
def test_unusable_arguments(changes, name):
    settings = {"budget": 10, "progress": False} | changes
    with pytest.raises(InputError, match=rf"^{name}"):
        explain_levels(lambda m: m[:, 0] * 1.0, **settings)


def test_a_function_without_groups():
    def f(masks):
        return masks[:, 0] * 1.0

    f.n = 3
    with pytest.raises(InputError, match=r"^groups: give"):
        explain_levels(f, budget=10)


def test_masks_that_fail_count_against_the_budget():
    asked = []

    def function(masks):
        asked.extend(mask.tobytes() for mask in masks)
        return np.where(masks[:, 0], masks[:, 0] + 2.0 * (masks[:, 1] & masks[:, 2]), np.nan)

    function.n = 24
    groups = np.arange(24) // 2
    found = explain_levels(function, groups=groups, budget=1000, on_failure="drop", progress=False)
    assert len(set(asked)) == len(asked) <= 1000
    assert found.interactions.n_calls == sum(np.frombuffer(mask, dtype=bool)[0] for mask in asked)


@pytest.mark.parametrize("groups", [np.arange(9000), np.arange(9000) % 2])
def test_more_features_than_can_be_explained_are_refused(groups):
    """At once, or with the answers of the first level where it shows that all groups matter."""
    asked = []

    def function(masks):
        asked.extend(masks)
        return masks.mean(axis=1)

    with pytest.raises(InputError, match="9,000 features are too many") as raised:
        explain_levels(function, groups=groups, budget=50, progress=False)
    if asked:
        assert str(raised.value).startswith("share: 2 groups matter")
        np.testing.assert_array_equal(raised.value.masks, asked)
        np.testing.assert_allclose(raised.value.values, [mask.mean() for mask in asked])
    assert len(asked) == (4 if groups.max() == 1 else 0)
