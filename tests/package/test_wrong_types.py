"""An argument of another type is refused by its name, and not by what fails inside."""

from __future__ import annotations

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins import InputError, Recording, Spectrum, estimators, plots, regions
from spex_plugins.comparison import Given
from spex_plugins.games import DataGame, ImageGame, PartsGame, ReplyGame
from spex_plugins.queries import Store


def function(masks):
    return 2.0 * masks[:, 0] + masks[:, 1] * masks[:, 2]


function.n = 4
FOUND = spex.explain(function, budget=16, progress=False)
MASKS = np.array([[1, 0, 0], [0, 1, 0], [1, 1, 1]], dtype=bool)
ROWS = np.arange(12.0).reshape(6, 2)


def levels(**arguments):
    return spex.explain_levels(function, **{"groups": [0, 0, 1, 1], "budget": 10} | arguments)


def recording(**arguments):
    return Recording(MASKS, np.ones((3, 2)), **arguments)


def parts(**arguments):
    return PartsGame(len, {"a": 1, "b": 2}, **arguments)


def data(**arguments):
    given = {"X": ROWS, "y": np.ones(6), "X_test": ROWS, "y_test": np.ones(6), "empty_value": 0.0}
    return DataGame(lambda X, y: None, **given | arguments)


@pytest.mark.parametrize(
    ("call", "name", "value"),
    [
        (levels, "groups", 5), (levels, "group_names", 5), (levels, "group_names", "ab"),
        (recording, "output_names", 5), (recording, "output_names", ["one"]), (recording, "kinds", 5),
        (recording, "about", 5), (recording().masks, "kind", []), (Recording.from_store, "store", 5),
        (Recording.load, "path", 1), (recording().save, "path", 1), (spex.Interactions.load, "path", 1),
        (FOUND.save, "path", 1), (Store, "path", 5),
        (FOUND.renamed, "feature_names", None), (FOUND.renamed, "feature_names", 5),
        (FOUND.single_values, "index", []), (FOUND.index().of_order, "order", []),
        (parts, "pinned", 5), (parts, "part_costs", 5), (parts, "part_costs", {"a": -1.0}),
        (parts, "part_costs", {"b": "dear"}), (parts, "base_cost", -1.0), (parts, "base_cost", "dear"),
        (parts, "traces", 5), (parts, "fingerprint", 5), (parts, "output_names", 5),
        (data, "X", None), (data, "y", 5), (data, "X_test", None), (data, "y_test", 5),
        (data, "empty_value", "none"), (data, "fingerprint", 5),
        (lambda **given: ReplyGame(str, "a b", **given), "fingerprint", 5),
        (lambda **given: ImageGame(np.mean, np.ones((8, 8)), **given), "fingerprint", 5),
        (lambda **given: Spectrum.from_dict(**{"n": 3, "terms": {}} | given), "n", None),
        (lambda terms: Spectrum.from_dict(3, terms), "terms", 5),
        (lambda terms: Spectrum.from_dict(3, terms), "terms", [(0, 1)]),
        (lambda terms: Spectrum.from_dict(3, terms), "terms", {0: 1.0}),
        (lambda terms: Spectrum.from_dict(3, terms), "terms", {(0,): "one"}),
        (lambda terms: Spectrum.from_dict(3, terms), "terms", {(0,): 1.0, (1,): [1.0, 2.0]}),
        (lambda **given: plots.bar(FOUND, **given), "index", ["SV"]),
        (lambda **given: plots.bar(FOUND, **given), "words", 5), (plots.bar, "interactions", 5),
        (lambda **given: plots.network(FOUND, **given), "ax", 5),
        (lambda **given: plots.text_arcs(FOUND, **given), "ax", 5),
        (regions.Superpixels, "compactness", None), (regions.Grid(2, 2), "image", 5),
        (estimators.Stacking, "members", 5), (estimators.Averaging, "members", ["spex"]),
        (Given, "explanations", 5),
    ],
)  # fmt: skip
def test_the_argument_is_named(call, name, value):
    named = "store" if call is Store else name
    with pytest.raises(InputError, match=rf"^{named}\b"):
        call(**{name: value})


def test_a_description_of_no_estimator_is_empty():
    assert estimators.about([]) == ""


def test_a_title_may_be_a_number():
    axes = plots.bar(FOUND, title=2026)
    assert axes.figure.get_suptitle() == "2026"
    assert "<title>2026</title>" in plots.to_html(FOUND, title=2026)


@pytest.mark.parametrize("cost", [-1.0, np.inf, np.nan])
def test_a_call_cannot_cost_less_than_nothing(cost):
    from spex_plugins.games import CallOutcome

    game = PartsGame(lambda kept: CallOutcome(1.0, cost=cost), {"a": 1})
    with pytest.raises(InputError, match="finite cost ≥ 0"):
        game(np.ones((1, 1), dtype=bool))
    assert game.cost == 0.0
