"""`compare` on functions with known answers: shared calls, budgets, kinds of methods, inputs and outputs."""

from __future__ import annotations

import numpy as np
import pytest
from compare_runs import Game, ask_uniform, compared, run_of, shapley
from games import SmallGame

import spex_plugins as spex
from spex_plugins import InputError
from spex_plugins.comparison import Given, Ours
from spex_plugins.core.basis.masks import masks_of_numbers


@pytest.mark.slow
def test_nothing_is_asked_twice_and_all_calls_are_counted():
    game = Game()
    report = compared(game, methods=["auto", "banzhaf", ask_uniform], budgets=[60, 120], seeds=2)
    assert len(game.asked) == len(set(game.asked)) == report.n_calls
    for run in report.runs:
        assert not run.problem
        assert 0 < run.calls <= run.cell.budget
    assert run_of(report, "auto", budget=120, seed=1).scores.values["r2"] == pytest.approx(1)


@pytest.mark.slow
def test_a_run_counts_the_calls_that_it_would_make_alone():
    alone = compared(methods=["banzhaf"])
    after = compared(methods=["auto", "banzhaf", "banzhaf"])
    assert run_of(after, "banzhaf (2)").calls == run_of(alone, "banzhaf").calls == 60
    same = run_of(after, "banzhaf (2)").scores.values
    assert same == run_of(after, "banzhaf").scores.values == run_of(alone, "banzhaf").scores.values


@pytest.mark.slow
def test_the_held_out_masks_are_the_same_for_all_and_not_those_of_the_methods():
    report = compared(methods=["auto", "banzhaf"], seeds=2)
    (about,) = report.inputs
    assert len(about.held_out.uniform.masks) == 80
    both = np.concatenate([about.held_out.uniform.masks, about.held_out.sizes.masks])
    assert about.n_held_out == len(np.unique(both, axis=0)) + 2  # and both ends
    sizes = about.held_out.sizes.masks.sum(axis=1)
    assert sizes.min() >= 1
    assert sizes.max() <= 13
    again = compared(methods=["auto"]).inputs[0].held_out
    np.testing.assert_array_equal(again.uniform.masks, about.held_out.uniform.masks)


def test_given_explanations_are_judged_without_a_call():
    exact = {(): 1.0, (0,): 2.0, (1, 2): 3.0, (3, 4, 5): -1.0}
    found = spex.explain(Game(), budget=200, progress=False)
    methods = {"array": shapley(), "sets": exact, "interactions": found, "table": found.index("FSII", 3)}
    report = compared(methods=methods)
    for name in methods:
        run = run_of(report, name)
        assert (run.calls, run.cell.budget, run.problem) == (0, None, "")
    assert report.n_calls == report.inputs[0].n_held_out
    for name in ("sets", "interactions", "table"):
        assert run_of(report, name).scores.values["r2"] == pytest.approx(1)
    held_out = report.inputs[0].held_out.uniform
    prediction = held_out.masks @ shapley()
    prediction += (held_out.values - prediction).mean()  # an array has no constant
    expected = 1 - ((prediction - held_out.values) ** 2).sum() / (held_out.values.var() * 80)
    assert run_of(report, "array").scores.values["r2"] == pytest.approx(expected)
    assert {run.cell.kind for run in report.runs} == {"marginal", "interaction"}


def test_all_masks_of_few_features_give_the_truth():
    methods = ["auto", "gaussian_process", shapley(8)]
    report = compared(Game(8), methods=methods, budgets=[100, 256], held_out=256)
    assert report.inputs[0].held_out.truth is not None
    scores = run_of(report, "auto", budget=100).scores.values
    assert scores["value_error"] == pytest.approx(0, abs=1e-6)
    assert scores["pair_error"] == pytest.approx(0, abs=1e-6)
    assert 0 <= run_of(report, "gaussian_process", budget=100).scores.values["coverage"] <= 1
    assert run_of(report, "auto", budget=256).scores.values["coverage"] == 1  # the values are exact
    assert "value_error" not in compared(Game(8), held_out=100).runs[0].scores.values


