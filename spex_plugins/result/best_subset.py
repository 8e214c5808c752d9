"""Best sets of features of a sparse function, by mixed-integer linear programming (SciPy's HiGHS).

With the Möbius coefficients, f(m) = Σ_R a(R) Π_{i∈R} m_i. Every product is a variable y_R in [0, 1] with
y_R ≤ m_i for all i ∈ R where a(R) > 0 and y_R ≥ Σ_{i∈R} m_i − |R| + 1 where a(R) < 0 (Fortet 1960; Glover &
Woolsey 1974): the others cannot be binding where f is to be large. A minimum is the maximum of −f.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray, IntArray

if TYPE_CHECKING:
    from collections.abc import Callable

    from scipy.optimize import LinearConstraint

__all__ = ["Optimum", "best_subset", "smallest_subset"]

_SECONDS = 30.0
_TIE = 0.25  # of one feature
_PROVEN = (0, 2)  # of SciPy: optimal, infeasible


@dataclass(frozen=True, eq=False)
class Optimum:
    """A best mask, and what is proven of it.

    Attributes
    ----------
    mask : ndarray of bool, shape (n,), or None
        True for a feature that is kept; None if no mask was found.
    value : float
        The function at the mask.
    bound : float
        No mask is better than this: the largest value of any mask of this size, or the smallest number of
        features of any mask with such a value.
    optimal : bool
        Whether the mask is proven to be best, or, without a mask, that there is none.
    """

    mask: BoolArray | None
    value: float
    bound: float
    optimal: bool


def best_subset(spectrum: Spectrum, size: int, *, seconds: float = _SECONDS) -> Optimum:
    """Return the mask with the largest value among those that keep exactly ``size`` features.

    Parameters
    ----------
    spectrum : Spectrum
        Of one output.
    size : int
        Number of features that are kept, 0 to n.
    seconds : float
        The search ends after this time, with a bound instead of a proof.

    Returns
    -------
    Optimum
        Its bound is a value, in the unit of the coefficients.

    Raises
    ------
    InputError
        If the spectrum has several outputs, or the size is not from 0 to n.
    """
    if not 0 <= size <= spectrum.n:
        raise InputError(f"size: must be from 0 to {spectrum.n}, the number of features; got {size}.")
    program = _Program.of(spectrum)
    count = np.concatenate([np.ones(program.n), np.zeros(len(program.values))])
    return program.solve(
        -program.objective, (count, size, size), lambda least: program.unscaled(-least), seconds
    )


def smallest_subset(spectrum: Spectrum, least: float, *, seconds: float = _SECONDS) -> Optimum:
    """Return a mask that keeps the fewest features among those with a value of ``least`` or more.

    Parameters
    ----------
    spectrum : Spectrum
        Of one output.
    least : float
        In the unit of the coefficients.
    seconds : float
        The search ends after this time, with a bound instead of a proof.

    Returns
    -------
    Optimum
        Its bound is a number of features; of several smallest masks, one with a large value.

    Raises
    ------
    InputError
        If the spectrum has several outputs, or ``least`` is not finite.
    """
    if not np.isfinite(least):
        raise InputError(f"least: must be a finite number, got {least!r}.")
    program = _Program.of(spectrum)
    # Of several masks of one size one with a large value: all values together weigh less than one feature.
    count = np.concatenate([np.ones(program.n), np.zeros(len(program.values))])
    wanted = (program.objective, program.scaled(least), np.inf)
    return program.solve(
        count - _TIE * program.objective, wanted, lambda fewest: np.ceil(fewest - 1.2 * _TIE), seconds
    )


@dataclass(frozen=True, eq=False)
class _Program:
    """The constraints that every question about a function shares; values are scaled to Σ |a(R)| = 1.

    The variables are the n features and the products of the sets (T, d) of two and more.
    """

    spectrum: Spectrum
    constant: float
    scale: float
    singles: FloatArray
    sets: IntArray
    values: FloatArray

    @classmethod
    def of(cls, spectrum: Spectrum) -> _Program:
        if spectrum.output_shape:
            raise InputError(
                f"spectrum: has {spectrum.output_shape[0]} outputs; choose one, for example output(0)."
            )
        supports, values = spectrum.convert("Moebius")
        orders = sets.orders_of(supports, spectrum.n)
        scale = float(np.abs(values[orders > 0]).sum()) or 1.0
        singles = np.zeros(spectrum.n)
        singles[supports[orders == 1, :1].ravel()] = values[orders == 1] / scale
        large = orders > 1
        constant = float(values[orders == 0].sum())
        return cls(spectrum, constant, scale, singles, supports[large], values[large] / scale)

    @property
    def n(self) -> int:
        return self.spectrum.n

    @property
    def objective(self) -> FloatArray:
        return np.concatenate([self.singles, self.values])

    def scaled(self, value: float) -> float:
        return (value - self.constant) / self.scale

    def unscaled(self, value: float) -> float:
        return self.constant + self.scale * value

    def solve(
        self,
        objective: FloatArray,
        wanted: tuple[FloatArray, float, float],
        bound_of: Callable[[float], float],
        seconds: float,
    ) -> Optimum:
        """Minimise a linear objective of the variables under one linear constraint, (row, low, high)."""
        from scipy.optimize import Bounds, LinearConstraint, milp

        row, low, high = wanted
        found = milp(
            objective,
            integrality=np.repeat([1, 0], [self.n, len(self.values)]),
            bounds=Bounds(0.0, 1.0),
            constraints=[LinearConstraint(row[None], low, high), *self._products()],
            options={"mip_rel_gap": 0.0, "time_limit": seconds},
        )
        mask = None if found.x is None else found.x[: self.n] > 0.5
        value = np.nan if mask is None else float(self.spectrum.predict(mask[None])[0])
        known = found.mip_dual_bound if found.mip_dual_bound is not None else -np.inf
        return Optimum(mask, value, float(bound_of(known)), found.status in _PROVEN)

    def _products(self) -> list[LinearConstraint]:
        """Return y_R ≤ m_i where a(R) > 0, and Σ m_i − y_R ≤ |R| − 1 where a(R) < 0."""
        from scipy.optimize import LinearConstraint
        from scipy.sparse import coo_array

        columns = self.n + len(self.values)
        members = self.sets < self.n
        out = []
        up = (self.values > 0)[:, None] & members
        which, slot = np.nonzero(up)
        if len(which):
            rows = np.arange(len(which))
            entries = np.repeat([1.0, -1.0], len(which))
            at = np.concatenate([self.n + which, self.sets[which, slot]])
            matrix = coo_array((entries, (np.tile(rows, 2), at)), shape=(len(which), columns))
            out.append(LinearConstraint(matrix.tocsr(), -np.inf, 0.0))
        down = np.flatnonzero(self.values < 0)
        if len(down):
            place, slot = np.nonzero(members[down])
            at = np.concatenate([self.sets[down][place, slot], self.n + down])
            entries = np.repeat([1.0, -1.0], [len(place), len(down)])
            rows = np.concatenate([place, np.arange(len(down))])
            matrix = coo_array((entries, (rows, at)), shape=(len(down), columns))
            out.append(LinearConstraint(matrix.tocsr(), -np.inf, members[down].sum(axis=1) - 1.0))
        return out
