"""A Gaussian process and trees, mixed by what they say of left-out samples."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from spex_plugins.core.fitted.frames import Frame
from spex_plugins.core.fitted.stacked import IndexUncertainty
from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["MixedPart", "Process", "mixed_part", "nearer_to_the_mean"]

_LEARNED = 25.0  # masks that the parameters of a kernel are worth: their errors are larger by 1 + 25/m


class Process(Protocol):
    """A Gaussian process in a frame: see `PartProcess` and `WholeProcess`."""

    @property
    def sign(self) -> int: ...

    @property
    def left_out(self) -> tuple[FloatArray, FloatArray]: ...

    @property
    def residuals(self) -> FloatArray: ...

    @property
    def spread(self) -> FloatArray: ...

    @property
    def factor(self) -> Factor: ...

    @property
    def smooth(self) -> MaskKernel: ...

    def variances(self, masks: BoolArray) -> FloatArray: ...

    def uncertainty(self, scale: FloatArray) -> IndexUncertainty: ...

    def expansion(self) -> tuple[SizedKernel, BoolArray, FloatArray]: ...


@dataclass(frozen=True, eq=False)
class MixedPart:
    """Shares of a process, of trees, and of the mean.

    Attributes
    ----------
    frame : Frame
    process : Process
    share, of_trees : ndarray of float64, shape (K,)
        Of the process and of the trees; the rest is the mean's.
    left_out : ndarray of float64, shape (p, K)
        Errors at samples predicted without them.
    alone : ndarray of float64, shape (p, K)
        Those of the process.
    easier : float
        How much smaller errors at other masks are, as the process expects.
    scale : ndarray of float64, shape (K,)
        Factor of the deviations of the process, of values with unit variance.
    """

    frame: Frame
    process: Process
    share: FloatArray
    of_trees: FloatArray
    left_out: FloatArray
    alone: FloatArray
    easier: float
    scale: FloatArray

    @property
    def uncertainty(self) -> IndexUncertainty:
        """The deviations of indices."""
        return self.process.uncertainty(self.scale)


def mixed_part(
    frame: Frame,
    process: Process,
    tree_errors: FloatArray | None,
    weights: FloatArray,
    others: BoolArray,
) -> MixedPart:
    """Choose the share with the least left-out errors.

    Parameters
    ----------
    frame, process
    tree_errors : ndarray of float64, shape (m, K), or None
        Of trees that have not seen the mask and its complement; NaN where they had.
    weights : ndarray of float64, shape (m,)
        How much the error at every mask counts; 0 where it is known beforehand.
    others : ndarray of bool, shape (l, n)
        Masks that were not asked. Masks that repel each other are farther from each other than others are
        from them, and left-out errors larger.
    """
    errors, deviations = process.left_out
    alone = errors = errors * (1 + _LEARNED / len(weights))
    counted = weights[frame.rows]
    share = np.ones(errors.shape[1])
    if tree_errors is not None:
        wrong = np.nan_to_num(frame.take(tree_errors))
        own, other, both = counted @ errors**2, counted @ wrong**2, counted @ (errors * wrong)
        apart = own + other - 2 * both
        share = np.clip((other - both) / np.where(apart > 0, apart, np.inf), 0.0, 1.0)
        share = np.where(apart > 0, share, 1.0)
        errors = share * errors + (1 - share) * wrong
    expected, found = counted @ deviations**2, counted @ errors**2
    ratio = np.sqrt(found / np.where(expected > 0, expected, np.inf))
    scale = process.spread * np.where(expected > 0, ratio, 1.0)
    easier = 1.0
    left_out = counted @ (deviations[:, 0] / process.spread[0]) ** 2
    if len(others) and left_out > 0:
        easier = float(np.sqrt(process.variances(others).mean() * counted.sum() / left_out))
    return MixedPart(frame, process, share, 1 - share, errors, alone, easier, scale)


def nearer_to_the_mean(part: MixedPart, values: FloatArray, weights: FloatArray) -> MixedPart:
    """Give the mean the share with the least left-out errors.

    Parameters
    ----------
    part : MixedPart
    values : ndarray of float64, shape (m, K)
        Around their mean.
    weights : ndarray of float64, shape (m,)
        How much the error at every mask counts.
    """
    counted, own = weights[part.frame.rows], part.frame.take(values)
    predicted = own - part.left_out
    squares = counted @ predicted**2
    kept = np.clip(counted @ (own * predicted) / np.where(squares > 0, squares, np.inf), 0.0, 1.0)
    left_out = own - kept * predicted
    return replace(part, share=kept * part.share, of_trees=kept * part.of_trees, left_out=left_out)
