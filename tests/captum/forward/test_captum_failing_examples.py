"""An example that cannot be explained is named; what the others of its batch were answered is kept."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spex_plugins import ValueFunctionError
from spex_plugins.captum import Spex

X = torch.from_numpy(np.random.default_rng(0).normal(size=(10, 6)))
BAD = [2, 7]


def product(x):
    return x[:, 0] * x[:, 1] + x[:, 2]


def bad(x):
    return torch.isin(x[:, 0], X[BAD, 0])


def one_output_of_two(x):
    return torch.stack([product(x), torch.where(bad(x), torch.nan, x[:, 3])], dim=1)


@pytest.mark.parametrize(
    "forward",
    [
        lambda x: torch.where(bad(x), torch.nan, product(x)),
        lambda x: torch.where(bad(x), torch.inf, product(x)),
        one_output_of_two,
    ],
)
@pytest.mark.parametrize("at_once", [1, 8])
def test_the_examples_are_named_and_the_others_are_kept(forward, at_once):
    with pytest.raises(
        ValueFunctionError, match=r"^example 2, 7: forward_func returned NaN or inf"
    ) as caught:
        Spex(forward).attribute(X, n_samples=40, perturbations_per_eval=at_once)
    error = caught.value
    assert error.rows == BAD
    values = error.failed_values.reshape(len(error.failed_masks), 10, -1)
    others = np.delete(values, BAD, axis=1)
    assert np.isfinite(others).all()
    assert not np.isfinite(values[:, BAD]).all()


def test_a_failure_of_all_examples_names_all_of_a_group():
    def forward(x):
        if torch.equal(x, X[:3]) or not x.any():  # the ends
            return product(x)
        raise ValueError("no")

    with pytest.raises(ValueFunctionError, match=r"^example 0, 1, 2: forward_func raised ValueError: no"):
        Spex(forward).attribute(X[:3], n_samples=40)


def test_groups_of_examples_that_were_explained_before_are_kept():
    inputs = X.clone()
    inputs[:5, 5] = 0.0  # five features that vary, in the others six

    def forward(x):
        return torch.where(bad(x) & (x[:, 5] != 0), torch.nan, product(x))

    with pytest.raises(ValueFunctionError, match=r"^example 7: ") as caught:
        Spex(forward).attribute(inputs, n_samples=40)
    assert sorted(caught.value.explained) == [0, 1, 2, 3, 4]
    assert caught.value.explained[2].index("SV").as_dict()[(2,)] == pytest.approx(float(X[2, 2]), abs=1e-6)


def test_a_single_example_has_no_number():
    with pytest.raises(ValueFunctionError, match=r"^forward_func returned NaN"):
        Spex(lambda x: torch.where(bad(x), torch.nan, product(x))).attribute(X[2:3], n_samples=40)
