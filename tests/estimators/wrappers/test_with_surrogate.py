"""A surrogate: what is learned is the difference from a cheap function that resembles the costly one."""

import numpy as np
import pytest
from index_tables import index_matrix, sets_of
from numpy.testing import assert_allclose, assert_array_equal
from oracles import all_masks

import spex_plugins as spex

N = 30


def rough(masks, seed=0, terms=60):
    """Return products of many features, which few masks do not tell."""
    rng = np.random.default_rng(seed)
    signs = np.where(masks, 1.0, -1.0)
    out = np.zeros(len(masks))
    for _ in range(terms):
        out += rng.normal() * signs[:, rng.choice(N, rng.integers(1, 4), replace=False)].prod(axis=1)
    return out


def costly(masks):
    return 2.0 * rough(masks) + 0.3 * (masks[:, 0] & masks[:, 1]) - 0.2 * masks[:, 2] + 5.0


@pytest.fixture(scope="module")
def cheap():
    return spex.explain(rough, N, budget=1500, progress=False)


@pytest.mark.parametrize("index", ["SV", "FBII"])
def test_the_difference_is_easier_than_the_function(cheap, index):
    test = np.random.default_rng(1).random((500, N)) < 0.5
    error = []
    for surrogate in (None, cheap):
        found = spex.explain(costly, budget=100, n=N, index=index, surrogate=surrogate, progress=False)
        error.append(np.mean((found.predict(test) - costly(test)) ** 2) / costly(test).var())
    assert error[1] < 0.02 < 0.2 < error[0]
    assert "difference from the surrogate" in found.method
    assert found.n_calls <= 100


def test_an_unrelated_surrogate_changes_nothing(cheap):
    alone, beside = (
        spex.explain(
            lambda m: rough(m, seed=9, terms=5),
            N,
            budget=300,
            index="SV",
            surrogate=surrogate,
            progress=False,
        )
        for surrogate in (None, cheap)
    )
    assert_array_equal(alone.single_values("SV").values, beside.single_values("SV").values)
    assert_array_equal(alone.r2, beside.r2)


def test_only_the_budget_is_asked_of_the_costly_function():
    asked = {"costly": 0, "cheap": 0}

    def counted(name, function):
        def value(masks):
            asked[name] += len(masks)
            return function(masks)

        return value

    n = 8
    found = spex.explain(
        counted("costly", lambda m: m @ np.arange(n) + 0.5 * m[:, 0] * m[:, 1] * m[:, 2]),
        n,
        budget=60,
        index="SV",
        surrogate=counted("cheap", lambda m: m @ np.arange(n)),
        progress=False,
    )
    assert asked == {"costly": found.n_calls, "cheap": 2**n}
    assert found.n_calls <= 60


@pytest.mark.parametrize("index", ["SV", None])
def test_indices_are_those_of_the_predictions(index):
    n = 6

    def value(masks):
        return np.sin(masks @ np.arange(1.0, n + 1)) + masks[:, 0]

    found = spex.explain(
        value,
        n,
        budget=30,
        index=index,
        surrogate=lambda m: np.sin(m @ np.arange(1.0, n + 1)),
        progress=False,
    )
    assert "difference from the surrogate" in found.method
    predicted = found.predict(all_masks(n))
    for symbol, order in (("SV", 1), ("BV", 1), ("SII", 2), ("FSII", 2), ("Moebius", 3), ("Fourier", 3)):
        table = found.index(symbol, order).as_dict()
        expected = index_matrix(symbol, order, n) @ predicted
        rows = [tuple(int(f) for f in row if f < n) for row in sets_of(n, order)]
        listed = np.array([len(row) > 0 for row in rows])  # the table of SV has no empty set
        assert_allclose([table.get(row, 0.0) for row in rows if row], expected[listed], atol=1e-8)


def test_outputs_choose_for_themselves(cheap):
    def two(masks):
        return np.stack([costly(masks), masks[:, 3] * 2.0 - masks[:, 4]], axis=1)

    found = spex.explain(two, N, budget=200, index="SV", surrogate=cheap, progress=False)
    values = found.single_values("SV").values
    truth = np.zeros(N)
    truth[[3, 4]] = 2.0, -1.0
    assert_allclose(values[:, 1], truth, atol=1e-6)
    test = np.random.default_rng(1).random((500, N)) < 0.5
    assert np.mean((found.predict(test) - two(test)) ** 2, axis=0)[0] < 0.05 * costly(test).var()


