"""Every method through its own library, on functions whose values are known."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from spex_plugins import InputError, Spectrum, compare
from spex_plugins.comparison import METHODS
from spex_plugins.comparison.calls.counted_game import BudgetExceeded, CountedGame
from spex_plugins.comparison.calls.shared_answers import SharedAnswers
from spex_plugins.comparison.methods import resolve_methods
from spex_plugins.comparison.methods.given import surrogate_of
from spex_plugins.comparison.methods.libraries.regressions import Regression
from spex_plugins.comparison.methods.sums import sum_of_sets
from spex_plugins.comparison.methods.warm_up import warm_up
from spex_plugins.core.basis.masks import masks_of_numbers
from spex_plugins.errors import MissingExtraError
from spex_plugins.estimators import SparseRegression
from spex_plugins.queries import Queries

N = 8
SETS = {(): 1.0, (0,): 2.0, (1, 2): 3.0, (3, 4): -1.0}
TRUTH = sum_of_sets(N, SETS)
SHAPLEY = TRUTH.single_values("SV").values
BANZHAF = TRUTH.single_values("BV").values
ALL = masks_of_numbers(np.arange(2**N), N)


@pytest.fixture
def game():
    names = tuple(f"x{i}" for i in range(N))
    with SharedAnswers(TRUTH.predict, N, names, Queries(progress=False), None) as answers:
        yield CountedGame(answers, 2**N)


def explained(method, game, budget=200, seed=0):
    try:
        return method.explain(game, budget, seed)
    except MissingExtraError as error:
        pytest.skip(str(error))


def resolved(value):
    (method,), (name,) = resolve_methods([value], 1)
    return method, name


@pytest.mark.parametrize(
    "name", ["shap:permutation", "shap:kernel", "captum:kernel_shap", "captum:shapley_value_sampling"]
)
@pytest.mark.slow
def test_shapley_values_are_approached_with_the_constant_of_the_game(name, game):
    found = explained(METHODS[name](), game)
    assert found.index == "SV"
    np.testing.assert_allclose(found.function.single_values("SV").values, SHAPLEY, atol=0.5)
    ends = np.array([[False] * N, [True] * N])
    tolerance = 0.05 if name == "captum:kernel_shap" else 1e-4  # its ends are weighted, not exact
    np.testing.assert_allclose(found.function.predict(ends), TRUTH.predict(ends), atol=tolerance)


@pytest.mark.slow
def test_partition_values_are_not_called_shapley_values(game):
    found = explained(METHODS["shap:partition"](), game)
    assert found.index is None
    np.testing.assert_allclose(found.function.predict(ALL[-1:]), TRUTH.predict(ALL[-1:]), atol=1e-9)


def test_feature_ablation_is_the_loss_of_each_feature_and_has_no_constant(game):
    found = explained(METHODS["captum:feature_ablation"](), game)
    single = TRUTH.predict(ALL[-1:]) - TRUTH.predict(~np.eye(N, dtype=bool))
    np.testing.assert_allclose(found.function.single_values("SV").values, single, atol=1e-6)
    assert not found.has_constant
    assert game.calls == N + 1


@pytest.mark.parametrize("name", ["banzhaf", "lasso"])
def test_regressions_approach_banzhaf_values(name, game):
    found = explained(METHODS[name](), game)
    np.testing.assert_allclose(found.function.single_values("BV").values, BANZHAF, atol=0.2)
    assert game.calls == 200


def test_lime_fits_its_weighted_regression(game):
    pytest.importorskip("lime")
    found = explained(METHODS["lime"](), game)
    values = found.function.single_values("SV").values
    assert values[0] == pytest.approx(2, abs=0.3)
    assert abs(values[6]) < 0.3
    assert game.calls <= 200


@pytest.mark.parametrize("name", ["FSII", "FBII", "k-SII"])
def test_regressions_of_shapiq_find_a_function_of_order_two(name, game):
    pytest.importorskip("shapiq")
    found = explained(METHODS[f"shapiq:{name}"](), game)
    assert found.index == name
    tolerance = 0.5 if name == "k-SII" else 0.05
    np.testing.assert_allclose(found.function.predict(ALL), TRUTH.predict(ALL), atol=tolerance)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ProxySPEX", "ProxySHAP", "ProxySHAP+adjustment"])
def test_proxies_of_shapiq_predict(name, game):
    pytest.importorskip("shapiq")
    pytest.importorskip("lightgbm")
    found = explained(METHODS[f"shapiq:{name}"](), game)
    residual = found.function.predict(ALL) - TRUTH.predict(ALL)
    assert residual.var() < 0.2 * TRUTH.predict(ALL).var()


def test_shapley_values_of_captum_take_no_number_of_samples():
    attr = pytest.importorskip("captum.attr")
    n = 4
    truth = sum_of_sets(n, {(): 1.0, (0,): 2.0, (1, 2): 3.0})
    with SharedAnswers(truth.predict, n, tuple("abcd"), Queries(progress=False), None) as answers:
        found = resolved(attr.ShapleyValues)[0].explain(CountedGame(answers, 2**n), 2**n, 0)
    np.testing.assert_allclose(found.function.single_values("SV").values, [2, 1.5, 1.5, 0], atol=1e-6)


def test_approximators_of_shapiq_that_a_user_has(game):
    """Classes, partial ones and objects find a function of two features exactly; an object is not changed."""
    approximator = pytest.importorskip("shapiq.approximator")
    fsii = approximator.RegressionFSII
    own = fsii(n=N, max_order=2, random_state=7)
    given = {"class": fsii, "partial": partial(fsii, max_order=2), "object": own}
    for one in given.values():
        method, name = resolved(one)
        assert (name, method.kind) == ("shapiq:RegressionFSII", "interaction")
        found = method.explain(game, 200, 0)
        assert found.index == "FSII"
        np.testing.assert_allclose(found.function.predict(ALL), TRUTH.predict(ALL), atol=0.05)
    sampled = resolved(approximator.SVARM(n=N))[0]
    assert sampled.kind == resolved(approximator.KernelSHAP)[0].kind == "marginal"
    values = [sampled.explain(game, 60, seed).function.single_values("SV").values for seed in (0, 0, 1)]
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])
    with pytest.raises(InputError, match="is for 5 features, the input has 8; give its class"):
        resolved(fsii(n=5))[0].explain(game, 200, 0)
    with pytest.raises(InputError, match=r"shapiq:PermutationSamplingSTII needs max_order; give functools\."):
        resolved(approximator.PermutationSamplingSTII)


def test_what_has_no_arguments_that_are_known_is_named():
    with pytest.raises(InputError, match=r"methods\[0\]: the arguments of .* are not known"):
        resolved(type("Odd", (), {"__call__": len, "__signature__": 3})())


@pytest.mark.parametrize(("n", "budget"), [(6, 60), (6, 64), (6, 100), (10, 1000), (3, 8), (40, 100)])
def test_uniform_masks_are_as_many_as_the_budget_and_the_features_allow(n, budget):
    with SharedAnswers(lambda masks: masks[:, 0], n, ("x",) * n, Queries(progress=False), None) as answers:
        game = CountedGame(answers, budget)
        masks = game.uniform_masks(budget, 0)
        assert len(np.unique(masks, axis=0)) == len(masks) == min(budget, 2**n)
        np.testing.assert_array_equal(masks, game.uniform_masks(budget, 0))
        if budget < 2**n:
            assert not np.array_equal(masks, game.uniform_masks(budget, 1))


@pytest.mark.parametrize("name", ["banzhaf", "lasso"])
@pytest.mark.parametrize("n", [1, 2, 3])
def test_regressions_of_all_masks_of_few_features_are_exact(name, n):
    """With all masks, the additive function with the least errors has the Banzhaf values."""
    truth = sum_of_sets(n, {(): 1.0, (0,): 2.0, tuple(range(n)): 3.0})
    with SharedAnswers(truth.predict, n, ("x",) * n, Queries(progress=False), None) as answers:
        method = METHODS[name]()
        found = method.explain(CountedGame(answers, 2**n), method.least(n), 0)
    expected = truth.single_values("BV").values
    np.testing.assert_allclose(found.function.single_values("BV").values, expected, atol=1e-12)


def test_libraries_are_warmed_up_and_functions_of_users_are_not():
    shap = pytest.importorskip("shap")
    calls = []

    def mine(value_function, n, budget, seed):
        calls.append(n)
        return np.zeros(n)

    def my_shap(model, masker):
        calls.append("shap")
        return shap.PermutationExplainer(model, masker)

    class Mine:
        name, kind, asks = "mine", "marginal", True

        def least(self, n):
            return 0

        def explain(self, game, budget, seed):
            calls.append(game.n)
            return surrogate_of(np.zeros(game.n), game.n)

    for one in (mine, my_shap, partial(my_shap), Mine()):
        warm_up(resolved(one)[0])
    assert not calls
    warm_up(Regression("mine", lambda masks, values: calls.append(masks.shape)))
    assert calls == [(40, 6)]
    compare(lambda masks: masks[:, 0], 9, methods=[mine, Mine()], budgets=20, held_out=20, progress=False)
    assert calls[1:] == [9, 9]


def test_the_least_budget_of_a_method_is_enough_for_it():
    for name in ("banzhaf", "lasso", "captum:feature_ablation", "captum:shapley_value_sampling", "auto"):
        method = METHODS[name]()
        budget = method.least(N)
        with SharedAnswers(TRUTH.predict, N, tuple("abcdefgh"), Queries(progress=False), None) as answers:
            game = CountedGame(answers, budget)
            explained(method, game, budget)
            assert game.calls <= budget


def test_the_same_seed_gives_the_same_and_global_generators_are_left_alone(game):
    pytest.importorskip("captum")
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    one, other, third = (
        explained(METHODS["captum:lime"](), game, seed=seed).function.single_values("SV").values
        for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002


def test_what_users_of_the_hosts_have_becomes_a_method():
    shap = pytest.importorskip("shap")
    attr = pytest.importorskip("captum.attr")
    cases = [
        (shap.PermutationExplainer, "shap:PermutationExplainer"),
        (shap.KernelExplainer, "shap:kernel"),
        (partial(shap.PermutationExplainer, link=shap.links.identity), "shap:PermutationExplainer"),
        (attr.KernelShap, "captum:KernelShap"),
        (attr.Lime(lambda x: x), "captum:Lime"),
        (SparseRegression(), "sparse_regression"),
        (np.zeros(3), "given"),
    ]
    for value, name in cases:
        assert resolved(value)[1] == name

    def my_shap(model, masker):
        return shap.PermutationExplainer(model, masker)

    def my_captum(forward_func):
        return attr.FeatureAblation(forward_func)

    assert [type(resolved(one)[0]).__name__ for one in (my_shap, my_captum)] == ["ShapMethod", "CaptumMethod"]
    with pytest.raises(ValueError, match="belongs to a model of its own"):
        resolved(shap.PermutationExplainer(lambda x: x[:, 0], np.zeros((2, 3))))


@pytest.mark.slow
def test_a_method_object_of_captum_keeps_its_settings(game):
    attr = pytest.importorskip("captum.attr")
    from captum._utils.models.linear_model import SkLearnLasso

    strong = attr.Lime(lambda x: x.sum(1), interpretable_model=SkLearnLasso(alpha=100.0))
    found = explained(resolved(strong)[0], game)
    assert not found.function.single_values("SV").values.any()  # everything is shrunk to 0
    assert explained(resolved(attr.Lime)[0], game).function.single_values("SV").values.any()


def test_explanations_of_other_libraries_are_read():
    shap = pytest.importorskip("shap")
    shapiq = pytest.importorskip("shapiq")
    row = shap.Explanation(SHAPLEY[None], base_values=np.array([1.0]))
    read = surrogate_of(row, N)
    assert read.has_constant
    np.testing.assert_allclose(read.function.predict(ALL), 1 + ALL @ SHAPLEY)
    lookup = {members: place for place, members in enumerate(SETS)}
    values = shapiq.InteractionValues(
        np.array(list(SETS.values())),
        index="FSII",
        max_order=2,
        n_players=N,
        min_order=0,
        interaction_lookup=lookup,
        baseline_value=1.0,
    )
    np.testing.assert_allclose(surrogate_of(values, N).function.predict(ALL), TRUTH.predict(ALL))
    fourier = surrogate_of(Spectrum.from_dict(N, {(0,): 1.0}), N)
    np.testing.assert_allclose(fourier.function.predict(ALL), np.where(ALL[:, 0], -1.0, 1.0))


def test_the_counted_game_refuses_before_it_asks():
    batches = []

    def value(masks):
        batches.append(len(masks))
        return TRUTH.predict(masks)

    with SharedAnswers(value, N, tuple("abcdefgh"), Queries(progress=False), None) as answers:
        game = CountedGame(answers, 10)
        game(ALL[:8])
        game(ALL[:8].astype(int))  # repeated masks are free, and numbers are masks
        with pytest.raises(BudgetExceeded, match="asked for 11 masks, 10 were allowed"):
            game(ALL[5:11])
        assert (game.calls, game.asked, game.refused, sum(batches)) == (8, 16, 11, 8)
        assert {mask.tobytes() for mask in game.masks} == {mask.tobytes() for mask in ALL[:8]}
        game(ALL[8:10])
        with pytest.raises(ValueError, match=r"shape \(m, 8\)"):
            game(ALL[:, :5])


@pytest.mark.parametrize("count", [40, 150, 250, 256, 300])
def test_uniform_masks_are_as_many_as_there_are(game, count):
    masks = game.uniform_masks(count, 0)
    assert len(np.unique(masks, axis=0)) == len(masks) == min(count, 2**N)


@pytest.mark.slow
def test_lightgbm_prints_nothing(game, capfd):
    pytest.importorskip("shapiq")
    pytest.importorskip("lightgbm")
    explained(METHODS["shapiq:ProxySPEX"](), game, budget=100)
    assert capfd.readouterr().out == ""
