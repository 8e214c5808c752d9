"""The shapes and dtypes of attributions, for every kind of output and input."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spex_plugins.captum import Spex

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])


def total(x):
    return (x * torch.tensor([1.0, 10.0, 100.0])).sum(dim=1)


# forward function, shape of the attributions of (2, 3), dtype
OUTPUTS = {
    "(B,)": (total, (2, 3), torch.float32),
    "(B, 1)": (lambda x: total(x)[:, None], (2, 3), torch.float32),
    "(B, K)": (lambda x: torch.stack([total(x)] * 4, 1), (2, 4, 3), torch.float32),
    "(B, K, L)": (lambda x: total(x)[:, None, None].expand(-1, 4, 5), (2, 4, 5, 3), torch.float32),
    "(B, 1, L)": (lambda x: total(x)[:, None, None].expand(-1, 1, 5), (2, 1, 5, 3), torch.float32),
    "(1,)": (lambda x: total(x).sum(0, keepdim=True), (1, 3), torch.float32),
    "(1, K)": (lambda x: torch.stack([total(x).sum()] * 4)[None], (1, 4, 3), torch.float32),
    "()": (lambda x: total(x).sum(), (1, 3), torch.float32),
    "float": (lambda x: total(x).sum().item(), (1, 3), torch.float64),
    "int": (lambda x: int(total(x).sum()), (1, 3), torch.float32),
    "float64": (lambda x: total(x).double(), (2, 3), torch.float64),
    "bfloat16": (lambda x: total(x).bfloat16(), (2, 3), torch.float32),
    "int64": (lambda x: total(x).long(), (2, 3), torch.float32),
    "bool": (lambda x: total(x) > 420, (2, 3), torch.float32),
}
BATCH = {"(1,)", "(1, K)", "()", "float", "int"}  # one value for the whole batch


@pytest.mark.parametrize("case", sorted(OUTPUTS.keys() - {"bool"}))
def test_shape_dtype_and_values(case):
    forward, shape, dtype = OUTPUTS[case]
    found = Spex(forward).attribute(X)
    assert (found.shape, found.dtype) == (shape, dtype)
    truth = X * torch.tensor([1.0, 10.0, 100.0])
    if case in BATCH:
        truth = truth.sum(0, keepdim=True)
    truth = truth.reshape(len(truth), *[1] * (len(shape) - 2), 3).expand(shape)
    tolerance = 2.0 if case == "bfloat16" else 1e-3
    torch.testing.assert_close(found, truth.to(dtype), atol=tolerance, rtol=0)


@pytest.mark.parametrize("case", sorted(OUTPUTS.keys() - {"bool"}))
def test_one_value_for_each_feature(case):
    forward, shape, dtype = OUTPUTS[case]
    mask = torch.tensor([[8, -2, 8]])
    found = Spex(forward).attribute(X, feature_mask=mask, return_input_shape=False)
    in_shape = Spex(forward).attribute(X, feature_mask=mask)
    assert found.dtype == dtype
    assert found.shape == (*shape[:-1], 2)
    torch.testing.assert_close(found[..., [1, 0, 1]], in_shape)


def test_features_that_an_example_does_not_have_get_zero():
    mask = torch.tensor([[0, 5, 5], [9, 0, 9]])
    found = Spex(total).attribute(X, feature_mask=mask, return_input_shape=False)
    torch.testing.assert_close(found, torch.tensor([[1.0, 320.0, 0.0], [50.0, 0.0, 604.0]]))


def test_true_or_false_is_an_output():
    found = Spex(OUTPUTS["bool"][0]).attribute(X)
    torch.testing.assert_close(found, torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.0]]))


@pytest.mark.parametrize(
    "forward", [lambda x: total(x).sum(), lambda x: total(x), lambda x: float(total(x)[0])]
)
def test_a_batch_of_one(forward):
    found = Spex(forward).attribute(X[:1])
    torch.testing.assert_close(found.float(), torch.tensor([[1.0, 20.0, 300.0]]))


@pytest.mark.parametrize("axes", [(), (1,), (2, 2)])
def test_inputs_of_any_axes(axes):
    x = torch.ones(3, *axes)
    found = Spex(lambda x: 2 * x.reshape(len(x), -1).sum(dim=1)).attribute(x)
    torch.testing.assert_close(found, 2 * x)


def test_tuples_come_back_as_tuples():
    two = Spex(lambda x, y: total(x) + y.sum(dim=(1, 2))).attribute((X, torch.ones(2, 1, 2)))
    assert [part.shape for part in two] == [(2, 3), (2, 1, 2)]
    one = Spex(total).attribute((X,))
    assert isinstance(one, tuple)
    assert len(one) == 1


EMPTY = torch.zeros(2, 0)


def test_an_empty_input_among_others():
    masks = (torch.tensor([[0, 1, 0]]), torch.zeros(1, 0, dtype=torch.long))
    for feature_mask in (None, masks):
        found = Spex(lambda x, y: total(x) + y.sum(dim=1)).attribute(
            (X, EMPTY), feature_mask=feature_mask, perturbations_per_eval=3
        )
        assert found[1].shape == (2, 0)
        assert found[0].sum() > 400


@pytest.mark.parametrize("outputs", [None, 2])
def test_nothing_but_empty_inputs(outputs):
    def forward(x):
        return torch.zeros(2) if outputs is None else torch.zeros(2, outputs)

    found, interactions = Spex(forward).attribute(EMPTY, return_interactions=True)
    assert found.shape == ((2, 0) if outputs is None else (2, 2, 0))
    assert [one.n for one in interactions] == [0, 0]
    assert Spex(forward).attribute(EMPTY, return_input_shape=False).shape == found.shape


def test_inputs_that_need_gradients_give_attributions_without():
    x = X.clone().requires_grad_()
    found = Spex(total).attribute(x, baselines=torch.zeros(1, 3, requires_grad=True))
    assert not found.requires_grad
    assert x.grad is None


DTYPES = [torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.complex64, torch.float64]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("baseline", [0, 1])
def test_inputs_of_any_dtype(dtype, baseline):
    def forward(x):
        assert x.dtype == dtype
        return total((x.real if x.is_complex() else x).float())

    found = Spex(forward).attribute(X.to(dtype), baselines=baseline, perturbations_per_eval=3)
    torch.testing.assert_close(found, (X - baseline) * torch.tensor([1.0, 10.0, 100.0]))


def test_imaginary_baselines():
    found = Spex(lambda x: total(x.imag)).attribute(X.to(torch.complex64), baselines=torch.full((1, 3), 2j))
    torch.testing.assert_close(found, -2 * torch.tensor([[1.0, 10.0, 100.0]] * 2))


def _two(x):
    return torch.stack([total(x), x.prod(dim=1)], dim=1)


ONES = {
    "True": True,
    "NumPy": np.int64(1),
    "list of truths": [True, True],
    "list of NumPy": [np.int64(1), np.int32(1)],
    "truths": torch.tensor([True, True]),
    "array": np.array([1, 1]),
    "array of truths": np.array([True, True]),
    "list of tuples": [(True,), (1,)],
}


@pytest.mark.parametrize("at_once", [1, 3])
@pytest.mark.parametrize("kind", ONES)
def test_targets_of_any_kind(kind, at_once):
    found = Spex(_two).attribute(X, target=ONES[kind], perturbations_per_eval=at_once)
    torch.testing.assert_close(found, Spex(_two).attribute(X, target=1))
    assert found.shape == X.shape
    zero = Spex(_two).attribute(X, target=False, perturbations_per_eval=at_once)
    torch.testing.assert_close(zero, Spex(_two).attribute(X, target=0))


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_everything_stays_on_the_device_of_the_inputs():
    x = X.cuda()
    weights = torch.tensor([1.0, 10.0, 100.0], device="cuda")
    masks = torch.tensor([[0, 5, 5], [9, 0, 9]])  # given on the CPU
    found = Spex(lambda x, w: (x * w).sum(dim=1)).attribute(
        x, baselines=torch.zeros(1, 3), feature_mask=masks, additional_forward_args=(weights[None],)
    )
    assert found.device == x.device
    torch.testing.assert_close(found.cpu(), Spex(total).attribute(X, feature_mask=masks))
