"""Outputs and inputs that belong to a whole batch: Captum's values, of one game for all examples."""

from __future__ import annotations

import pytest
import torch
from captum.attr import ShapleyValues
from captum.testing.helpers.basic_models import BasicModelWithSparseInputs

from spex_plugins import InputError
from spex_plugins.captum import Spex

X = torch.tensor([[2.0, 10.0, 3.0], [20.0, 50.0, 30.0]])
THREE = torch.tensor([[1.0, 2.0, 3.0]] * 3)

OUTPUTS = {
    "K numbers": (lambda x: torch.stack([x.sum(), x.prod() / 1000, x.max()]), (3, 3)),
    "K numbers of one example": (lambda x: torch.stack([x.sum(), x.prod(), x.max()])[:, None], (3, 3)),
    "K by L": (lambda x: torch.stack([x.sum(), x.max(), x.min()])[:, None] * torch.ones(3, 4), (3, 4, 3)),
    "one row of K": (lambda x: torch.stack([x.sum(), x.max()])[None], (1, 2, 3)),
    "one number": (lambda x: x.sum(), (1, 3)),
}


@pytest.mark.parametrize("case", OUTPUTS)
@pytest.mark.parametrize(
    "x", [X, X * torch.tensor([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])], ids=["alike", "a zero"]
)
def test_outputs_for_the_whole_batch(case, x):
    forward, shape = OUTPUTS[case]
    found, (one,) = Spex(forward).attribute(x, return_interactions=True)
    assert found.shape == shape
    truth = ShapleyValues(forward).attribute(x).reshape(shape)
    torch.testing.assert_close(found, truth, atol=1e-4, rtol=1e-5)
    assert one.n == 3
    assert one.n_outputs == max(1, truth.numel() // 3)
    by_feature = Spex(forward).attribute(x, return_input_shape=False)
    torch.testing.assert_close(by_feature, found)


def test_outputs_for_the_whole_batch_need_calls_of_their_own():
    for forward, _ in OUTPUTS.values():
        with pytest.raises(InputError, match=r"forward_func: returned shape .*set perturbations_per_eval=1"):
            Spex(forward).attribute(THREE[:2], perturbations_per_eval=2)


def test_no_output_at_all():
    with pytest.raises(InputError, match=r"forward_func: returned shape \(0,\), which has no value"):
        Spex(lambda x: torch.zeros(0)).attribute(X)


SPARSE = torch.tensor([1, 7, 2, 4, 5, 3, 6])


def _gathered(x, sparse):
    """One value for each example, all of which use the same list."""
    return x[:, 0] * sparse.float().sum() + x[:, 1] * sparse[0] + x[:, 2]


@pytest.mark.parametrize("forward", [BasicModelWithSparseInputs(), _gathered])
@pytest.mark.parametrize("x", [X, X[:1], X * torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 1.0]])])
def test_inputs_of_other_rows_are_one_for_all_examples(forward, x):
    found = Spex(forward).attribute((x, SPARSE))
    truth = ShapleyValues(forward).attribute((x, SPARSE))
    for one, other in zip(found, truth, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-5)


def test_masks_and_baselines_of_inputs_of_other_rows():
    settings = {
        "baselines": (1.0, torch.tensor([2])),
        "feature_mask": (torch.tensor([[0, 0, 4]]), torch.tensor([4])),
    }
    found = Spex(_gathered).attribute((X, SPARSE), **settings)
    settings["feature_mask"] = (torch.tensor([[0, 0, 1]]), torch.tensor([1]))
    truth = ShapleyValues(_gathered).attribute((X, SPARSE), **settings)
    for one, other in zip(found, truth, strict=True):
        torch.testing.assert_close(one, other, atol=1e-3, rtol=1e-5)


def test_an_input_without_rows():
    found = Spex(BasicModelWithSparseInputs()).attribute((X, torch.zeros(0, dtype=torch.long)))
    torch.testing.assert_close(found[0], X.sum(dim=0, keepdim=True) * torch.tensor([[3.0, 1.0, 2.0]]))
    assert not found[1].any()


def test_inputs_of_other_rows_cannot_be_repeated():
    with pytest.raises(InputError, match=r"inputs: first axes differ.*set perturbations_per_eval=1"):
        Spex(_gathered).attribute((X, SPARSE), perturbations_per_eval=2)
    masks = (torch.tensor([[0, 0, 1], [0, 1, 1]]), torch.tensor([2]))
    with pytest.raises(InputError, match="feature_mask: give all examples one mask"):
        Spex(_gathered).attribute((X, SPARSE), feature_mask=masks)
