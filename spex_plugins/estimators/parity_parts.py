"""One part of a function, odd or even: a Gaussian process and trees, mixed by what they say of left-out pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.core.parity_process.index import PartDoubt
from spex_plugins.core.parity_process.process import PartProcess
from spex_plugins.types import FloatArray

__all__ = ["MixedPart", "mixed_part"]

_LEARNED = 25.0  # masks that the parameters of a kernel are worth: their errors are larger by 1 + 25/m


@dataclass(frozen=True, eq=False)
class MixedPart:
    """A share of the process and the rest of the trees.

    Attributes
    ----------
    process : PartProcess
    share : ndarray of float64, shape (K,)
        Of the process.
    left_out : ndarray of float64, shape (p, K)
        Errors at pairs predicted without them.
    doubt : PartDoubt
    """

    process: PartProcess
    share: FloatArray
    left_out: FloatArray
    doubt: PartDoubt


def mixed_part(
    process: PartProcess, tree_errors: FloatArray | None, weights: FloatArray, m: int
) -> MixedPart:
    """Choose the share with the least left-out errors.

    Parameters
    ----------
    process : PartProcess
    tree_errors : ndarray of float64, shape (p, K), or None
        Of trees that have not seen the pair.
    weights : ndarray of float64, shape (p,)
        How much the error at every pair counts; 0 where it is known beforehand.
    m : int
        Number of masks.
    """
    errors, deviations = process.left_out
    errors = errors * (1 + _LEARNED / m)
    share = np.ones(errors.shape[1])
    if tree_errors is not None:
        own, other = weights @ errors**2, weights @ tree_errors**2
        both = weights @ (errors * tree_errors)
        apart = own + other - 2 * both
        share = np.clip((other - both) / np.where(apart > 0, apart, np.inf), 0.0, 1.0)
        share = np.where(apart > 0, share, 1.0)
        errors = share * errors + (1 - share) * tree_errors
    expected, found = weights @ deviations**2, weights @ errors**2
    ratio = np.sqrt(found / np.where(expected > 0, expected, np.inf))
    scale = process.spread * np.where(expected > 0, ratio, 1.0)
    return MixedPart(process, share, errors, PartDoubt(process.kernel, process.sign, process.masks, scale))
