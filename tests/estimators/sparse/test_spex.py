"""SPEX on functions that its code cannot tell."""

import numpy as np
import pytest

import spex_plugins as spex


@pytest.mark.slow
@pytest.mark.parametrize(("n", "budget"), [(30, 400), (64, 864), (64, 1728)])
@pytest.mark.parametrize("orders", ["all", "high"])
def test_what_the_code_cannot_tell_is_not_said_to_be_explained(n, budget, orders):
    """Sets beyond the code's order show as others in every group; none of these predicts the next group."""
    rng = np.random.default_rng(4)
    sizes = [n] if orders == "all" else rng.integers(8, 15, 5)
    high = [rng.choice(n, size, replace=False) for size in sizes]

    def function(masks):
        return sum(1 - 2.0 * (masks[:, one].sum(axis=1) & 1) for one in high)

    found = spex.explain(function, n, budget=budget, estimator="spex", progress=False)
    assert found.r2 < 0.15
