"""Whether every example has the same values away from its batch as in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum.forward.outputs import values
from spex_plugins.captum.forward.value_function import gathered

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.features import Features
    from spex_plugins.captum.forward.end_points import EndPoints
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["EXTRA_IN_BATCH", "PER_READING", "BatchCheck"]

EXTRA_IN_BATCH, PER_READING = 1, 2  # evaluations of every example, in its batch and away from it
_CALLS = 32  # a large batch is divided into that many parts, each with other neighbours
_FINE, _COARSE = 1e-3, 3e-2  # of the largest value: rounding depends on the other rows of a call


class BatchCheck:
    """Evaluates every example away from its batch: at its inputs, and with half of its features masked.

    An output may be saturated at the inputs, and depend on nothing there; at the baselines all examples may
    be alike. Up to 32 examples are evaluated alone, more in 32 parts of the batch.

    Parameters
    ----------
    forward : callable
    batch : Batch
    end_points : EndPoints
    features : Features
    masks_per_call : int
        If 2 or more, both masks are evaluated in one call.

    Attributes
    ----------
    evaluations : ndarray of int, shape (B,)
        Evaluations of every example until now.
    """

    def __init__(
        self, forward: Any, batch: Batch, end_points: EndPoints, features: Features, masks_per_call: int
    ) -> None:
        self._forward, self._masks = forward, min(masks_per_call, 2)
        coarse = end_points.dtype.is_floating_point and torch.finfo(end_points.dtype).bits <= 16
        self._tolerance = _COARSE if coarse else _FINE
        masks = _halves(features.varying)
        self._inner = tuple(
            torch.where(gathered(masks, column), x, reference)
            for column, x, reference in zip(features.columns, batch.inputs, batch.baselines, strict=True)
        )
        self._batch, self._full = batch, end_points.full
        self._known: FloatArray | None = None
        self.evaluations: IntArray = np.zeros(batch.size, dtype=np.int64)

    def agrees(self, reading: Batch) -> bool:
        """Return whether all examples have the same values away from the batch as in it.

        Parameters
        ----------
        reading : Batch
            The batch, with its additional arguments divided among examples or not.
        """
        size, calls = reading.size, min(reading.size, _CALLS)
        try:  # a function may fail for the wrong part of an argument, or without the other examples
            if self._known is None:
                self.evaluations += EXTRA_IN_BATCH
                copies = tuple(x.clone() for x in self._inner)  # as a forward may write into them
                inner = values(self._batch.evaluate(self._forward, copies, 1), size, 1, for_batch=False)
                self._known = np.concatenate([inner, self._full[None]])
            return all(self._part_agrees(reading, np.arange(k, size, calls)) for k in range(calls))
        except Exception:
            return False

    def _part_agrees(self, reading: Batch, rows: IntArray) -> bool:
        """Return whether some examples have the same values as in their batch."""
        assert self._known is not None
        self.evaluations[rows] += PER_READING
        part = reading.select(rows)
        chosen = torch.from_numpy(rows)
        asked = [tuple(x[chosen.to(x.device)] for x in one) for one in (self._inner, reading.inputs)]
        found = np.concatenate(
            [self._values(part, asked[at : at + self._masks]) for at in range(0, 2, self._masks)]
        )
        known = self._known[:, rows]
        sizes = np.where(np.isfinite(known), np.abs(known), 0.0)
        each = tuple(axis for axis in range(known.ndim) if axis != 1)
        allowed = np.broadcast_to(self._tolerance * sizes.max(axis=each, keepdims=True), known.shape)
        finite = np.isfinite(known) & np.isfinite(found)
        same = np.array_equal(known[~finite], found[~finite], equal_nan=True)
        return same and bool((np.abs(found[finite] - known[finite]) <= allowed[finite]).all())

    def _values(self, part: Batch, asked: list[tuple[Tensor, ...]]) -> FloatArray:
        perturbed = tuple(torch.cat(parts) for parts in zip(*asked, strict=True))
        output = part.evaluate(self._forward, perturbed, len(asked))
        return values(output, part.size, len(asked), for_batch=False)


def _halves(varying: BoolArray) -> BoolArray:
    """Return masks (E, F) that keep a random half of the features of every example that vary."""
    drawn = np.random.default_rng(0).random(varying.shape)
    ranks = np.where(varying, drawn, 2.0).argsort(axis=1, kind="stable").argsort(axis=1)
    halves: BoolArray = ranks < varying.sum(axis=1, keepdims=True) // 2
    return halves