@pytest.mark.slow
def test_metrics_that_ask_are_measured_on_request():
    assert "removal" not in compared().runs[0].scores.values
    game = Game()
    report = compared(game, metrics="all", budgets=200, annotations=[1, 2])
    scores = report.runs[0].scores
    assert list(scores.curves) == ["removal", "insertion", "deletion"]
    # f(x) = 5; without x1 it is 2, without x1 and x0 it is 0: nothing changes f more
    assert scores.curves["removal"] == pytest.approx({1: 3 / 5, 2: 1, 3: 1, 5: 1})
    assert scores.values["removal"] == pytest.approx(np.mean([3 / 5, 1, 1, 1]))
    assert 0 < scores.values["recovery"] <= 1
    assert len(game.asked) == len(set(game.asked)) == report.n_calls


def test_a_method_that_asks_for_more_than_its_budget_is_refused_and_reported():
    def greedy(value_function, n, budget, seed):
        value_function(masks_of_numbers(np.arange(budget + 5), n))

    def hides_it(value_function, n, budget, seed):
        try:
            greedy(value_function, n, budget, seed)
        except Exception:
            return np.zeros(n)

    game = Game()
    report = compared(game, methods=[greedy, hides_it, "auto"])
    for name in ("greedy", "hides_it"):
        assert run_of(report, name).problem == "asked for 65 masks, 60 were allowed"
    assert not run_of(report, "auto").problem
    assert len(game.asked) == report.n_calls <= report.inputs[0].n_held_out + 60


def test_one_feature():
    report = compared(
        lambda masks: 3.0 * masks[:, 0], n=1, methods=["auto", "banzhaf", np.array([3.0])], budgets=10
    )
    assert run_of(report, "auto").scores.values["r2"] == pytest.approx(1)
    assert run_of(report, "given").scores.values["r2"] == pytest.approx(1)


def test_a_constant_function_has_no_r2():
    report = compared(lambda masks: np.full(len(masks), 2.5), n=9, methods=["auto", "banzhaf"])
    for run in report.runs:
        assert not run.problem
        assert np.isnan(run.scores.values["r2"])
    assert "no method has a value" in report.recommend()
    assert "constant" in report.recommend()


def test_masks_without_a_value_are_left_out():
    """NaN at a sixteenth of all masks: ours drops them, what cannot do without says so, nothing is lost."""

    def partly(masks):
        values = Game()(masks)
        values[masks[:, 6:10].all(axis=1)] = np.nan
        return values

    report = compared(partly, n=14, methods=["auto", "banzhaf"], budgets=200)
    (about,) = report.inputs
    assert about.held_out.n_missing > 0
    assert len(about.held_out.uniform.masks) < 80
    assert "masks dropped" in about.statement
    assert run_of(report, "auto").scores.values["r2"] > 0.99
    assert "gave no value" in run_of(report, "banzhaf").problem


def test_a_mask_without_a_value_takes_only_the_curve_that_needs_it():
    """No value of masks without a single feature: removal of one feature and a step of each curve lack it."""

    def partly(masks):
        return np.where((~masks).sum(axis=1) == 1, np.nan, Game()(masks))

    plain = compared(partly, n=14, methods={"given": {(0,): 2.0, (1, 2): 3.0}})
    report = compared(partly, n=14, methods={"given": {(0,): 2.0, (1, 2): 3.0}}, metrics="all")
    (run,) = report.runs
    assert not run.problem
    for name, value in plain.runs[0].scores.values.items():
        assert run.scores.values[name] == pytest.approx(value, nan_ok=True)
    for name in ("removal", "insertion", "deletion"):
        assert np.isnan(run.scores.values[name])
        assert f"{name}" in run.scores.note
    assert "masks of these curves have no value" in run.scores.note
    # f(x) = 5; without x1 and x0 it is 0; the curve keeps what is known
    assert run.scores.curves["removal"] == pytest.approx({2: 1, 3: 1, 5: 1})
    assert 1 not in run.scores.curves["deletion"]


def test_a_limit_is_told_by_the_rows_that_it_cuts_short():
    def asks(value_function, n, budget, seed):
        masks = np.random.default_rng(seed).random((2 * budget, n)) < 0.5
        masks = np.unique(masks, axis=0)[:budget]
        try:
            value_function(masks)
        except Exception:
            return np.zeros(n)  # hides it
        return shapley(n)

    game = Game()
    settings = {"methods": [asks], "budgets": [20, 200], "price": 2.0, "held_out": 40}
    held_out = compared(methods=[shapley()], held_out=40).n_calls
    report = compared(game, max_cost=2.0 * (held_out + 50), **settings)
    few, many = report.runs
    assert (few.calls, few.cost, few.problem) == (20, 40.0, "")
    assert many.problem.startswith(f"max_cost={2 * (held_out + 50)} was reached: ")
    evaluated = many.calls
    assert many.problem.endswith(f"{200 - evaluated} of 200 masks were not evaluated")
    assert many.cost == 2.0 * evaluated < 2.0 * (held_out + 50)
    assert len(game.asked) == report.n_calls == held_out + 50
    known = set(game.asked)
    masks = np.unique(np.random.default_rng(0).random((400, 14)) < 0.5, axis=0)[:200]
    assert evaluated == sum(mask.tobytes() in known for mask in masks)
    assert "no method has a value" in report.recommend()


