"""Additional arguments: rows of the examples, or tensors that only look so; no call too many."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues

from spex_plugins import InputError
from spex_plugins.captum import Spex

X = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
SPARSE = torch.tensor([[1.0, 2.0, 3.0], [3.0, 4.0, 0.0]])  # the second example has a feature less that varies
ROWS = torch.tensor([[1.0, 1.0, 2.0], [2.0, 0.5, 3.0]])


def interacting(x, weights):
    return x[:, 0] * x[:, 1] * weights[:, 0] + (x * weights).sum(dim=1)


# forward function, additional arguments that Captum passes whole at one perturbation per call
CASES = {
    "a row for each example": (interacting, (ROWS,)),
    "rows in a dict": (lambda x, named: interacting(x, named["w"]), ({"w": ROWS},)),
    "rows in a list": (lambda x, several: interacting(x, several[0]), ([ROWS, "mean"],)),
    "rows that are broadcast": (interacting, (ROWS[:1],)),
    "weights of two classes": (lambda x, w: x[:, :2].prod(dim=1) * w.sum(), (torch.tensor([2.0, 5.0]),)),
    "largest of two weights": (lambda x, w: x[:, :2].prod(dim=1) * w.max(), (torch.tensor([2.0, 5.0]),)),
    "edges of a graph": (
        lambda x, edges: (x[:, edges[0]] * x[:, edges[1]]).sum(dim=1),
        (torch.tensor([[0, 1, 2], [1, 2, 0]]),),
    ),
    "three weights": (lambda x, w: (x * w).sum(dim=1) * w.sum(), (torch.tensor([1.0, 2.0, 5.0]),)),
    "no tensor": (lambda x, k, name: x.prod(dim=1) * k, (3, "name")),
    "a number": (lambda x, k: x.prod(dim=1) * k, (torch.tensor(3.0),)),
}


@pytest.mark.parametrize("at_once", [1, 2, 3, 16])
@pytest.mark.parametrize("x", [X, SPARSE, X[:1]], ids=["alike", "unlike", "one"])
@pytest.mark.parametrize("case", CASES)
def test_values_are_those_of_captum_at_one_perturbation_per_call(case, x, at_once):
    forward, extra = CASES[case]
    if len(x) == 1 and "row" in case:
        extra = {"rows in a dict": ({"w": ROWS[:1]},), "rows in a list": ([ROWS[:1], "mean"],)}.get(
            case, (ROWS[:1],)
        )
    truth = ShapleyValues(forward).attribute(x, additional_forward_args=extra)
    found = Spex(forward).attribute(x, additional_forward_args=extra, perturbations_per_eval=at_once)
    torch.testing.assert_close(found, truth, atol=1e-4, rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("n_samples", [2, 5, 7, 8, 9, 10, 12, 100])
@pytest.mark.parametrize("at_once", [1, 4])
@pytest.mark.parametrize("case", ["a row for each example", "weights of two classes"])
def test_finding_out_is_paid_for_from_the_samples(case, at_once, n_samples):
    forward, extra = CASES[case]
    rows = []

    def recorded(x, *extra):
        rows.append(len(x))
        return forward(x, *extra)

    settings = {"additional_forward_args": extra, "perturbations_per_eval": at_once, "n_samples": n_samples}
    _, found = Spex(recorded).attribute(X, return_interactions=True, **settings)
    told = [checked(one) for one in found]
    spent = [one.n_calls + more for one, more in zip(found, told, strict=True)]
    assert max(spent) <= n_samples
    assert sum(rows) == sum(spent)
    if at_once == 1 or n_samples in (2, 8, 9):  # nothing is divided
        assert not any(told)
    if n_samples >= 8:  # all masks
        truth = ShapleyValues(forward).attribute(X, additional_forward_args=extra)
        torch.testing.assert_close(Spex(forward).attribute(X, **settings), truth, atol=1e-4, rtol=1e-5)


@pytest.mark.parametrize("at_once", [1, 4])
def test_arguments_divided_in_two_ways_at_once(at_once):
    def forward(x, rows, weights):
        return (x * rows).sum(dim=1) * weights.sum()

    extra = (ROWS, torch.tensor([2.0, 5.0]))
    for x in (X, SPARSE):
        truth = ShapleyValues(forward).attribute(x, additional_forward_args=extra)
        found = Spex(forward).attribute(x, additional_forward_args=extra, perturbations_per_eval=at_once)
        torch.testing.assert_close(found, truth)


GRAPH = torch.rand(2, 2, generator=torch.Generator().manual_seed(3))
OF_THE_BATCH = {
    "similarities": lambda x: torch.softmax(2 * x @ x.T, 1),
    "differences from the mean": lambda x: x.sum(1) ** 2 - (x.sum(1) ** 2).mean(),
    "shares": lambda x: torch.softmax(x.sum(1), 0),
    "nodes of a graph": lambda x: torch.tanh(GRAPH @ x),
    "distances from the mean": lambda x: ((x - x.mean(0)) ** 2).sum(1),
}
OTHERS = torch.tensor([[1.0, 2.0, 0.0], [0.0, 3.0, 4.0]])  # as many features that vary, but others
UNLIKE = torch.tensor([[1.0, 2.0, 0.0, 0.0], [0.0, 0.0, 3.0, 4.0]])  # together they have many masks more


@pytest.mark.parametrize(("x", "at_once"), [(SPARSE, 1), (SPARSE, 4), (OTHERS, 1), (UNLIKE, 1)])
@pytest.mark.parametrize("case", OF_THE_BATCH)
def test_examples_whose_values_depend_on_the_others(case, x, at_once):
    forward = OF_THE_BATCH[case]
    target = 0 if forward(x).dim() > 1 else None
    truth = ShapleyValues(forward).attribute(x, target=target)
    settings = {"target": target, "perturbations_per_eval": at_once}
    found, (one, _) = Spex(forward).attribute(x, return_interactions=True, **settings)
    torch.testing.assert_close(found, truth, atol=1e-5, rtol=1e-5)
    assert ("more to check f" in one.method) == (at_once > 1 or x is UNLIKE)  # else all masks are as cheap
    mask = torch.arange(x.shape[1]) + torch.tensor([[0], [1]])
    with pytest.raises(InputError, match=r"^feature_mask: an example has another value away from its batch"):
        Spex(forward).attribute(x, feature_mask=mask, **settings)


def test_an_output_that_is_saturated_at_the_inputs():
    def forward(x):
        return (x * x.mean(0)).sum(1).sigmoid()

    x = torch.tensor([[9.0, 1.0, 0.0, 0.0], [0.0, 0.0, 8.0, 2.0], [0.0, 9.0, 9.0, 0.0]], dtype=torch.float64)
    assert (forward(x[:1]) - forward(x)[0]).abs() < 1e-6
    torch.testing.assert_close(Spex(forward).attribute(x), ShapleyValues(forward).attribute(x).double())


def test_every_example_of_a_large_batch_is_checked():
    rows = torch.arange(70)
    x = torch.zeros(70, 6, dtype=torch.float64)
    x[rows, rows % 6] = x[rows, (rows + 1) % 6] = 1.0
    x[35] = 0.3

    def forward(x):  # only the example that changes least depends on the others
        sums = x.sum(1)
        return torch.where(x.max(1).values < 0.5, sums * sums.mean() / 9, sums)

    truth = ShapleyValues(forward).attribute(x).double()
    torch.testing.assert_close(Spex(forward).attribute(x), truth, atol=1e-6, rtol=1e-5)


def of_words(x, words):
    rows = zip(x, words, strict=False)
    return torch.stack([row.prod() if word == "product" else row.sum() ** 2 for row, word in rows])


@pytest.mark.parametrize("container", [list, tuple, np.array])
def test_lists_with_an_entry_for_each_example_stay_with_their_examples(container):
    x = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [0.5, 0.0, 1.0]])
    extra = (container(["product", "product", "square"]), 7)
    forward = lambda x, words, _: of_words(x, words)  # noqa: E731
    truth = ShapleyValues(forward).attribute(x, additional_forward_args=extra)
    found = Spex(forward).attribute(x, additional_forward_args=extra)
    torch.testing.assert_close(found, truth, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_samples", [2, 3, 4])
def test_too_few_samples_to_check_examples_of_different_features(n_samples):
    mask = torch.tensor([[0, 1, 2], [0, 1, 3]])
    with pytest.raises(InputError, match=rf"^n_samples: {n_samples} masks .*; give 5 or more"):
        Spex(lambda x: x.sum(1)).attribute(X, feature_mask=mask, n_samples=n_samples)
    found = Spex(lambda x: x.sum(1)).attribute(X, feature_mask=mask, n_samples=5)
    torch.testing.assert_close(found.sum(1), X.sum(1), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("n_samples", [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 20])
@pytest.mark.parametrize("x", [SPARSE, OTHERS, UNLIKE], ids=["fewer", "others", "unlike"])
@pytest.mark.parametrize("share", [0.0, 1.0], ids=["apart", "of the batch"])
@pytest.mark.parametrize("at_once", [1, 3])
def test_no_example_has_more_evaluations_than_it_may(share, x, n_samples, at_once):
    rows = []

    def forward(x):
        rows.append(len(x))
        return x.sum(1) ** 2 - share * (x.sum(1) ** 2).mean()

    settings = {"n_samples": n_samples, "perturbations_per_eval": at_once}
    _, found = Spex(forward).attribute(x, return_interactions=True, **settings)
    spent = [one.n_calls + checked(one) for one in found]
    assert max(spent) <= n_samples
    assert sum(rows) == sum(spent)


def checked(one):
    """Return the number of evaluations of an example that an explanation states beside its masks."""
    told = re.search(r"; (\d+) evaluations? more to check f", one.plan)
    return int(told[1]) if told else 0


def test_targets_of_examples_whose_values_depend_on_the_others():
    forward = OF_THE_BATCH["similarities"]
    truth = ShapleyValues(forward).attribute(SPARSE, target=[0, 1])
    torch.testing.assert_close(Spex(forward).attribute(SPARSE, target=[0, 1]), truth, atol=1e-5, rtol=1e-5)


def test_half_precision_is_no_difference():
    layer = torch.nn.Linear(3, 1).to(torch.bfloat16)
    extra = (ROWS.to(torch.bfloat16),)
    found = Spex(lambda x, w: layer(x * w)).attribute(
        SPARSE.to(torch.bfloat16), additional_forward_args=extra, perturbations_per_eval=4
    )
    truth = SPARSE * ROWS * layer.weight.float()
    torch.testing.assert_close(found, truth.detach(), atol=0.2, rtol=0)


@pytest.mark.parametrize("at_once", [1, 3])
def test_a_forward_function_may_write_into_additional_arguments(at_once):
    def forward(x, rows, weights):
        values = (x * rows).sum(dim=1) * weights["of"].sum()
        rows += 1
        weights["of"].zero_()
        return values

    rows, weights = ROWS.clone(), {"of": torch.tensor([1.0, 2.0, 3.0])}
    extra = {"additional_forward_args": (rows, weights), "perturbations_per_eval": at_once}
    torch.testing.assert_close(Spex(forward).attribute(X, **extra), X * ROWS * 6)
    torch.testing.assert_close(rows, ROWS)
    torch.testing.assert_close(weights["of"], torch.tensor([1.0, 2.0, 3.0]))
