"""Whether examples can be evaluated apart from their batch, and with which additional arguments.

Captum evaluates whole batches. A function may depend on all of one: on its mean, on the similarity of every
image to every text, on the neighbours in a graph. Captum also assumes that additional arguments have a row
for each example, which is repeated with its example where a call evaluates several masks; weights of K = B
classes or the edges of a graph have the same shape. Evaluating one example alone distinguishes these cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum.outputs import values

if TYPE_CHECKING:
    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.end_points import EndPoints
    from spex_plugins.types import IntArray

__all__ = ["ResolvedBatch", "any_tensor", "resolve_additional"]

_FINE, _COARSE = 1e-3, 3e-2  # of the largest value: rounding depends on the other rows of a call


@dataclass(frozen=True, eq=False)
class ResolvedBatch:
    """A batch and how it is evaluated.

    Attributes
    ----------
    batch : Batch
    masks_per_call : int
        Masks per call.
    repeated : ndarray of int, shape (E,)
        Number of evaluations of every example that this took.
    together : bool
        Whether values of an example depend on the others, so that only the whole batch is evaluated.
    """

    batch: Batch
    masks_per_call: int
    repeated: IntArray
    together: bool = False


def any_tensor(argument: Any) -> bool:
    """Return whether the additional arguments, or containers in them, have tensors with axes."""
    if isinstance(argument, torch.Tensor):
        return argument.dim() > 0
    if isinstance(argument, dict):
        argument = tuple(argument.values())
    return isinstance(argument, list | tuple) and any(map(any_tensor, argument))


def resolve_additional(
    forward: Any,
    batch: Batch,
    end_points: EndPoints,
    counts: IntArray,
    masks_per_call: int,
    n_samples: int | None,
) -> ResolvedBatch:
    """Determine how examples may be evaluated, where that makes a difference.

    It makes none while the whole batch is evaluated at one mask per call, or at several as Captum does it.

    Parameters
    ----------
    forward : callable
    batch : Batch
    end_points : EndPoints
    counts : ndarray of int, shape (E,)
        Number of features of every example that vary.
    masks_per_call : int
        Masks per call, as the user set them.
    n_samples : int, optional
        Masks per example, including the evaluations of this function.
    """
    unspent = np.zeros_like(counts)
    extra, apart = any_tensor(batch.extra), len(np.unique(counts)) > 1
    unclear = apart or (extra and masks_per_call > 1)
    if end_points.for_batch or not unclear or not counts.any() or n_samples == 2:
        return ResolvedBatch(batch, masks_per_call, unspent)
    examples, masks_per_call = _examples(end_points, counts, masks_per_call, n_samples)
    if not examples:
        return ResolvedBatch(batch, 1, unspent)
    masks = min(masks_per_call, 2)
    readings = [batch, replace(batch, rows_of_extra=False)] if extra else [batch]
    repeated = unspent.copy()
    for reading in readings:
        repeated[examples] += masks
        try:
            agreeing = [_agrees(forward, reading, end_points, example, masks) for example in examples]
        except Exception:  # a function that fails for the wrong part of an argument, or without the others
            agreeing = [False]
        if all(agreeing):
            return ResolvedBatch(reading, masks_per_call, repeated)
    return ResolvedBatch(batch, 1, repeated, together=True)


def _examples(
    end_points: EndPoints, counts: IntArray, masks_per_call: int, n_samples: int | None
) -> tuple[list[int], int]:
    """Return two examples to evaluate again, within their samples, and the masks per call.

    The examples are those whose output changes most, as arguments may not matter to others; there are two, as
    the largest weight may belong to one. There are none where the samples are exactly all masks: then one
    mask per call needs no check.
    """
    moved = np.abs(end_points.full - end_points.empty).reshape(len(counts), -1).sum(axis=1)
    order = np.argsort(-moved, kind="stable").tolist()
    alike = len(np.unique(counts)) == 1
    for masks in dict.fromkeys((masks_per_call, 1)):
        needed = 2 * min(masks, 2)  # for both readings
        every = {example: 2 ** int(counts[example]) for example in order}
        affordable = [
            example
            for example, masks_of in every.items()
            if n_samples is None or n_samples >= masks_of + needed or needed + 2 <= n_samples < masks_of
        ]
        if masks == 1 and alike:
            return [], 1
        if affordable:
            return affordable[:2], masks
    return order[:1], 1


def _agrees(forward: Any, batch: Batch, end_points: EndPoints, example: int, masks: int) -> bool:
    """Return whether an example has the same values alone as in its batch."""
    alone = batch.select(np.array([example]))
    at = slice(masks) if example else slice(masks - 1, None, -1)  # in another row than in its batch
    asked, known = alone.end_points[at], np.stack([end_points.full[example], end_points.empty[example]])[at]
    perturbed = tuple(torch.cat(parts) for parts in zip(*asked, strict=True))
    found = values(alone.evaluate(forward, perturbed, masks), 1, masks, for_batch=False)[:, 0]
    coarse = end_points.dtype.is_floating_point and torch.finfo(end_points.dtype).bits <= 16
    tolerance = _COARSE if coarse else _FINE
    return bool(np.allclose(found, known, rtol=0, atol=tolerance * np.abs(known).max(), equal_nan=True))