@pytest.mark.slow
def test_two_methods_of_one_name_are_told_apart():
    report = compared(methods=[Given([shapley()]), Given([np.zeros(14)]), "auto", Ours("auto")])
    assert report.settings["methods"] == ["given", "given (2)", "auto", "auto (2)"]
    assert run_of(report, "given").scores.values["r2"] > run_of(report, "given (2)").scores.values["r2"]


def test_no_method_is_lost_where_a_name_is_that_of_a_numbered_one():
    methods = [Ours("auto"), Ours("auto"), Ours("spex", name="auto (2)")]
    report = compared(methods=methods, budgets=20, held_out=16)
    assert report.settings["methods"] == ["auto", "auto (3)", "auto (2)"]
    assert len(report.runs) == 3


def test_the_kind_of_a_method_is_that_of_what_it_gives():
    def pairs_with_many_calls(value_function, n, budget, seed):
        return {(0,): 2.0, (1, 2): 3.0} if budget > 50 else {(0,): 2.0, (1,): 3.0}

    def ours(value_function, n, budget, seed):
        return spex.explain(value_function, n, budget=budget, progress=False)

    found = spex.explain(Game(), budget=200, progress=False)
    methods = {
        "pairs": pairs_with_many_calls,
        "ours": ours,
        "table": found.index("FSII", 2),
        "values": found.index("SV"),
        "array": shapley(),
        "single": {(0,): 2.0},
        "leave one out": ask_uniform,
    }
    report = compared(methods=methods, budgets=[40, 60])
    kinds = {(run.cell.method, run.cell.kind) for run in report.runs}
    interactions = ("pairs", "ours", "table")
    assert kinds == {(name, "interaction" if name in interactions else "marginal") for name in methods}


def test_several_inputs_have_their_own_answers_in_one_store(tmp_path):
    settings = {"store": tmp_path / "run.sqlite", "methods": ["banzhaf"]}
    games = [Game(fingerprint="one"), Game(9, fingerprint="two")]
    report = compared(games, **settings)
    assert [len(one.feature_names) for one in report.inputs] == [14, 9]
    assert report.n_calls == sum(len(game.asked) for game in games)
    assert compared([Game(fingerprint="one"), Game(9, fingerprint="two")], **settings).n_calls == 0


def test_one_fingerprint_of_several_inputs_does_not_keep_answers_by_their_place(tmp_path):
    """Other inputs at the same places, or the same ones in another order, have their own values."""
    settings = {"store": tmp_path / "run.sqlite", "fingerprint": "model 3", "methods": [np.zeros(9)]}

    def fulls(*factors):
        games = [plain_game(factor) for factor in factors]
        for game in games:
            game.fingerprint = f"text {game.factor}"
        report = compared(games, **settings)
        return [one.held_out.full for one in report.inputs], report

    assert fulls(1.0, 2.0)[0] == [9, 18]
    other, report = fulls(3.0, 4.0)
    assert other == [27, 36]
    assert report.n_stored == 0
    turned, report = fulls(2.0, 1.0)
    assert turned == [18, 9]
    assert report.n_stored > 0
    with pytest.raises(InputError, match=r"fingerprint: 'model 3' does not tell .* game\[0\] has no"):
        compared([plain_game(1.0), plain_game(2.0)], **settings)
    assert len(compared([plain_game(1.0), plain_game(2.0)], **settings | {"store": None}).inputs) == 2


def plain_game(factor):
    class Plain:
        n = 9

        def __init__(self):
            self.factor = factor

        def __call__(self, masks):
            return factor * masks.sum(axis=1)

    return Plain()


def test_one_of_several_outputs_is_explained():
    report = compared(SmallGame(outputs=3), held_out=32, budgets=32)
    full = SmallGame(outputs=3).table[-1]
    assert report.inputs[0].held_out.full == full.max()
    assert compared(SmallGame(outputs=3), output=1, held_out=32).inputs[0].held_out.full == full[1]