def test_an_error_that_is_not_known_is_not_zero(cheap):
    with pytest.warns(spex.FewSamplesWarning):
        found = spex.explain(costly, N, budget=20, index="SV", surrogate=cheap, progress=False)
    assert "difference from the surrogate" in found.method
    assert np.isnan(found.r2)
    assert np.isnan(found.r2_error)


def test_it_is_saved(cheap, tmp_path):
    found = spex.explain(costly, N, budget=100, index="SV", surrogate=cheap, progress=False)
    found.save(tmp_path / "found.npz")
    again = spex.Interactions.load(tmp_path / "found.npz")
    masks = np.random.default_rng(0).random((20, N)) < 0.5
    assert_array_equal(found.predict(masks), again.predict(masks))
    assert_array_equal(found.single_values("SV").values, again.single_values("SV").values)


def test_a_twin_leaves_nothing_to_learn(cheap):
    found = spex.explain(
        lambda m: 3 * cheap.predict(m) + 1, N, budget=100, index="SV", surrogate=cheap, progress=False
    )
    assert_allclose(found.r2, 1.0)
    assert found.r2_error == 0
    assert found.r2_source == "the surrogate meets all values"
    assert_allclose(found.single_values("SV").values, 3 * cheap.single_values("SV").values, atol=1e-7)


@pytest.mark.parametrize(
    ("surrogate", "message"),
    [
        (3, "surrogate: must be an explanation"),
        (
            lambda: spex.explain(lambda m: m[:, 0] * 1.0, 4, budget=16, progress=False),
            "surrogate: has 4 features",
        ),
        (
            lambda: spex.explain(
                rough, N, budget=100, progress=False, feature_names=[f"x{i}" for i in reversed(range(N))]
            ),
            "in another order",
        ),
    ],
)
def test_what_does_not_fit_is_refused(surrogate, message):
    given = surrogate() if callable(surrogate) else surrogate
    with pytest.raises(spex.InputError, match=message):
        spex.explain(costly, N, budget=60, surrogate=given, progress=False)


def small(masks):
    return masks[:, 0] + 1.0 * masks[:, 1] - masks[:, 2]


@pytest.mark.parametrize("budget", [3, 4, 5, 6, 8, 12])
def test_few_masks_that_a_surrogate_meets_tell_no_r2(budget):
    for seed in range(4):
        pair = np.random.default_rng(seed).permutation(20)[:2]
        found = spex.explain(
            lambda masks, pair=pair: small(masks) + 2.0 * masks[:, pair].all(axis=1),
            20,
            budget=budget,
            seed=seed,
            surrogate=small,
            progress=False,
        )
        assert np.isnan(found.r2)
        assert np.isnan(found.r2_error)


def test_a_surrogate_that_meets_many_masks_is_exact():
    found = spex.explain(rough, N, budget=60, surrogate=rough, progress=False)
    assert_allclose(found.r2, 1.0)
    assert found.r2_source == "the surrogate meets all values"


@pytest.mark.parametrize("n", [6, 10, 20])
def test_a_surrogate_that_is_zero_changes_nothing(n):
    zero = spex.explain(lambda masks: np.zeros(len(masks)), n, budget=40, progress=False)
    alone, beside = (
        spex.explain(small, n, budget=30, surrogate=surrogate, progress=False) for surrogate in (None, zero)
    )
    assert_array_equal(alone.index().values, beside.index().values)


def test_a_surrogate_of_other_outputs_costs_no_answer():
    two = spex.explain(lambda m: np.stack([m[:, 0], m[:, 1]], axis=1) * 1.0, N, budget=100, progress=False)
    with pytest.warns(
        UserWarning, match=r"surrogate: has 2 outputs and the value function 1, so that it is not used"
    ):
        found = spex.explain(costly, N, budget=60, surrogate=two, seed=0, progress=False)
    alone = spex.explain(costly, N, budget=60, seed=0, progress=False)
    masks = np.random.default_rng(0).random((50, N)) < 0.5
    assert found.n_calls == 60
    assert_allclose(found.predict(masks), alone.predict(masks), rtol=1e-12)
