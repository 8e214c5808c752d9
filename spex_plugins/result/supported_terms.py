"""Which terms of a spectrum stand out from the errors at left-out masks: those worth listing.

A coefficient that is estimated from m masks, at which a variance σ² is not explained, has a standard error of
about σ/√m. Of T coefficients that are 0, the largest estimate is then about √(2 ln T) times as large, the
universal threshold of Donoho & Johnstone (1994).
"""

from __future__ import annotations

import numpy as np

from spex_plugins.core.basis.scaling import norms
from spex_plugins.core.basis.spectrum import Spectrum
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["supported_terms", "term_summary"]

_LEAST_R2 = 0.05  # the variance of a fit that explains less says little about that of the values


def supported_terms(spectrum: Spectrum, r2: FloatArray, masks: int) -> BoolArray:
    """Return which terms are larger than the errors at left-out masks explain, in any output.

    Parameters
    ----------
    spectrum : Spectrum
        With T terms.
    r2 : ndarray of float64, shape () or (K,)
        R² on left-out masks. Where it is not known, all terms count.
    masks : int
        Number of masks that the function was fitted to.

    Returns
    -------
    ndarray of bool, shape (T,)
        True for the constant.
    """
    constant = spectrum.orders == 0
    size = np.abs(spectrum.coefficients[~constant])
    largest = size.max(axis=0, initial=0.0)
    energy = (size / np.where(largest > 0, largest, 1.0)) ** 2  # the squares of huge values would overflow
    unexplained = energy.sum(axis=0) * (1 - r2) / np.maximum(r2, _LEAST_R2)
    large = energy > 2 * np.log(max(len(spectrum), 2)) * np.nan_to_num(unexplained) / masks
    listed = constant.copy()
    listed[~constant] = large if large.ndim == 1 else large.any(axis=1)
    return listed


def term_summary(spectrum: Spectrum, listed: IntArray) -> str:
    """Return how many terms of every order are listed, and their shares of the variance of all terms."""
    orders = spectrum.orders
    size = norms(spectrum.coefficients) * (orders > 0)
    share = (size / (size.max(initial=0.0) or 1.0)) ** 2
    share /= share.sum() or 1.0
    counts = np.bincount(orders[listed], minlength=2)
    energy = np.bincount(orders[listed], weights=share[listed], minlength=2)
    parts = [
        f"{counts[k]} of order {k} ({energy[k]:.0%} of the variance)" for k in np.flatnonzero(counts[1:]) + 1
    ]
    rest = len(spectrum) - len(listed)
    if rest:
        parts.append(f"{rest} smaller than their errors ({1 - share[listed].sum():.1%}) are not listed")
    return ", ".join(parts) or "none"
