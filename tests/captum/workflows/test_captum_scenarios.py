"""The situations that Captum's own tests put KernelShap and ShapleyValues in, with its own test models."""

from __future__ import annotations

import pytest
import torch
from captum.attr import KernelShap, NoiseTunnel, ShapleyValues
from captum.testing.attr.helpers.test_config import config
from captum.testing.helpers.basic_models import (
    BasicModel_MultiLayer,
    BasicModel_MultiLayer_MultiInput,
    BasicModelBoolInput,
)
from captum_games import exact, numbered

from spex_plugins.captum import Spex

ONE = torch.tensor([[20.0, 50.0, 30.0]])
TWO = torch.tensor([[2.0, 10.0, 3.0], [20.0, 50.0, 30.0]])
TRIPLE = (
    torch.tensor([[23.0, 100.0, 0.0], [20.0, 50.0, 30.0]]),
    torch.tensor([[20.0, 50.0, 30.0], [0.0, 100.0, 0.0]]),
    torch.tensor([[0.0, 100.0, 10.0], [2.0, 10.0, 3.0]]),
)
OWN_MASKS = (
    torch.tensor([[1, 1, 1], [0, 1, 0]]),
    torch.tensor([[0, 1, 2]]),
    torch.tensor([[0, 1, 2], [0, 0, 0]]),
)


def truths(forward, inputs, baselines=0, masks=None):
    """Exact values of every example; one tensor for each input."""
    size = len(inputs[0])
    masks = numbered(inputs) if masks is None else masks
    references = baselines if isinstance(baselines, tuple) else (baselines,) * len(inputs)
    filled = [torch.as_tensor(b).to(x.dtype).expand(x.shape) for b, x in zip(references, inputs, strict=True)]
    wide = [m.expand(size, *x.shape[1:]) for m, x in zip(masks, inputs, strict=True)]

    def of(parts, i):
        return tuple(part[i : i + 1] for part in parts)

    values = [exact(forward, of(inputs, i), of(filled, i), of(wide, i)) for i in range(size)]
    return tuple(torch.stack(part) for part in zip(*values, strict=True))


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize(
    ("inputs", "baselines", "mask"),
    [
        (ONE, 0, None),
        (ONE, torch.tensor([[10.0, 20.0, 10.0]]), None),
        (ONE, 0, torch.tensor([[0, 0, 1]])),
        (ONE, 4, torch.tensor([[0, 0, 1]])),
        (TWO, 0, None),
        (TWO, 0, torch.tensor([[0, 0, 1], [1, 1, 0]])),
    ],
)
def test_one_input(inputs, baselines, mask, at_once):
    net = BasicModel_MultiLayer()
    options = {"baselines": baselines, "feature_mask": mask, "perturbations_per_eval": at_once}
    found = Spex(net).attribute(inputs.clone().requires_grad_(), target=0, **options)
    (truth,) = truths(lambda x: net(x)[:, 0], (inputs,), baselines, None if mask is None else (mask,))
    torch.testing.assert_close(found, truth.float(), atol=1e-4, rtol=1e-6)


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize(("given", "meant"), [(None, False), (True, True)])
def test_truths(given, meant, at_once):
    x, mask, net = torch.tensor([[True, False, True]]), torch.tensor([[0, 0, 1]]), BasicModelBoolInput()
    found = Spex(net).attribute(x, given, target=0, feature_mask=mask, perturbations_per_eval=at_once)
    (truth,) = truths(lambda x: net(x)[:, 0], (x,), meant, (mask,))
    torch.testing.assert_close(found, truth.float(), atol=1e-4, rtol=0)


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("baselines", [None, (2, 3.0, 4)])
@pytest.mark.parametrize("masks", [None, OWN_MASKS])
def test_several_inputs(masks, baselines, at_once):
    net = BasicModel_MultiLayer_MultiInput()
    found = Spex(net).attribute(
        TRIPLE, baselines, 0, (1,), masks, perturbations_per_eval=at_once * 100 if masks is None else at_once
    )
    truth = truths(lambda x, y, z: net(x, y, z, 1)[:, 0], TRIPLE, baselines or 0, masks)
    for one, other in zip(found, truth, strict=True):
        torch.testing.assert_close(one, other.float(), atol=2e-3, rtol=1e-6)


