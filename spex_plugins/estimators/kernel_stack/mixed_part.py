"""A Gaussian process and trees, mixed by what they say of left-out samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, combinations
from typing import Protocol

import numpy as np

from spex_plugins.core.fitted.frames import Frame
from spex_plugins.core.fitted.stacked import IndexUncertainty
from spex_plugins.core.kernels.cholesky import Factor
from spex_plugins.core.kernels.mask_kernel import MaskKernel
from spex_plugins.core.sized_process.kernel import SizedKernel
from spex_plugins.estimators.kernel_stack.member import Member, out_of_fold
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["MixedPart", "Process", "best_shares", "mixed_part", "nearer_to_the_mean"]

_LEARNED = 25.0  # masks that the parameters of a kernel are worth: their errors are larger by 1 + 25/m


class Process(Protocol):
    """A Gaussian process in a frame: see `PartProcess` and `WholeProcess`."""

    @property
    def sign(self) -> int: ...

    @property
    def left_out(self) -> tuple[FloatArray, FloatArray]: ...

    @property
    def weights(self) -> FloatArray: ...

    @property
    def spread(self) -> FloatArray: ...

    @property
    def factor(self) -> Factor: ...

    @property
    def smooth(self) -> MaskKernel: ...

    def variances(self, masks: BoolArray) -> FloatArray: ...

    def uncertainty(self, scale: FloatArray) -> IndexUncertainty: ...

    def left_out_with(self, weights: FloatArray) -> FloatArray: ...

    def residuals(self, weights: FloatArray) -> FloatArray: ...

    def expansion(self, weights: FloatArray) -> tuple[SizedKernel, BoolArray, FloatArray]: ...


@dataclass(frozen=True, eq=False)
class MixedPart:
    """Shares of a process, of other members of the stack, and of the mean.

    Attributes
    ----------
    frame : Frame
    process : Process
    share : ndarray of float64, shape (K,)
        Of the process.
    of_others : ndarray of float64, shape (R, K)
        Of the other members; the rest is the mean's.
    weights : ndarray of float64, shape (p, K)
        Of the process: of its own share and of what members beneath it leave.
    left_out : ndarray of float64, shape (p, K)
        Errors at samples predicted without them.
    each : ndarray of float64, shape (1 + R, p, K)
        Those of the process and of each other member.
    easier : float
        How much smaller errors at other masks are, as the process expects.
    scale : ndarray of float64, shape (K,)
        Factor of the deviations of the process, of values with unit variance.
    """

    frame: Frame
    process: Process
    share: FloatArray
    of_others: FloatArray
    weights: FloatArray
    left_out: FloatArray
    each: FloatArray
    easier: float
    scale: FloatArray

    @property
    def uncertainty(self) -> IndexUncertainty:
        """The deviations of indices."""
        return self.process.uncertainty(self.scale)


def mixed_part(
    frame: Frame,
    process: Process,
    members: Sequence[Member],
    values: FloatArray,
    mean: FloatArray,
    weights: FloatArray,
    others: BoolArray,
) -> MixedPart:
    """Choose the shares with the least left-out errors.

    Parameters
    ----------
    frame, process, members
    values : ndarray of float64, shape (m, K)
    mean : ndarray of float64, shape (K,)
        Around which the process is.
    weights : ndarray of float64, shape (m,)
        How much the error at every mask counts; 0 where it is known beforehand.
    others : ndarray of bool, shape (l, n)
        Masks that were not asked. Masks that repel each other are farther from each other than others are
        from them, and left-out errors larger.
    """
    errors, deviations = process.left_out
    larger = 1 + _LEARNED / len(weights)
    alone = larger * errors
    counted = weights[frame.rows]
    theirs = [
        larger * (errors - _explained_left_out(frame, process, member, mean))
        if member.beneath
        else frame.take(np.nan_to_num(out_of_fold(values - member.of_folds, member.folds)))
        for member in members
    ]
    together = np.stack([alone, *theirs])
    shares = best_shares(together, counted)
    share, of_others = shares[0], shares[1:]
    errors = (shares[:, None] * together).sum(axis=0)
    of_process = share * process.weights
    for other, member in zip(of_others, members, strict=True):
        if member.beneath:
            explained = process.factor.solve(frame.take(member.fitted - mean))
            of_process = of_process + other * (process.weights - explained)
    # That a curve serves the samples does not make the process surer far from them, where an index may read.
    sure = np.stack([alone, *(alone if m.beneath else own for m, own in zip(members, theirs, strict=True))])
    found = counted @ (shares[:, None] * sure).sum(axis=0) ** 2
    expected = counted @ deviations**2
    ratio = np.sqrt(found / np.where(expected > 0, expected, np.inf))
    scale = process.spread * np.where(expected > 0, ratio, 1.0)
    easier = 1.0
    left_out = counted @ (deviations[:, 0] / process.spread[0]) ** 2
    if len(others) and left_out > 0:
        easier = float(np.sqrt(process.variances(others).mean() * counted.sum() / left_out))
    return MixedPart(frame, process, share, of_others, of_process, errors, together, easier, scale)


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
    return replace(
        part,
        share=kept * part.share,
        of_others=kept * part.of_others,
        weights=kept * part.weights,
        left_out=left_out,
    )


def _explained_left_out(frame: Frame, process: Process, member: Member, mean: FloatArray) -> FloatArray:
    """Return the left-out errors of the process on what a member has learned without the fold, (p, K)."""
    of_parts = [
        process.left_out_with(process.factor.solve(frame.take(function - mean)))
        for function in member.of_folds
    ]
    return np.nan_to_num(out_of_fold(np.stack(of_parts), member.folds[frame.rows]))


def best_shares(errors: FloatArray, counted: FloatArray) -> FloatArray:
    """Return the shares (M, K), which sum to 1, with the least squared error of M members (M, p, K).

    With members S alone they are proportional to the row sums of the inverse of their matrix of products of
    errors (Bates & Granger 1969); the best of all S without a negative share.
    """
    members, outputs = len(errors), errors.shape[2]
    products = np.einsum("ipk,jpk->kij", errors * counted[:, None], errors)
    alone = np.diagonal(products, axis1=1, axis2=2)  # (K, M)
    best = alone.min(axis=1)
    shares = np.zeros((members, outputs))
    shares[alone.argmin(axis=1), np.arange(outputs)] = 1.0  # the first of equal ones, and of exact ones
    subsets = chain.from_iterable(combinations(range(members), size) for size in range(2, members + 1))
    for subset in map(list, subsets):
        own = products[:, subset][:, :, subset]
        for k in np.flatnonzero(best > 0):
            found = np.linalg.pinv(own[k], hermitian=True).sum(axis=1)
            total = found.sum()
            if not total > 0 or (found < 0).any():
                continue
            found = found / total
            error = found @ own[k] @ found
            if error < best[k]:
                best[k], shares[:, k] = error, 0.0
                shares[subset, k] = found
    return shares
