"""Budgets beyond all masks, or beyond memory."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from spex_plugins import InputError
from spex_plugins.captum import Spex


def total(inputs):
    return inputs.sum(dim=1)


def test_a_budget_beyond_all_masks_asks_for_all():
    inputs = torch.arange(1.0, 7.0)[None]
    attributions, (found,) = Spex(total).attribute(inputs, n_samples=10**9, return_interactions=True)
    np.testing.assert_allclose(attributions, inputs, atol=1e-5)
    assert found.exact


def test_a_budget_beyond_memory_is_named_as_captum_names_it():
    with pytest.raises(InputError, match=r"^n_samples: 1,000,000,000 masks of 30 features need more"):
        Spex(total).attribute(torch.ones(1, 30), n_samples=10**9)
