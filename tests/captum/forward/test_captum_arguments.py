"""Unusable arguments: one error that names the argument and the remedy, before the budget is spent."""

from __future__ import annotations

import pytest
import torch

from spex_plugins import InputError, ValueFunctionError
from spex_plugins.captum import Spex

X = torch.ones(2, 3)
INTEGERS = torch.ones(2, 3, dtype=torch.int64)

CASES = {
    "no tensor": ([1.0], {}, "inputs: must be a tensor"),
    "list of tensors": ([X], {}, "inputs: must be a tensor"),
    "no input": ((), {}, "inputs: the tuple is empty"),
    "sparse": (X.to_sparse(), {}, "inputs: sparse tensors are not supported"),
    "no axis": (torch.tensor(1.0), {}, "inputs: need a first axis"),
    "no example": (torch.zeros(0, 3), {}, "inputs: need a first axis"),
    "unequal batches": (
        (X, torch.ones(3, 1)),
        {"perturbations_per_eval": 2},
        r"inputs: first axes differ, got shapes \[\(2, 3\), \(3, 1\)\]; set perturbations_per_eval=1",
    ),
    "one baseline for two": ((X, X), {"baselines": 0}, "baselines: expected 2"),
    "baseline of no kind": (X, {"baselines": "zero"}, "baselines: must be numbers or tensors, got str"),
    "baseline of another shape": (X, {"baselines": torch.zeros(3, 3)}, r"baselines: shape \(3, 3\)"),
    "half of an integer": (INTEGERS, {"baselines": 0.5}, "baselines: 0.5 cannot be held"),
    "two as a truth": (X.bool(), {"baselines": 2}, "baselines: 2 cannot be held"),
    "mask of no kind": (X, {"feature_mask": [0, 1, 2]}, "feature_mask: must be a tensor"),
    "one mask for two": ((X, X), {"feature_mask": INTEGERS}, "feature_mask: expected 2 tensors"),
    "mask of another shape": (X, {"feature_mask": torch.zeros(1, 4)}, r"feature_mask: shape \(1, 4\)"),
    "mask of another batch": (X, {"feature_mask": torch.zeros(3, 3)}, r"feature_mask: shape \(3, 3\)"),
    "mask with more axes": (X, {"feature_mask": torch.zeros(1, 1, 3)}, r"feature_mask: shape \(1, 1, 3\)"),
    "halves in the mask": (
        X,
        {"feature_mask": torch.full((1, 3), 0.5)},
        "feature_mask: ids must be integers",
    ),
    "target too large": (X, {"target": 3}, "target: 3 does not fit an output of shape"),
    "targets of another batch": (X, {"target": [0, 1, 2]}, r"target: \[0, 1, 2\] does not fit"),
    "target of no kind": (X, {"target": "cat"}, "target: 'cat' does not fit"),
    "no budget": (X, {"n_samples": 1}, "n_samples: must be an integer ≥ 2"),
    "budget of no kind": (X, {"n_samples": 10.0}, "n_samples: must be an integer ≥ 2"),
    "no mask per call": (X, {"perturbations_per_eval": 0}, "perturbations_per_eval: must be an integer ≥ 1"),
    "unknown index": (X, {"index": "Fourier"}, "index: 'Fourier' is unknown"),
    "no order": (X, {"max_order": 0}, "max_order: "),
    "unknown estimator": (X, {"estimator": "foo"}, "estimator: 'foo'"),
    "unusable seed": (X, {"seed": -1}, "seed: "),
}


@pytest.mark.parametrize("case", CASES)
def test_unusable_arguments(case):
    inputs, options, message = CASES[case]
    calls = []

    def forward(*inputs):
        calls.append(1)
        return inputs[0].float()

    with pytest.raises(InputError, match=f"^{message}"):
        Spex(forward).attribute(inputs, **options)
    assert len(calls) == case.startswith("target")  # whether a target fits is seen at the first output


def test_a_mask_for_each_example_of_an_output_for_the_batch():
    with pytest.raises(InputError, match="feature_mask: give all examples one mask"):
        Spex(lambda x: x.sum()).attribute(X, feature_mask=torch.tensor([[0, 0, 1], [0, 1, 1]]))


@pytest.mark.parametrize("output", [None, (X,), {"logits": X}, "text", X + 1j])
def test_outputs_that_are_no_scores(output):
    with pytest.raises(InputError, match="forward_func: must return a real tensor or number, got"):
        Spex(lambda x: output).attribute(X)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_outputs_that_are_no_numbers(bad):
    with pytest.raises(ValueFunctionError, match="NaN or inf"):
        Spex(lambda x: x.sum(dim=1) * bad).attribute(X)


def test_outputs_of_transformers_name_their_scores():
    class Output(dict):
        logits = X

    with pytest.raises(InputError, match=r"such as lambda \*inputs: model\(\*inputs\)\.logits"):
        Spex(lambda x: Output()).attribute(X)


def test_errors_at_masks_name_the_forward_function():
    with pytest.raises(ValueFunctionError, match=r"^forward_func returned NaN or inf for"):
        Spex(lambda x: x.sum(dim=1).where(x[:, 0] != 0, torch.nan)).attribute(torch.ones(1, 4))
    calls = []

    def failing(x):
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("no memory")
        return x.sum(dim=1)

    with pytest.raises(
        ValueFunctionError, match=r"^example 0, 1: forward_func raised RuntimeError: no memory"
    ):
        Spex(failing).attribute(X)


def test_errors_of_the_model_itself_are_seen():
    with pytest.raises(RuntimeError, match="mat1 and mat2"):
        Spex(torch.nn.Linear(7, 2)).attribute(X)
