"""Too few samples are said once for a batch, at the line of the user."""

from __future__ import annotations

import warnings

import pytest
import torch

from spex_plugins import FewSamplesWarning
from spex_plugins.captum import Spex

W = torch.linspace(-1, 2, 50)


def warned(call):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call()
    return caught


@pytest.mark.parametrize("estimator", ["shapley", "auto"])
def test_one_warning_for_a_batch(estimator):
    (one,) = warned(
        lambda: Spex(lambda x: x @ W).attribute(torch.randn(4, 50), n_samples=25, estimator=estimator)
    )
    assert one.category is FewSamplesWarning
    assert one.filename == __file__
    assert str(one.message) == (
        "n_samples=25: 25 masks of 50 features: there should be at least 100, two for each feature. The "
        "values are not reliable (the same holds for 3 more explanations); raise n_samples, the number of "
        "masks (of ShapleyValueSampling it is that of permutations)."
    )


def test_features_equal_to_their_baseline_need_no_masks():
    x = torch.zeros(2, 50)
    x[:, :5] = 1
    assert not warned(lambda: Spex(lambda x: x @ W).attribute(x, n_samples=40))
    assert not warned(lambda: Spex(lambda x: x @ W).attribute(torch.zeros(2, 50), n_samples=2))


@pytest.mark.slow
def test_the_default_is_enough():
    assert not warned(lambda: Spex(lambda x: x @ W).attribute(torch.ones(1, 50), perturbations_per_eval=64))


@pytest.mark.parametrize("n_samples", [2, 3, 4, 5])
def test_nothing_is_printed(n_samples, capfd):
    Spex(lambda x: x.sin().prod(1)).attribute(torch.rand(1, 6), n_samples=n_samples)
    assert capfd.readouterr() == ("", "")
