"""Best sets of features of a fitted function: of a size, or the smallest one with a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.core.subsets.polynomial import Polynomial
from spex_plugins.core.subsets.program import TOLERANCE, fewest, maximum
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray

__all__ = ["BestSubset", "averaged_over_flips", "best_subset", "of_masked_features", "smallest_subset"]

Direction = Literal["lowest", "highest"]


@dataclass(frozen=True, eq=False)
class BestSubset:
    """A best set of features, and what is proven of it.

    Attributes
    ----------
    mask : ndarray of bool, shape (n,)
        True for the features of the set.
    value : float
        The function at this mask, in its unit.
    bound : float
        No set is better than this: the lowest or highest value of any set of this size, or the smallest
        number of features of any set with such a value.
    gap : float
        Distance of the set from the bound, in the unit of the bound; 0 if the set is proven to be the best
        (to 2e−6 of the sum of the magnitudes of all Möbius terms).
    """

    mask: BoolArray
    value: float
    bound: float
    gap: float

    @property
    def proven(self) -> bool:
        """Whether it is proven that no set is better."""
        return self.gap == 0


def best_subset(
    spectrum: Spectrum,
    *,
    size: int | None = None,
    at_most: int | None = None,
    direction: Direction = "highest",
    max_nodes: int | None = None,
    seconds: float | None = None,
) -> BestSubset:
    """Find the set of features of a given size whose mask has the lowest or the highest value.

    Parameters
    ----------
    spectrum : Spectrum
        A function with one output, such as `Interactions.spectrum`; of `of_masked_features`, the set is the
        one that is masked.
    size : int, optional
        Number of features of the set.
    at_most : int, optional
        Largest number of features; give this or ``size``.
    direction : {"lowest", "highest"}
        Which value of the function is wanted.
    max_nodes : int, optional
        Largest number of nodes of the branch-and-bound tree. Functions of thousands of interactions take
        long; 0 searches by exchanges of features alone, which is fast and leaves a wide gap.
    seconds : float, optional
        The linear program ends after this time, with a gap instead of a proof.

    Returns
    -------
    BestSubset
        Its bound is a value. With more than 64 features and 5000 interactions, the smaller interactions
        widen the gap.

    Raises
    ------
    InputError
        If an argument is invalid, or the function has several outputs.
    """
    count, exact = _count(spectrum, size, at_most, direction)
    options = _options(max_nodes, seconds)
    sign = 1.0 if direction == "highest" else -1.0
    others = exact and 2 * count > spectrum.n  # the program is smaller for the features that are left out
    game = sign * (of_masked_features(spectrum) if others else spectrum)
    polynomial = Polynomial.of(game)
    chosen, bound = maximum(polynomial, spectrum.n - count if others else count, exact=exact, options=options)
    gap = bound - polynomial.value(chosen)
    gap = gap if gap > TOLERANCE * polynomial.size else 0.0
    mask = ~chosen if others else chosen
    value = float(spectrum.predict(mask[None])[0])
    return BestSubset(mask, value, value + sign * gap, gap)


def smallest_subset(spectrum: Spectrum, least: float, *, seconds: float | None = None) -> BestSubset | None:
    """Find the smallest set of features whose mask has a value of ``least`` or more.

    Parameters
    ----------
    spectrum : Spectrum
        A function with one output.
    least : float
        In the unit of the function; the value may be less by 2e−6 of the sum of the magnitudes of all Möbius
        terms.
    seconds : float, optional
        The linear program ends after this time, with a gap instead of a proof.

    Returns
    -------
    BestSubset or None
        Its bound is a number of features; of several smallest sets, one with a large value. None if there is
        no such set.

    Raises
    ------
    InputError
        If an argument is invalid, the function has several outputs, or no set was found in this time.
    """
    _check_one_output(spectrum)
    if not np.isfinite(least):
        raise InputError(f"least: must be a finite number, got {least!r}.")
    found = fewest(Polynomial.of(spectrum), least, options=_options(None, seconds))
    if found is None:
        return None
    mask, bound = found
    if mask is None:
        raise InputError(f"seconds: no set was found in {seconds:g} s; allow more.")
    return BestSubset(mask, float(spectrum.predict(mask[None])[0]), bound, int(mask.sum()) - bound)


def of_masked_features(spectrum: Spectrum) -> Spectrum:
    """Return the function of the features that are masked: f(1 − m) has the coefficients (−1)^|S| F(S)."""
    signs = (-1.0) ** spectrum.orders
    coefficients = (spectrum.coefficients.T * signs).T
    return Spectrum(spectrum.n, spectrum.supports, coefficients)


def averaged_over_flips(spectrum: Spectrum, noise: float) -> Spectrum:
    """Return the mean of a function over masks in which every feature is flipped with a probability.

    The noise operator T_ρ with ρ = 1 − 2 noise multiplies F(S) by ρ^|S| (O'Donnell 2014, Analysis of Boolean
    Functions, section 2.4).
    """
    factors = (1.0 - 2.0 * noise) ** spectrum.orders
    return Spectrum(spectrum.n, spectrum.supports, (spectrum.coefficients.T * factors).T)


def _count(spectrum: Spectrum, size: Any, at_most: Any, direction: Any) -> tuple[int, bool]:
    """Check the arguments; return the number of features of the set, and whether exactly so many."""
    _check_one_output(spectrum)
    if direction not in ("lowest", "highest"):
        raise InputError(f"direction: must be 'lowest' or 'highest', got {direction!r:.80}.")
    if (size is None) == (at_most is None):
        raise InputError("size, at_most: give one of them.")
    name, count = ("size", size) if at_most is None else ("at_most", at_most)
    integer = isinstance(count, int | np.integer) and not isinstance(count, bool)
    if not integer or not 0 <= count <= spectrum.n:
        raise InputError(
            f"{name}: must be an integer from 0 to {spectrum.n}, the number of features, got {count!r:.80}."
        )
    return int(count), at_most is None


def _check_one_output(spectrum: Spectrum) -> None:
    if spectrum.output_shape:
        raise InputError(f"spectrum: has {spectrum.output_shape[0]} outputs; give spectrum.output(k).")


def _options(max_nodes: int | None, seconds: float | None) -> dict[str, float]:
    """Return the limits of the search as options of `scipy.optimize.milp`."""
    if seconds is not None and not seconds >= 0:
        raise InputError(f"seconds: must be a number of seconds from 0, got {seconds!r}.")
    limits = {"node_limit": max_nodes, "time_limit": seconds}
    return {name: limit for name, limit in limits.items() if limit is not None}
