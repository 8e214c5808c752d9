"""Which model calls are made: how many, at what, in which order, and what they leave untouched."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spex_plugins import InputError, ValueFunctionError
from spex_plugins.captum import Spex

WIDE = torch.arange(1.0, 25.0, dtype=torch.float64).reshape(2, 12)


class Recorded:
    """A forward function that writes down the rows of every call."""

    def __init__(self, function):
        self.function, self.calls = function, []

    def __call__(self, x, *extra):
        assert not torch.is_grad_enabled()
        self.calls.append(x.clone())
        return self.function(x, *extra)

    def of_example(self, i, size):
        """All rows that belong to example i, shape (masks, …)."""
        return torch.cat([call.reshape(-1, size, *call.shape[1:])[:, i] for call in self.calls])


def product_of_three(x):
    return x[:, 0] * x[:, 1] * x[:, 2] + x.sum(dim=1)


@pytest.mark.parametrize(
    ("n_samples", "at_once"),
    [(2, 1), (2, 7), (3, 1), (3, 7), (50, 1), (50, 7), (500, 7), (4096, 100), (10_000, 5000)],
)
def test_no_mask_twice_and_never_more_than_allowed(n_samples, at_once):
    forward = Recorded(product_of_three)
    Spex(forward).attribute(WIDE, n_samples=n_samples, perturbations_per_eval=at_once)
    for i in range(2):
        rows = forward.of_example(i, 2)
        assert len(rows) == min(n_samples, 2**12)
        assert len(rows.unique(dim=0)) == len(rows)
        assert (rows == WIDE[i]).all(dim=1).any()
        assert (rows == 0).all(dim=1).any()
    assert max(map(len, forward.calls)) <= 2 * at_once
    assert len(forward.calls) <= -(-min(n_samples, 2**12) // at_once) + 1


@pytest.mark.slow
@pytest.mark.parametrize(("n", "evaluations"), [(3, 8), (9, 512), (12, 4096), (13, 500), (40, 640)])
def test_the_default_budget_grows_with_the_features(n, evaluations):
    forward = Recorded(product_of_three)
    Spex(forward).attribute(torch.ones(1, n), perturbations_per_eval=100)
    assert sum(map(len, forward.calls)) == evaluations


def test_a_call_holds_one_mask_of_the_batch_after_the_other():
    forward = Recorded(product_of_three)
    Spex(forward).attribute(WIDE, n_samples=50, perturbations_per_eval=6)
    for call in forward.calls:
        kept = (call != 0).reshape(-1, 2, 12)
        torch.testing.assert_close(kept[:, 0], kept[:, 1])


@pytest.mark.slow
def test_the_same_seed_asks_the_same_and_leaves_all_generators_alone():
    np.random.seed(0)  # noqa: NPY002
    states = torch.random.get_rng_state(), np.random.get_state()[1]  # noqa: NPY002
    runs = {}
    for name, seed in [("a", 3), ("b", 3), ("c", 4)]:
        forward = Recorded(product_of_three)
        found = Spex(forward).attribute(WIDE, n_samples=60, seed=seed)
        runs[name] = (torch.cat(forward.calls), found)
    torch.testing.assert_close(runs["a"], runs["b"], atol=0, rtol=0)
    assert not torch.equal(runs["a"][0], runs["c"][0])
    assert torch.equal(torch.random.get_rng_state(), states[0])
    assert (np.random.get_state()[1] == states[1]).all()  # noqa: NPY002


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, "generator"])
def test_an_example_is_explained_as_if_it_were_alone(seed):
    x = torch.cat([WIDE, WIDE.flip(1) / 7])
    x[3, 10:] = 0  # fewer features than the others

    def forward(x):
        values = torch.sin(x @ torch.linspace(-1, 1, 12, dtype=torch.float64)) * x[:, 0] + product_of_three(x)
        return values.round(decimals=9)  # a product may be rounded otherwise in a batch of another size

    def attributed(x, n_samples=150):
        own = np.random.default_rng(5) if seed == "generator" else seed
        return Spex(forward).attribute(x, n_samples=n_samples, seed=own, return_interactions=True)

    together, found = attributed(x)
    # Whether their values depend on the others.
    assert all(one.method.endswith("3 evaluations more to check f") for one in found)
    for i in range(4):
        alone, (one,) = attributed(x[i : i + 1], 150 - 3)
        # The same answers; what rounding does to them in a fit, an optimisation may carry to its square root.
        tolerance = torch.finfo(torch.float64).eps ** 0.5 * float(alone.abs().max())
        torch.testing.assert_close(together[i : i + 1], alone, atol=tolerance, rtol=0)
        assert found[i].r2 == pytest.approx(one.r2, abs=1e-8)  # cross-validated on the same folds


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 3])
def test_the_number_of_masks_per_call_changes_nothing(at_once):
    one = Spex(product_of_three).attribute(WIDE, n_samples=100, perturbations_per_eval=at_once)
    many = Spex(product_of_three).attribute(WIDE, n_samples=100, perturbations_per_eval=100)
    torch.testing.assert_close(one, many, atol=1e-10, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("index", ["SV", "FSII", "STII", "SII", "k-SII"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-10), (torch.float32, 1e-6)])
def test_efficient_values_add_up_at_any_budget(index, dtype, tolerance):
    x = (WIDE / 20).to(dtype)

    def forward(x):
        return torch.stack([torch.tanh(product_of_three(x)), torch.cos(3 * x.sum(dim=1))], dim=1)

    found = Spex(forward).attribute(x, n_samples=40, index=index, perturbations_per_eval=8)
    full = forward(x) - forward(torch.zeros_like(x))
    torch.testing.assert_close(found.sum(dim=2), full, atol=tolerance, rtol=tolerance)


def test_values_of_other_indices_are_as_defined():
    found = Spex(lambda x: x.prod(dim=1)).attribute(torch.ones(1, 4), index="BV")
    torch.testing.assert_close(found, torch.full((1, 4), 1 / 8))
    found = Spex(lambda x: x.prod(dim=1)).attribute(torch.ones(1, 4), index="Moebius")
    torch.testing.assert_close(found, torch.zeros(1, 4))


def test_the_remainder_goes_to_features_that_vary():
    x = torch.ones(1, 6, dtype=torch.float64)
    x[0, 2] = 0
    found = Spex(lambda x: x[:, [0, 1, 3]].prod(dim=1)).attribute(x, max_order=1)
    assert found[0, 2] == 0
    torch.testing.assert_close(found.sum(), torch.tensor(1.0, dtype=torch.float64))


@pytest.mark.slow
def test_a_forward_function_may_write_into_its_inputs():
    x, reference = WIDE.clone(), torch.zeros(1, 12, dtype=torch.float64)

    def forward(x):
        values = product_of_three(x)
        x.fill_(77.0)
        return values

    found = Spex(forward).attribute(x, baselines=reference, n_samples=64)
    torch.testing.assert_close(found, Spex(product_of_three).attribute(WIDE, n_samples=64))
    torch.testing.assert_close(x, WIDE)
    assert not reference.any()


REPEATED = {
    "rows of the batch only": lambda x: x[:2].sum(dim=1),
    "one number": lambda x: x.sum(),
    "a number": lambda x: float(x.sum()),
    "one row": lambda x: x.sum(dim=0, keepdim=True),
}


@pytest.mark.parametrize("case", REPEATED)
def test_outputs_that_do_not_follow_the_perturbations(case):
    forward = Recorded(REPEATED[case])
    with pytest.raises(InputError, match=r"forward_func: .*for 4 inputs.*set perturbations_per_eval=1"):
        Spex(forward).attribute(WIDE, perturbations_per_eval=8)
    assert len(forward.calls) == 1
    with pytest.raises(InputError, match="for 2 inputs"):  # a batch of one is not mistaken either
        Spex(lambda x: REPEATED[case](x)[:1] if case.startswith("rows") else REPEATED[case](x)).attribute(
            WIDE[:1], perturbations_per_eval=8
        )
    assert Spex(REPEATED[case]).attribute(WIDE, n_samples=20).shape[-1] == 12


@pytest.mark.parametrize("rows", [3, 5])
def test_outputs_of_another_length_than_the_batch(rows):
    match = rf"returned shape \({rows},\) for 4 inputs \(2 masks of a batch of 2\)"
    with pytest.raises(InputError, match=match):
        Spex(lambda x: torch.zeros(rows)).attribute(WIDE, perturbations_per_eval=2)


def test_a_failing_forward_function_loses_no_answers():
    forward = Recorded(product_of_three)

    def failing(x):
        if len(forward.calls) == 9:
            raise RuntimeError("out of memory")
        return forward(x)

    with pytest.raises(ValueFunctionError, match="out of memory") as caught:
        Spex(failing).attribute(WIDE, n_samples=100, perturbations_per_eval=5)
    assert caught.value.masks.shape[1] == 12
    assert caught.value.values.shape == (len(caught.value.masks), 2)
    assert len(caught.value.masks) >= 40


def test_outputs_that_change_their_shape():
    forward = Recorded(product_of_three)

    def changing(x):
        values = forward(x)
        return values if len(forward.calls) < 4 else values[:, None].expand(-1, 3)

    with pytest.raises(ValueFunctionError, match="forward_func: returned shape"):
        Spex(changing).attribute(WIDE)


@pytest.mark.slow
@pytest.mark.parametrize("shown", [True, False])
@pytest.mark.parametrize("at_once", [1, 7])
def test_the_bar_has_captums_title_and_comes_to_its_end(at_once, shown, capsys):
    Spex(product_of_three).attribute(WIDE, n_samples=30, show_progress=shown, perturbations_per_eval=at_once)
    bar = capsys.readouterr().err
    assert ("Spex attribution: 100%" in bar) == shown
    assert ("30/30" in bar) == shown


@pytest.mark.slow
def test_a_subclass_gives_the_bar_its_own_title(capsys):
    class ManyThings(Spex):
        pass

    ManyThings(product_of_three).attribute(WIDE, n_samples=30, show_progress=True)
    assert "Many Things attribution: 100%" in capsys.readouterr().err
