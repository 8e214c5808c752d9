"""`Spex` equals exact Shapley values at the full budget, for all masks, baselines, targets and dtypes."""

from __future__ import annotations

import pytest
import torch
from captum_games import exact, numbered

from spex_plugins.captum import Spex

COUPLING = torch.randn(6, 4, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def rows(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def coupled(x, scale=1.0):
    """Four outputs of six inputs, with interactions of all orders."""
    return torch.sin(scale * x.flatten(1) @ COUPLING) * (1 + x.flatten(1)[:, :1])


def pair(x, y):
    """Two outputs of inputs (B, 2, 2) and (B, 3)."""
    both = torch.cat([x.flatten(1), y], dim=1)
    return torch.stack([both.prod(dim=1), torch.tanh(both.sum(dim=1)) * both[:, 4]], dim=1)


def agrees(found, truth, atol=1e-10):
    assert found.shape == truth.shape
    torch.testing.assert_close(found.double(), truth, atol=atol, rtol=0)
    assert truth.abs().max() > 0.01


def truth_of(forward, x, baseline=None, masks=None):
    """Exact values of every example of one input, stacked."""
    masks = numbered((x,))[0] if masks is None else masks
    masks = masks.expand(len(x), *x.shape[1:])
    baseline = torch.zeros_like(x) if baseline is None else baseline.expand(x.shape)
    parts = [
        exact(forward, (x[i : i + 1],), (baseline[i : i + 1],), (masks[i : i + 1],))[0] for i in range(len(x))
    ]
    return torch.stack(parts)


@pytest.mark.parametrize("at_once", [1, 3, 100])
def test_every_output_of_a_batch(at_once):
    x = rows(3, 2, 3)
    found = Spex(coupled).attribute(x, perturbations_per_eval=at_once)
    agrees(found, truth_of(coupled, x))
    assert found.dtype == torch.float64


MASKS = {
    "shared": [[0, 0, 1, 2, 2, 1]],
    "gaps": [[40, 7, 7, 1000, 40, 12]],
    "negative": [[-3, -3, 5, -1, 0, 5]],
    "one feature": [[4, 4, 4, 4, 4, 4]],
    "per example": [[0, 0, 1, 1, 2, 2], [2, 1, 0, 0, 1, 2]],
    "per example, other ids": [[0, 0, 1, 1, 2, 2], [9, -1, 7, 0, 5, 5]],
    "without axis of examples": [0, 1, 1, 0, 2, 3],
    "floats": [[0.0, 0.0, 1.0, 2.0, 2.0, 1.0]],
}


@pytest.mark.parametrize("case", MASKS)
@pytest.mark.parametrize("at_once", [1, 4])
def test_feature_masks(case, at_once):
    x, mask = rows(2, 6), torch.tensor(MASKS[case])
    found = Spex(coupled).attribute(x, feature_mask=mask, perturbations_per_eval=at_once)
    agrees(found, truth_of(coupled, x, masks=mask))


def test_a_mask_of_the_last_axes_only():
    x, mask = rows(2, 2, 3), torch.tensor([5, 0, 2])
    agrees(Spex(coupled).attribute(x, feature_mask=mask), truth_of(coupled, x, masks=mask))


@pytest.mark.parametrize("at_once", [1, 5])
@pytest.mark.parametrize("per_example", [False, True])
def test_ids_are_shared_by_several_inputs(at_once, per_example):
    x, y = rows(2, 2, 2), rows(2, 3, seed=1)
    masks = (torch.tensor([[[3, 7], [7, 9]]]), torch.tensor([[9, 3, -2]]))
    if per_example:
        masks = (masks[0], torch.tensor([[9, 3, -2], [7, 7, 3]]))
    references = (rows(1, 2, 2, seed=2), torch.full((2, 3), 0.3, dtype=torch.float64))
    found = Spex(pair).attribute(
        (x, y), baselines=(references[0], 0.3), feature_mask=masks, perturbations_per_eval=at_once
    )
    for i in range(2):

        def one(part, i=i):
            return part[i : i + 1] if len(part) > 1 else part

        truth = exact(pair, (one(x), one(y)), tuple(map(one, references)), tuple(map(one, masks)))
        agrees(found[0][i], truth[0])
        agrees(found[1][i], truth[1])


BASELINES = {
    "number": (0.4, torch.tensor(0.4, dtype=torch.float64)),
    "integer": (2, torch.tensor(2.0)),
    "tensor of one example": (rows(1, 6, seed=3),) * 2,
    "tensor of every example": (rows(2, 6, seed=3),) * 2,
    "tuple": ((rows(2, 6, seed=3),), rows(2, 6, seed=3)),
    "other dtype": (rows(2, 6, seed=3).float(), rows(2, 6, seed=3).float()),
}


@pytest.mark.parametrize("case", BASELINES)
@pytest.mark.parametrize("at_once", [1, 7])
def test_baselines(case, at_once):
    x, (given, meant) = rows(2, 6), BASELINES[case]
    found = Spex(coupled).attribute(x, baselines=given, perturbations_per_eval=at_once)
    agrees(found, truth_of(coupled, x, meant.double()))


TARGETS = {
    "int": (2, [2, 2]),
    "negative": (-1, [3, 3]),
    "tensor of one": (torch.tensor([1]), [1, 1]),
    "scalar tensor": (torch.tensor(1), [1, 1]),
    "tensor": (torch.tensor([3, 0]), [3, 0]),
    "list": ([3, 0], [3, 0]),
    "tuple": ((1,), [1, 1]),
    "list of tuples": ([(1,), (2,)], [1, 2]),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", TARGETS)
@pytest.mark.parametrize("at_once", [1, 3, 64])
def test_targets(case, at_once):
    x, (target, columns) = rows(2, 6), TARGETS[case]
    found = Spex(coupled).attribute(x, target=target, perturbations_per_eval=at_once)
    truth = truth_of(coupled, x)
    agrees(found, torch.stack([truth[i, k] for i, k in enumerate(columns)]))


@pytest.mark.parametrize(("target", "chosen"), [((1, 2), (1, 2)), ((1,), (1,)), ([(0, 1), (2, 0)], None)])
def test_targets_of_outputs_with_more_axes(target, chosen):
    x = rows(2, 6)

    def forward(x):
        return coupled(x)[:, :3, None] * torch.tensor([1.0, -2.0, 0.5])

    found = Spex(forward).attribute(x, target=target, perturbations_per_eval=3)
    truth = truth_of(forward, x)
    wanted = (
        torch.stack([truth[0, 0, 1], truth[1, 2, 0]]) if chosen is None else truth[(slice(None), *chosen)]
    )
    agrees(found, wanted)
    agrees(Spex(forward).attribute(x), truth)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.uint8, torch.bool]
)
def test_dtypes_of_inputs(dtype):
    x = torch.tensor([[1, 0, 3, 1, 2, 1], [2, 2, 0, 1, 0, 3]]).to(dtype)

    def forward(x):
        assert x.dtype == dtype
        return coupled(x.double())

    baseline = torch.tensor(1).to(dtype)
    found = Spex(forward).attribute(x, baselines=baseline.item(), target=0, perturbations_per_eval=2)
    agrees(found, truth_of(forward, x, baseline)[:, 0])
    assert found.dtype == torch.float64


@pytest.mark.parametrize("target", [[0, 1, 2], torch.tensor([0, 1, 2]), [(0,), (1,), (2,)]])
@pytest.mark.parametrize("at_once", [1, 50])
def test_arguments_follow_their_examples(at_once, target):
    x, scale, marker = rows(3, 6), rows(3, 1, seed=4), object()
    mask = torch.tensor([[0, 0, 1, 2, 2, 1], [0, 1, 2, 3, 4, 5], [0, 1, 2, 0, 1, 2]])  # two groups

    def forward(x, scale, given):
        assert given is marker
        return coupled(x, scale)

    found = Spex(forward).attribute(
        x,
        target=target,
        additional_forward_args=(scale, marker),
        feature_mask=mask,
        perturbations_per_eval=at_once,
    )
    for i in range(3):
        truth = truth_of(lambda x, i=i: coupled(x, scale[i]), x[i : i + 1], masks=mask[i : i + 1])
        agrees(found[i], truth[0, i])


@pytest.mark.parametrize("extra", [2.0, torch.tensor(2.0), (2.0,)])
def test_one_additional_argument(extra):
    x = rows(2, 6)
    found = Spex(coupled).attribute(x, target=0, additional_forward_args=extra, perturbations_per_eval=9)
    agrees(found, truth_of(lambda x: coupled(x, 2.0), x)[:, 0])


@pytest.mark.slow
def test_twelve_features():
    x = rows(1, 12)
    links = rows(12, 12, seed=5)

    def forward(x):
        return torch.cos(x @ links).prod(dim=1) + x[:, 0] * x[:, 7] * x[:, 11]

    found = Spex(forward).attribute(x, n_samples=4096, perturbations_per_eval=512)
    agrees(found, truth_of(forward, x))


def test_infinite_inputs_are_replaced_and_not_multiplied():
    x = torch.tensor([[torch.inf, 2.0, -1.0]])
    found = Spex(lambda x: x.clamp(-5, 5).prod(dim=1)).attribute(x, baselines=1.0)
    agrees(found, truth_of(lambda x: x.clamp(-5, 5).prod(dim=1), x, torch.tensor(1.0)), atol=1e-6)


def test_features_equal_to_their_baseline_get_nothing_and_cost_a_check_of_each_example():
    x = torch.zeros(2, 30, dtype=torch.float64)
    x[0, [3, 8, 20]] = torch.tensor([1.0, 2.0, -1.0], dtype=torch.float64)
    x[1, [0, 29]] = 0.5
    calls = []

    def forward(x):
        calls.append(len(x))
        return x.sum(dim=1) ** 3

    found = Spex(forward).attribute(x)
    # Alone, both examples have the same values, and with half of their features masked as well.
    assert sum(calls) == 2 * 2 + (2**3 - 2) + (2**2 - 2) + 2 * 3
    agrees(found[0, [3, 8, 20]], truth_of(lambda x: x.sum(dim=1) ** 3, x[:1, [3, 8, 20]])[0])
    agrees(found[1, [0, 29]], torch.full((2,), 0.5, dtype=torch.float64))
    assert (found != 0).sum() == 5