def test_an_empty_input():
    net = BasicModel_MultiLayer()
    found = Spex(lambda x, y: net(x + y.sum())).attribute((ONE, torch.zeros(1, 0)), target=0)
    (truth,) = truths(lambda x: net(x)[:, 0], (ONE,))
    torch.testing.assert_close(found[0], truth.float(), atol=1e-4, rtol=0)
    assert found[1].shape == (1, 0)


SUMS = {
    "float": lambda value: value.item(),
    "int": lambda value: int(value.item()),
    "without axes": lambda value: value,
    "one element": lambda value: value.reshape(1),
}


@pytest.mark.parametrize("kind", SUMS)
def test_one_value_for_the_batch(kind):
    net = BasicModel_MultiLayer_MultiInput()
    masks = (torch.tensor([[1, 1, 1]]), torch.tensor([[0, 1, 2]]), torch.tensor([[0, 1, 2]]))
    found = Spex(lambda *inputs: SUMS[kind](net(*inputs).sum())).attribute(
        TRIPLE, additional_forward_args=1, feature_mask=masks
    )
    each = truths(lambda *inputs: net(*inputs, 1).sum(dim=1), TRIPLE, masks=masks)
    for one, other in zip(found, each, strict=True):
        assert one.shape == (1, 3)
        torch.testing.assert_close(one.double(), other.sum(0, keepdim=True), atol=2e-3, rtol=1e-6)


@pytest.mark.parametrize("at_once", [1, 2, 3])
@pytest.mark.parametrize("mask", [None, torch.tensor([[1, 1, 0], [0, 1, 1]])])
def test_several_tasks(mask, at_once):
    net = BasicModel_MultiLayer()

    def forward(x):
        return torch.cat([net(x)[:, :1], torch.ones(len(x), 2), -net(x)], dim=1)

    options = {"feature_mask": mask, "perturbations_per_eval": at_once}
    found = Spex(forward).attribute(TWO, **options)
    assert found.shape == (2, 5, 3)
    torch.testing.assert_close(found, ShapleyValues(forward).attribute(TWO, **options), atol=1e-4, rtol=1e-6)


def test_one_value_for_each_feature_as_in_kernel_shap():
    net, mask = BasicModel_MultiLayer(), torch.tensor([[0, 0, 1], [1, 1, 0]])
    found = Spex(net).attribute(TWO, target=0, feature_mask=mask, return_input_shape=False)
    torch.testing.assert_close(found, torch.tensor([[39.5, 10.5], [115.0, 275.0]]), atol=1e-4, rtol=0)


# Captum's own configurations for KernelShap: the batch must equal its examples one by one.

CONFIGS = [one for one in config if KernelShap in one["algorithms"]]


def _arguments(given, rows):
    """The arguments of some examples."""

    def cut(value):
        if isinstance(value, tuple):
            return tuple(map(cut, value))
        return value[rows] if isinstance(value, torch.Tensor) and value.dim() and len(value) > 1 else value

    own = {name: cut(value) for name, value in given.items() if name != "target"}
    target = given["target"]
    several = isinstance(target, list) or (isinstance(target, torch.Tensor) and target.numel() > 1)
    return own | {"target": target[rows] if several else target}


def test_there_are_configurations():
    assert len(CONFIGS) >= 11


@pytest.mark.parametrize("case", CONFIGS, ids=lambda one: one["name"])
@pytest.mark.parametrize("tunnel", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_configurations(case, tunnel):
    given = dict(case["attribute_args"])
    if case["name"].startswith("conv"):
        given |= {"max_order": 1, "n_samples": 202}  # 100 pixels: small additive fits are quick
    method = Spex(case["model"])
    together = method.attribute(**given)
    parts = together if isinstance(together, tuple) else (together,)
    inputs = given["inputs"] if isinstance(given["inputs"], tuple) else (given["inputs"],)
    assert [part.shape for part in parts] == [x.shape for x in inputs]
    assert all(part.any() for part in parts)
    if tunnel:
        still = NoiseTunnel(method).attribute(**given, nt_samples=2, stdevs=0.0)
        for one, other in zip(still if isinstance(still, tuple) else (still,), parts, strict=True):
            torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
        return
    for i in range(len(inputs[0])):
        alone = method.attribute(**_arguments(given, slice(i, i + 1)))
        for one, other in zip(alone if isinstance(alone, tuple) else (alone,), parts, strict=True):
            torch.testing.assert_close(one, other[i : i + 1], atol=1e-4, rtol=1e-4)