@pytest.mark.parametrize("output", [1.5, "a", True, [1]])
def test_an_output_that_is_no_number_is_refused_before_a_call(output):
    game = Game()
    with pytest.raises(InputError, match="output: must be the number of an output"):
        compared(game, output=output)
    assert not game.asked


@pytest.mark.parametrize(("outputs", "output"), [(3, 3), (3, -4), (1, 1)])
def test_an_output_that_does_not_exist_costs_one_call(outputs, output):
    calls = []

    class Several(SmallGame):
        def __call__(self, masks):
            calls.append(len(masks))
            return super().__call__(masks)

    with pytest.raises(InputError, match=f"output: must be from 0 to {outputs - 1}, .* got {output}"):
        compared(Several(outputs=outputs) if outputs > 1 else Several(), output=output)
    assert calls == [1]


def test_an_output_is_chosen_where_the_whole_input_has_no_value():
    class Partly(SmallGame):
        def __call__(self, masks):
            values = super().__call__(masks)
            values[masks.all(axis=1)] = np.nan
            return values

    report = compared(Partly(outputs=3), output=-1, held_out=32, budgets=32)
    np.testing.assert_allclose(
        report.inputs[0].held_out.uniform.values,
        SmallGame(outputs=3)(report.inputs[0].held_out.uniform.masks)[:, 2],
    )


def test_held_out_masks_can_be_given():
    masks = np.random.default_rng(5).random((50, 14)) < 0.5
    report = compared(held_out=np.concatenate([masks, masks[:3]]))
    np.testing.assert_array_equal(report.inputs[0].held_out.uniform.masks, masks)


def test_options_of_the_calls_are_those_of_explain():
    report = compared(methods=["banzhaf"], price=0.5)
    assert report.runs[0].cost == 30
    limited = compared(methods=["banzhaf"], max_cost=150, budgets=100)
    assert limited.n_calls <= 150
    assert "max_cost" in limited.inputs[0].statement
    with pytest.raises(InputError, match="max_evals: unknown keyword; did you mean budget="):
        compared(max_evals=3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"game": 3}, "game: must be a value function"),
        ({"game": []}, "game: the list is empty"),
        ({"game": lambda masks: masks[:, 0]}, "n: give the number of features"),
        ({"budgets": []}, "budgets: is empty"),
        ({"budgets": [1]}, "budgets: must be an integer ≥ 2"),
        ({"seeds": 0}, "seeds: must be an integer ≥ 1"),
        ({"held_out": 1}, "held_out: must be an integer ≥ 2"),
        ({"held_out": np.ones((4, 3), dtype=bool)}, "held_out: masks have 3 features"),
        ({"methods": []}, "methods: give at least one"),
        ({"methods": ["lassso"]}, "methods: 'lassso' is unknown; the names are auto"),
        ({"methods": [3.5]}, r"methods\[0\]: float is no method"),
        ({"methods": [lambda a, b, c, d, e: 0]}, r"methods\[0\]: <lambda> takes 5 arguments"),
        (
            {"methods": None},
            "methods: must be a list of methods or a dict of names and methods, got NoneType",
        ),
        ({"metrics": ["r3"]}, "metrics: 'r3' is unknown"),
        ({"metrics": 3}, "metrics: 3 is unknown"),
        ({"annotations": 0}, "annotations: must be a list of features, .* got 0"),
        ({"annotations": [[0], 0]}, "annotations: must be numbers from 0 to 13"),
        ({"annotations": [14]}, "annotations: must be numbers from 0 to 13"),
        ({"annotations": [True]}, "annotations: expected a bool for each of 14"),
    ],
)
def test_unusable_arguments_are_named_before_a_call(arguments, message):
    game = arguments.pop("game", None) if "game" in arguments else Game()
    with pytest.raises(InputError, match=message):
        compared(game, **arguments)
    assert not getattr(game, "asked", [])


def test_annotations_may_be_names_or_bools():
    kept = np.zeros(14, dtype=bool)
    kept[[1, 2]] = True
    scores = [
        compared(annotations=one, methods=[shapley()]).runs[0].scores.values["recovery"]
        for one in ([1, 2], [[1, 2]], ["x1", "x2"], [["x1", "x2"]], kept, [kept])
    ]
    assert len(set(scores)) == 1
    assert scores[0] == pytest.approx(2 / 6)  # six sets have a value
