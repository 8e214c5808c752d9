"""SPEX at the numbers of calls with which its authors published it: 3 groups × 2^b bins × delays."""

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.core.plan import plan


def sparse_function(n, count, seed):
    """Terms of orders 1 to 5 without a hierarchy, and noise of standard deviation 0.5 on every answer."""
    rng = np.random.default_rng(seed)
    sets = [rng.choice(n, rng.integers(1, 6), replace=False) for _ in range(count)]
    heights = rng.choice([-1.0, 1.0], count) * rng.uniform(0.5, 1.5, count)

    def clean(masks):
        return sum(h * (1 - 2.0 * (masks[:, s].sum(axis=1) & 1)) for h, s in zip(heights, sets, strict=True))

    return clean, lambda masks: clean(masks) + 0.5 * rng.standard_normal(len(masks))


@pytest.mark.parametrize(
    ("n", "count", "budget"),
    [(64, 10, 864), (64, 10, 1100), (64, 20, 1728), (256, 10, 1104), (256, 20, 2208)],
)
def test_sparse_functions_are_found_at_the_published_budgets(n, count, budget):
    clean, noisy = sparse_function(n, count, 5)
    found = spex.explain(noisy, n, budget=budget, estimator="spex", progress=False)
    masks = np.random.default_rng(1).random((4000, n)) < 0.5
    assert found.n_calls <= budget
    assert 1 - np.var(clean(masks) - found.predict(masks)) / np.var(clean(masks)) > 0.99
    assert found.r2 < 0.999  # the noise cannot be predicted, and nothing else is stated


@pytest.mark.parametrize(("n", "budget"), [(64, 864), (64, 1728), (256, 1104), (256, 2208), (1000, 2688)])
def test_published_budgets_keep_the_published_order(n, budget):
    chosen = plan(n, budget)
    assert (chosen.kind, chosen.groups, chosen.max_order) == ("coded", 3, 5)
