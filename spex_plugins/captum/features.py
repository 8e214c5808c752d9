"""Features: the elements of the inputs with the same id in the feature mask, for each example."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum.batch import Batch, tensors
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import BoolArray, IntArray

__all__ = ["Features", "feature_ids", "make_features"]


@dataclass(frozen=True, eq=False)
class Features:
    """The features of B examples, or those of a batch as one.

    Attributes
    ----------
    ids : ndarray of int, shape (F,)
        The ids of the feature mask, ascending, over all tensors and examples.
    columns : tuple of Tensor, each (1, …) or (B, …)
        For every element of an input, the position of its id in `ids`.
    present : ndarray of bool, shape (E, F)
        Whether the example has the feature; E = B, or 1 for `of_batch`.
    varying : ndarray of bool, shape (E, F)
        Whether an input of the feature differs from its baseline. The other features have no effect.
    """

    ids: IntArray
    columns: tuple[Tensor, ...]
    present: BoolArray
    varying: BoolArray

    @property
    def same_ids(self) -> bool:
        """Whether all examples have the same features."""
        return bool((self.present == self.present[0]).all())

    @property
    def same_varying(self) -> bool:
        """Whether the same features vary in all examples."""
        return bool((self.varying == self.varying[0]).all())

    def of_batch(self) -> Features:
        """Return the features of the whole batch as one example.

        Raises
        ------
        InputError
            If the feature masks of the examples differ.
        """
        if any(len(column) > 1 for column in self.columns):
            raise InputError(
                "feature_mask: give all examples one mask, with a first axis of 1, as the output or an input "
                "is for the whole batch."
            )
        varying = np.logical_or.reduce(self.varying, axis=0, keepdims=True)
        return replace(self, present=self.present[:1], varying=varying)

    def together(self) -> Features:
        """Return the same features for every example: those that vary in any of them.

        Raises
        ------
        InputError
            If the examples have different features.
        """
        if not self.same_ids:
            raise InputError(
                "feature_mask: an example has another value away from its batch than in it, so that all "
                "examples are masked together; give them the same feature ids, or one example at a time."
            )
        varying = np.logical_or.reduce(self.varying, axis=0, keepdims=True)
        return replace(self, varying=np.repeat(varying, len(self.varying), axis=0))

    def varying_positions(self, example: int) -> IntArray:
        """Return the positions, among the features of an example, of those that vary."""
        return np.flatnonzero(self.varying[example, self.present[example]])

    def columns_of(self, rows: IntArray) -> tuple[Tensor, ...]:
        """Return the columns of some examples, each (1, …) or (b, …)."""
        chosen = torch.from_numpy(rows)
        return tuple(c if len(c) == 1 else c[chosen.to(c.device)] for c in self.columns)

    def ids_of(self, example: int) -> tuple[int, ...]:
        """Return the ids of the features that an example has."""
        return tuple(self.ids[self.present[example]].tolist())

    def names(self, example: int) -> tuple[str, ...]:
        """Return the names of the features that an example has."""
        return tuple(f"feature {number}" for number in self.ids_of(example))


def make_features(batch: Batch, feature_mask: Any) -> Features:
    """Return the features of a feature mask; without one, every element of every input is a feature.

    Raises
    ------
    InputError
        If the masks do not fit the inputs or are not integers.
    """
    masks = _numbered(batch) if feature_mask is None else tensors("feature_mask", feature_mask)
    if len(masks) != len(batch.inputs):
        expected = f"{len(batch.inputs)} tensors, one for each input"
        raise InputError(f"feature_mask: expected {expected}, got {len(masks)}.")
    masks = tuple(_fitted(mask, x) for mask, x in zip(masks, batch.inputs, strict=True))
    ids = torch.cat([mask.unique().cpu() for mask in masks]).unique()
    columns = tuple(torch.searchsorted(ids.to(mask.device), mask.contiguous()) for mask in masks)
    present, varying = np.zeros((2, batch.size, len(ids)), dtype=bool)
    for column, x, reference in zip(columns, batch.inputs, batch.baselines, strict=True):
        elements = column.reshape(len(column), prod(x.shape[1:]))
        rows = elements.expand(len(x), -1)
        own = _any(rows, (x != reference).reshape(rows.shape), len(ids))
        # An input with another number of rows than the batch belongs to all examples.
        varying |= own if len(x) == batch.size else own.any(axis=0)
        present |= _any(elements, torch.ones_like(elements), len(ids))
    return Features(ids.numpy(), columns, present, varying)


def feature_ids(interactions: Interactions) -> tuple[int, ...]:
    """Return the ids of the feature mask, in the order in which the interactions number the features.

    Parameters
    ----------
    interactions : Interactions
        From `Spex.attribute`, whatever its features are named now.

    Returns
    -------
    tuple of int
        Of the n features, ascending.

    Raises
    ------
    InputError
        If the interactions are not those of a feature mask.

    Examples
    --------
    >>> ids = feature_ids(interactions)
    >>> [tuple(ids[i] for i in term) for term in interactions.top(3).terms]
    [(12, 40), (7, 12), (3, 7, 40)]
    """
    ids = getattr(interactions, "feature_ids", None)
    if ids is None:
        raise InputError(
            "interactions: their features have no ids of a feature mask; give those of Spex.attribute."
        )
    return tuple(ids)


def _numbered(batch: Batch) -> tuple[Tensor, ...]:
    """Return consecutive numbers for all elements of the inputs."""
    counts = [prod(x.shape[1:]) for x in batch.inputs]
    starts = np.cumsum([0, *counts]).tolist()
    return tuple(
        torch.arange(start, start + count, device=x.device).reshape(1, *x.shape[1:])
        for start, count, x in zip(starts, counts, batch.inputs, strict=False)
    )


def _fitted(mask: Tensor, x: Tensor) -> Tensor:
    """Return a mask as int64 of shape (1, …) or (B, …), on the device of its input."""
    ids = mask.to(x.device, torch.int64)
    if mask.is_floating_point() and not torch.equal(ids.to(mask), mask):
        raise InputError("feature_mask: ids must be integers; use mask.round().long().")
    examples = mask.shape[0] if mask.dim() == x.dim() else 1
    try:
        if examples not in (1, x.shape[0]):
            raise RuntimeError
        return ids.broadcast_to((examples, *x.shape[1:]))
    except RuntimeError:
        raise InputError(
            f"feature_mask: shape {tuple(mask.shape)} does not fit an input of shape {tuple(x.shape)}; "
            "the first axis may be 1."
        ) from None


def _any(columns: Tensor, flags: Tensor, count: int) -> BoolArray:
    """Return which columns have a flag, for each example: (B, E) to (B, count)."""
    seen = torch.zeros(len(columns), count, dtype=torch.int64, device=columns.device)
    return (seen.scatter_add_(1, columns, flags.long()) > 0).cpu().numpy()
