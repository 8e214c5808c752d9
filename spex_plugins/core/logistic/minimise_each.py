"""Minima of many smooth functions of their own variables, side by side.

SciPy minimises one function at a time and spends more time on each step than a small function needs for its
value; here a step of all functions is one matrix product. The method is L-BFGS (Nocedal & Wright 2006,
algorithm 7.4) with steps that are halved until the function is sufficiently less (Armijo).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Functions", "minimise_each"]

_MEMORY = 10  # steps that tell of the curvature
_SUFFICIENT = 1e-4  # share of the decrease that the slope promises
_LEAST_STEP = 1e-10
_FEW = 0.7  # share of the functions that are still searched, below which the others are put aside


class Functions(Protocol):
    """B functions of P variables each."""

    def __call__(self, variables: FloatArray, /) -> tuple[FloatArray, FloatArray]:
        """Return the values (B,) and gradients (B, P) at variables (B, P)."""
        ...

    def only(self, rows: BoolArray) -> Self:
        """Return some of the functions, of rows (B,)."""
        ...


def minimise_each(
    functions: Functions, start: FloatArray, iterations: int, tolerance: float
) -> tuple[FloatArray, FloatArray]:
    """Minimise every function from its own start.

    Parameters
    ----------
    functions : Functions
    start : ndarray of float64, shape (B, P)
    iterations : int
        Most evaluations of every function.
    tolerance : float
        A search ends with a step that decreases the function by less than this share of it.

    Returns
    -------
    variables : ndarray of float64, shape (B, P)
    values : ndarray of float64, shape (B,)
    """
    found, least = start.copy(), np.empty(len(start))
    rows = np.arange(len(start))
    search = _Search.begun(functions, start.copy())
    for _ in range(iterations):
        with np.errstate(over="ignore", invalid="ignore"):  # such a step is too long, and halved
            search.step(tolerance)
        if search.active.mean() < _FEW:
            ended = ~search.active
            found[rows[ended]], least[rows[ended]] = search.at[ended], search.value[ended]
            if ended.all():
                return found, least
            rows, search = rows[search.active], search.only_active()
    found[rows], least[rows] = search.at, search.value
    return found, least


@dataclass(eq=False)
class _Search:
    """The state of the searches of B functions.

    Attributes
    ----------
    functions : Functions
    at, gradient, direction : ndarray of float64, shape (B, P)
    value, length : ndarray of float64, shape (B,)
        Of the function, and of the next step as a multiple of ``direction``.
    active : ndarray of bool, shape (B,)
    steps, changes : ndarray of float64, shape (memory, B, P)
        Steps and changes of the gradient, the latest last; a row of zeros has no effect.
    inverse_products : ndarray of float64, shape (memory, B)
        Inverse of the products of both.
    """

    functions: Functions
    at: FloatArray
    value: FloatArray
    gradient: FloatArray
    direction: FloatArray
    length: FloatArray
    active: BoolArray
    steps: FloatArray
    changes: FloatArray
    inverse_products: FloatArray

    @classmethod
    def begun(cls, functions: Functions, at: FloatArray) -> _Search:
        """Return searches that begin along the gradients, with steps of length 1 at most."""
        value, gradient = functions(at)
        length = 1 / np.maximum(np.sqrt(_dots(gradient, gradient)), 1.0)
        steps, changes = (np.zeros((_MEMORY, *at.shape)) for _ in range(2))
        active, products = np.ones(len(at), dtype=bool), np.zeros((_MEMORY, len(at)))
        return cls(functions, at, value, gradient, -gradient, length, active, steps, changes, products)

    def step(self, tolerance: float) -> None:
        """Evaluate every function once, where its present direction and length of the step lead."""
        slope = _dots(self.gradient, self.direction)
        step = (self.length * self.active)[:, None] * self.direction
        value, gradient = self.functions(self.at + step)
        better = self.active & (value <= self.value + _SUFFICIENT * self.length * slope)
        worse = self.active & ~better
        self.active[worse] = self.length[worse] > _LEAST_STEP
        self.length[worse] /= 2
        accepted = np.flatnonzero(better)
        if not len(accepted):
            return
        small = self.value[accepted] - value[accepted] <= tolerance * np.maximum(
            np.abs(self.value[accepted]), np.abs(value[accepted])
        )
        change = gradient[accepted] - self.gradient[accepted]
        self.at[accepted] += step[accepted]
        self.value[accepted], self.gradient[accepted] = value[accepted], gradient[accepted]
        self._remember(accepted, step[accepted], change)
        self.active[accepted[small]] = False
        self.direction[accepted] = self._towards_the_minimum(accepted)
        self.length[accepted] = 1.0

    def only_active(self) -> _Search:
        """Return the searches that have not ended."""
        rows = self.active
        at, gradient, direction = (one[rows] for one in (self.at, self.gradient, self.direction))
        memory = (self.steps[:, rows], self.changes[:, rows], self.inverse_products[:, rows])
        functions, value, length = self.functions.only(rows), self.value[rows], self.length[rows]
        return _Search(functions, at, value, gradient, direction, length, rows[rows], *memory)

    def _remember(self, rows: IntArray, step: FloatArray, change: FloatArray) -> None:
        """Put steps of some functions in the place of their earliest, where the curvature is positive."""
        product = _dots(step, change)
        curved = product > np.finfo(float).eps * _dots(change, change)
        rows = rows[curved]
        for memory, latest in (
            (self.steps, step[curved]),
            (self.changes, change[curved]),
            (self.inverse_products, 1 / product[curved]),
        ):
            memory[:-1, rows] = memory[1:, rows]
            memory[-1, rows] = latest

    def _towards_the_minimum(self, rows: IntArray) -> FloatArray:
        """Return minus the product of the estimated inverse Hessian and the gradient, by two loops."""
        steps, changes, inverse = (
            memory[:, rows] for memory in (self.steps, self.changes, self.inverse_products)
        )
        direction, shares = -self.gradient[rows], np.zeros((_MEMORY, len(rows)))
        for k in reversed(range(_MEMORY)):
            shares[k] = inverse[k] * _dots(steps[k], direction)
            direction -= shares[k][:, None] * changes[k]
        length = inverse[-1] * _dots(changes[-1], changes[-1])
        direction /= np.where(length > 0, length, 1.0)[:, None]
        for k in range(_MEMORY):
            again = inverse[k] * _dots(changes[k], direction)
            direction += (shares[k] - again)[:, None] * steps[k]
        return direction


def _dots(left: FloatArray, right: FloatArray) -> FloatArray:
    products: FloatArray = np.einsum("bp,bp->b", left, right)
    return products
