"""Maximum of a polynomial, and the fewest features with a value, by mixed-integer linear programming.

Every product of two or more features becomes a variable y_T in [0, 1] with the linear inequalities of Fortet
(1960), y_T ≤ z_i for i in T and y_T ≥ Σ_{i∈T} z_i − |T| + 1; of those only the side that the sign of its
coefficient calls for can be binding where the polynomial is to be large. As at most r features are chosen,
Σ_{T∋i, |T|=t} y_T ≤ C(r − 1, t − 1) z_i tightens the relaxation. SciPy's HiGHS solves the program.
"""

from __future__ import annotations

from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from spex_plugins.core.subsets.polynomial import Polynomial
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["TOLERANCE", "fewest", "maximum"]

TOLERANCE = 2e-6
"""Of HiGHS, as a share of the sum of the magnitudes of all coefficients."""

_ALL_PRODUCTS = 64  # features; with more, only the largest products are variables, the others widen the gap
_MOST_PRODUCTS = 5000
_TIE = 0.25  # of one feature
_OPTIMAL, _INFEASIBLE = 0, 2  # of SciPy


def maximum(
    polynomial: Polynomial, count: int, *, exact: bool, options: dict[str, float]
) -> tuple[BoolArray, float]:
    """Return ``count`` features (n,), or at most so many, and an upper bound of the value of any such set.

    The search starts with a local one, whose result is what is returned if the program has none.
    """
    polynomial = polynomial.with_products(polynomial.orders <= count)  # of more, one is always missing
    found = polynomial.search(count, exact=exact)
    bound = polynomial.bound(count, exact=exact)
    if bound - polynomial.value(found) <= TOLERANCE * polynomial.size or options.get("node_limit") == 0:
        return found, bound
    kept, left_out = _largest(polynomial, count)
    scale = float(np.abs(kept.coefficients).max())
    row = np.arange(len(kept.coefficients)) < kept.n
    result = _solve(kept, count, -kept.coefficients / scale, (row, count if exact else 0, count), options)
    if result.mip_dual_bound is not None:
        bound = min(bound, kept.constant - scale * result.mip_dual_bound + left_out)
    if result.x is not None:
        other = polynomial.improved(result.x[: kept.n] > 0.5, count, exact=exact)
        found = max(found, other, key=polynomial.value)
    return found, bound


def fewest(
    polynomial: Polynomial, least: float, *, options: dict[str, float]
) -> tuple[BoolArray | None, int] | None:
    """Return the fewest features with a value of ``least`` or more, and a lower bound of their number.

    Of several smallest sets it is one with a large value. The features are None if the search ended without
    a set, all is None if there is none.
    """
    n, size = polynomial.n, polynomial.size
    if polynomial.bound(n, exact=False) < least:
        return None
    if not size:
        return np.zeros(n, dtype=bool), 0
    scale = float(np.abs(polynomial.coefficients).max())
    scaled = polynomial.coefficients / scale
    # All values together weigh less than one feature.
    objective = (np.arange(len(scaled)) < n) - _TIE * scale / size * scaled
    wanted = (scaled, (least - polynomial.constant) / scale, np.inf)
    result = _solve(polynomial, n, objective, wanted, options)
    if result.status == _INFEASIBLE:
        return None
    found = [] if result.x is None else [result.x[:n] > 0.5]
    if result.status == _OPTIMAL:
        return found[0], int(found[0].sum())
    rival = polynomial.search_value(least)
    found += [] if rival is None else [rival]
    dual = -np.inf if result.mip_dual_bound is None else result.mip_dual_bound
    bound = int(np.ceil(max(dual - 1.2 * _TIE, 0)))
    return min(found, key=lambda one: (one.sum(), -polynomial.value(one)), default=None), bound


def _largest(polynomial: Polynomial, count: int) -> tuple[Polynomial, float]:
    """Leave out all but the largest products of many features; return an upper bound of the others."""
    if polynomial.n <= _ALL_PRODUCTS or len(polynomial.values) <= _MOST_PRODUCTS:
        return polynomial, 0.0
    ranking = np.argsort(-np.abs(polynomial.values), kind="stable")
    kept, rest = np.sort(ranking[:_MOST_PRODUCTS]), ranking[_MOST_PRODUCTS:]
    return polynomial.with_products(kept), polynomial.with_products(rest).largest_products(count)


def _solve(
    polynomial: Polynomial,
    count: int,
    objective: FloatArray,
    wanted: tuple[Any, float, float],
    options: dict[str, float],
) -> Any:
    """Minimise a linear objective of the variables under one linear constraint, (row, low, high)."""
    from scipy.optimize import Bounds, LinearConstraint, milp

    row, low, high = wanted
    constraints = [LinearConstraint(np.asarray(row, dtype=float)[None], low, high)]
    for order in np.unique(polynomial.orders).tolist():
        for matrix, upper in _linking(polynomial, order, count):
            if matrix.shape[0]:
                constraints.append(LinearConstraint(matrix, -np.inf, upper))
    return milp(
        objective,
        integrality=(np.arange(len(objective)) < polynomial.n).astype(int),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"mip_rel_gap": 0.0} | options,
    )


def _linking(polynomial: Polynomial, order: int, count: int) -> list[tuple[Any, float]]:
    """Return inequalities, matrix and upper limit, that tie products of so many features to these."""
    n, at = polynomial.n, np.flatnonzero(polynomial.orders == order)
    width = n + len(polynomial.values)
    features: IntArray = polynomial.products[at, :order]
    own: IntArray = n + at
    up = polynomial.values[at] > 0
    members: IntArray = features[up].ravel()
    repeated: IntArray = np.repeat(own[up], order)
    each, down = np.arange(len(members)), np.arange((~up).sum())
    below = _ones(each, repeated, len(each), width) - _ones(each, members, len(each), width)
    above = _ones(np.repeat(down, order), features[~up].ravel(), len(down), width)
    above -= _ones(down, own[~up], len(down), width)
    most = comb(count - 1, order - 1)
    crowded: IntArray = np.flatnonzero(np.bincount(members, minlength=n) > most)
    tight = _ones(members, repeated, n, width)[crowded]
    tight -= most * _ones(np.arange(len(crowded)), crowded, len(crowded), width)
    return [(below, 0.0), (above, order - 1.0), (tight, 0.0)]


def _ones(rows: IntArray, columns: IntArray, height: int, width: int) -> Any:
    """Return a sparse matrix with ones at some places."""
    from scipy.sparse import csr_array

    return csr_array((np.ones(len(rows)), (rows, columns)), shape=(height, width))
