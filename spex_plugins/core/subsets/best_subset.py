"""The set of features whose removal changes a fitted function most, by mixed-integer linear programming.

With z_i = 1 − m_i for a removed feature, the function is a polynomial Σ_T b_T Π_{i∈T} z_i, whose b are the
Möbius coefficients of the function with kept and removed features exchanged. Every product of two or more
features becomes a variable y_T with the linear inequalities of Fortet (1960), y_T ≤ z_i for i in T and
y_T ≥ Σ_{i∈T} z_i − |T| + 1; of those only the side that the sign of b_T calls for is needed. As at most r
features are removed, Σ_{T∋i, |T|=t} y_T ≤ C(r − 1, t − 1) z_i tightens the relaxation.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import comb
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spex_plugins.core.subsets.polynomial import Polynomial
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, IntArray

if TYPE_CHECKING:
    from spex_plugins.core.basis.spectrum import Spectrum

__all__ = ["EXACT_FEATURES", "BestSubset", "best_subset"]

EXACT_FEATURES = 64
"""With so many features the best set is found for certain; with more, within a stated gap."""

_MOST_PRODUCTS = 1000  # variables y_T with more features; the others widen the gap
_MOST_NODES = 200  # of the branch-and-bound tree, with more features

Direction = Literal["lowest", "highest"]


@dataclass(frozen=True, eq=False)
class BestSubset:
    """A set of features to remove.

    Attributes
    ----------
    mask : ndarray of bool, shape (n,)
        False for the features that are removed.
    value : float
        The fitted function at this mask, in its unit.
    gap : float
        By so much, at most, another set could be better, in the unit of the function; 0 if none is.
    """

    mask: BoolArray
    value: float
    gap: float


def best_subset(
    spectrum: Spectrum,
    *,
    size: int | None = None,
    at_most: int | None = None,
    direction: Direction = "lowest",
    max_nodes: int | None = None,
) -> BestSubset:
    """Find the features to remove so that a fitted function becomes lowest or highest.

    Parameters
    ----------
    spectrum : Spectrum
        A function with one output, such as `Interactions.spectrum`.
    size : int, optional
        Number of features to remove.
    at_most : int, optional
        Largest number of features to remove; give this or ``size``.
    direction : {"lowest", "highest"}
        Which value of the function is wanted.
    max_nodes : int, optional
        Largest number of nodes of the branch-and-bound tree. By default there is no limit up to 64 features,
        so that the set is the best one, and 200 nodes with more. Functions of thousands of interactions take
        long; 0 searches by exchanges of features alone, which is fast and leaves a wide gap.

    Returns
    -------
    BestSubset
        The mask, the value of the function there, and by how much another set could be better.

    Raises
    ------
    InputError
        If an argument is invalid, or the function has several outputs.
    """
    count, exact = _count(spectrum, size, at_most, direction)
    sign = 1.0 if direction == "highest" else -1.0
    polynomial = Polynomial.of_removed(sign * spectrum)
    removed, bound = _Problem(polynomial, count, exact).solve(max_nodes)
    gap = bound - polynomial.value(removed)
    mask = ~removed
    value = float(spectrum.predict(mask[None])[0])
    return BestSubset(mask, value, gap if gap > 1e-9 * polynomial.size else 0.0)


def _count(spectrum: Spectrum, size: Any, at_most: Any, direction: Any) -> tuple[int, bool]:
    """Check the arguments; return the number of features to remove, and whether exactly so many."""
    if spectrum.output_shape:
        raise InputError(f"spectrum: has {spectrum.output_shape[0]} outputs; give spectrum.output(k).")
    if direction not in ("lowest", "highest"):
        raise InputError(f"direction: must be 'lowest' or 'highest', got {direction!r:.80}.")
    if (size is None) == (at_most is None):
        raise InputError("size, at_most: give one of them.")
    name, count = ("size", size) if at_most is None else ("at_most", at_most)
    integer = isinstance(count, int | np.integer) and not isinstance(count, bool)
    if not integer or not 0 <= count <= spectrum.n:
        raise InputError(f"{name}: must be an integer from 0 to {spectrum.n}, got {count!r:.80}.")
    return int(count), at_most is None


class _Problem:
    """Maximise Σ_T values_T Π_{i∈T} z_i over z in {0, 1}^n with ``count`` ones, or at most so many."""

    def __init__(self, polynomial: Polynomial, count: int, exact: bool) -> None:
        possible = polynomial.orders <= count  # more features are never removed together
        self.polynomial = polynomial
        self.n, self.count, self.exact = polynomial.n, count, exact
        self.single = polynomial.single
        self.products = polynomial.products[possible]
        self.values = polynomial.values[possible]
        self.orders = polynomial.orders[possible]

    def solve(self, max_nodes: int | None) -> tuple[BoolArray, float]:
        """Return the features that are removed, (n,), and an upper bound of the maximum."""
        from scipy.optimize import Bounds, milp

        found = self.polynomial.search(self.count, exact=self.exact)
        bound = self.polynomial.bound(self.count, exact=self.exact)
        if not self.count or max_nodes == 0:
            return found, bound
        left_out = self._keep_largest() if self.n > EXACT_FEATURES else 0.0
        total = self.n + len(self.values)
        nodes = max_nodes or (None if self.n <= EXACT_FEATURES else _MOST_NODES)
        result = milp(
            -np.concatenate([self.single, self.values]),
            integrality=(np.arange(total) < self.n).astype(int),
            bounds=Bounds(0, 1),
            constraints=self._constraints(),
            options={"mip_rel_gap": 0.0} | ({"node_limit": nodes} if nodes else {}),
        )
        if result.mip_dual_bound is not None:
            bound = min(bound, left_out - result.mip_dual_bound)
        if result.x is not None:
            other = self.polynomial.improved(result.x[: self.n] > 0.5, self.count, exact=self.exact)
            found = max(found, other, key=self.polynomial.value)
        return found, bound

    def _keep_largest(self) -> float:
        """Drop all but the largest products; return an upper bound of those that are dropped."""
        ranking = np.argsort(-np.abs(self.values), kind="stable")
        kept, rest = np.sort(ranking[:_MOST_PRODUCTS]), ranking[_MOST_PRODUCTS:]
        left_out = float(self.values[rest].clip(min=0).sum())
        self.products, self.values = self.products[kept], self.values[kept]
        self.orders = self.orders[kept]
        return left_out

    def _constraints(self) -> list[Any]:
        from scipy.optimize import LinearConstraint

        width = self.n + len(self.values)
        least = self.count if self.exact else 0
        found = [LinearConstraint(np.arange(width)[None] < self.n, least, self.count)]
        for order in np.unique(self.orders).tolist():
            for matrix, upper in self._linking(order):
                if matrix.shape[0]:
                    found.append(LinearConstraint(matrix, -np.inf, upper))
        return found

    def _linking(self, order: int) -> list[tuple[Any, float]]:
        """Return inequalities, matrix and upper limit, that tie products of so many features to these."""
        at = np.flatnonzero(self.orders == order)
        features: IntArray = self.products[at, :order]
        own: IntArray = self.n + at
        up = self.values[at] > 0
        members: IntArray = features[up].ravel()
        repeated: IntArray = np.repeat(own[up], order)
        each, down, every = np.arange(len(members)), np.arange((~up).sum()), np.arange(self.n)
        below = self._matrix(each, repeated, len(each)) - self._matrix(each, members, len(each))
        above = self._matrix(np.repeat(down, order), features[~up].ravel(), len(down))
        above -= self._matrix(down, own[~up], len(down))
        tight = self._matrix(members, repeated, self.n)
        tight -= comb(self.count - 1, order - 1) * self._matrix(every, every, self.n)
        return [(below, 0.0), (above, order - 1.0), (tight, 0.0)]

    def _matrix(self, rows: IntArray, columns: IntArray, height: int) -> Any:
        """Return a sparse matrix with ones at some places, one column for each variable."""
        from scipy.sparse import csr_array

        shape = (height, self.n + len(self.values))
        return csr_array((np.ones(len(rows)), (rows, columns)), shape=shape)
