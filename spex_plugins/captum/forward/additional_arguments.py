"""Whether examples can be evaluated apart from their batch, and with which additional arguments.

Captum evaluates whole batches, of which every example is masked at the same features. A function may depend
on all of a batch: on its mean, on the similarity of every image to every text, on the neighbours in a graph.
Captum also assumes that additional arguments have a row for each example, which is repeated with its example
where a call evaluates several masks; weights of K = B classes or the edges of a graph have the same shape.
Evaluating every example away from its batch distinguishes these cases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.adapter_tools import default_budget
from spex_plugins.captum.forward.away_from_batch import EXTRA_IN_BATCH, PER_READING, BatchCheck
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.features import Features
    from spex_plugins.captum.forward.end_points import EndPoints
    from spex_plugins.types import IntArray

__all__ = ["ResolvedBatch", "agreeing_reading", "any_tensor", "resolve_additional"]


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
        Whether all examples are masked at the same features, so that only the whole batch is evaluated.
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
    features: Features,
    masks_per_call: int,
    n_samples: int | None,
) -> ResolvedBatch:
    """Determine how examples may be evaluated, where that makes a difference.

    It makes none while the whole batch is evaluated at the same features and one mask per call, or at several
    as Captum does it.

    Parameters
    ----------
    forward : callable
    batch : Batch
    end_points : EndPoints
    features : Features
        Of every example.
    masks_per_call : int
        Masks per call, as the user set them.
    n_samples : int, optional
        Masks per example, including the evaluations of this function.

    Raises
    ------
    InputError
        If the examples have different features, and too few samples to check whether they may be evaluated
        apart.
    """
    unspent = np.zeros(len(features.varying), dtype=np.int64)
    extra, apart = any_tensor(batch.extra), not features.same_varying
    unclear = apart or (extra and masks_per_call > 1)
    if end_points.for_batch or not unclear or not features.varying.any():
        return ResolvedBatch(batch, masks_per_call, unspent)
    needed = EXTRA_IN_BATCH + PER_READING * len(_readings(batch)) + end_points.repeated
    affordable = _affordable(features, n_samples, needed)
    if not apart and not affordable:
        return ResolvedBatch(batch, 1, unspent)
    if apart and features.same_ids:
        uncut = any(_any_per_example(one, batch.size) for one in batch.extra or ())
        cheap = masks_per_call == 1 and _cheap_together(features, n_samples)
        if uncut or cheap or not affordable:
            return ResolvedBatch(batch, 1, unspent, together=True)
    if n_samples is not None and n_samples < needed + 2:
        raise InputError(
            f"n_samples: {n_samples} masks are too few for examples with different feature ids, {needed} of "
            f"which check whether an example depends on its batch; give {needed + 2} or more."
        )
    check = BatchCheck(forward, batch, end_points, features, masks_per_call)
    reading = agreeing_reading(batch, check)
    if reading is None:
        return ResolvedBatch(batch, 1, check.evaluations, together=True)
    return ResolvedBatch(reading, masks_per_call, check.evaluations)


def agreeing_reading(batch: Batch, check: BatchCheck) -> Batch | None:
    """Return the batch, its additional arguments read so that a check agrees; None if it never does."""
    return next((reading for reading in _readings(batch) if check.agrees(reading)), None)


def _readings(batch: Batch) -> list[Batch]:
    """Return the batch with additional tensors as rows of the examples, and passed whole."""
    return [batch, replace(batch, rows_of_extra=False)] if any_tensor(batch.extra) else [batch]


def _affordable(features: Features, n_samples: int | None, needed: int) -> bool:
    """Return whether samples suffice for a check, and are not exactly all masks of an example without it."""
    if n_samples is None:
        return True
    masks = 2.0 ** features.varying.sum(axis=1)
    return bool(((n_samples >= masks + needed) | ((needed + 2 <= n_samples) & (n_samples < masks))).all())


def _cheap_together(features: Features, n_samples: int | None) -> bool:
    """Return whether all masks of the whole batch are asked for, and are at most twice those of the examples.

    They give the exact values of any function, without a check.
    """
    n = int(features.varying.any(axis=0).sum())
    masks = (2.0 ** features.varying.sum(axis=1)).sum()
    complete = 2.0**n <= (default_budget(n) if n_samples is None else n_samples)
    return complete and len(features.varying) * 2.0**n <= 2 * masks


def _any_per_example(argument: Any, size: int) -> bool:
    """Return whether an argument is a list or array, or contains one, with an entry for each example.

    Unlike tensors these are passed whole: the entries of some examples would go to others.
    """
    if isinstance(argument, dict):
        return any(_any_per_example(one, size) for one in argument.values())
    if isinstance(argument, list | tuple):
        entries = len(argument) == size and not any_tensor(argument)
        return entries or any(_any_per_example(one, size) for one in argument)
    return isinstance(argument, np.ndarray) and argument.shape[:1] == (size,)
