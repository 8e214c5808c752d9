"""A linear part without penalty, if it predicts left-out samples better.

A kernel shrinks main effects towards 0, which improves the estimates from few samples, but prevents exact
ones from many: for a function of second order the differences f(x) − f(x̄) are linear, and determine the
Shapley values exactly from n + 1 pairs on. Whether main effects are shrunk is decided by the differences of
left-out pairs, which are predicted with and without the penalty.
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.feature_sets import singletons
from spex_plugins.core.basis.masks import complements
from spex_plugins.core.gaussian_process.conditioning import GaussianProcess, condition, inner, left_out_errors

__all__ = ["with_linear_part"]

_FREE = 1e5  # prior variance of a practically free coefficient, for functions with unit variance


def with_linear_part(process: GaussianProcess) -> GaussianProcess:
    """Return the process with free linear coefficients if it predicts left-out odd parts better."""
    masks, n = process.masks, process.kernel.n
    first, second = complements(masks)
    if len(first) <= n:
        return process
    own, together = process.precisions
    signs = np.where(masks, -1.0, 1.0)
    solved = process.solve(signs)
    # The entries of C⁻¹ of the free process (Woodbury) that left-out errors depend on.
    product = signs.T @ solved
    product[np.diag_indices(n)] += 1 / _FREE
    half = np.linalg.solve(product, solved.T)  # (n, m)
    free_own = own - (solved.T * half).sum(axis=0)
    free_together = together - (solved[first].T * half[:, second]).sum(axis=0)
    free_weights = process.weights - half.T @ (signs.T @ process.weights)
    free = left_out_errors(free_weights, free_own, free_together, first, second)[0]
    bound = left_out_errors(process.weights, own, together, first, second)[0]
    tested = inner(masks)[first]
    free_odd, bound_odd = ((errors[first] - errors[second])[tested] for errors in (free, bound))
    if not (free_odd**2).sum() < (bound_odd**2).sum():
        return process
    kernel = process.kernel.extended(singletons(n), np.full(n, _FREE))
    return condition(kernel, process.noise, process.samples, process.untouched)
