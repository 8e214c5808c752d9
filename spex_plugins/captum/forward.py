"""The forward function of a batch, asked at masks: chunks of perturbed inputs in, values out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum import private
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.captum.batch import Batch
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Ends", "MaskedForward", "ask_ends", "digestible"]


@dataclass(frozen=True, eq=False)
class Ends:
    """The outputs at the inputs and at the baselines, and what they tell about the forward function.

    Attributes
    ----------
    full, empty : ndarray of float64, shape (E,) or (E, K)
        E = B examples, or 1 where the function returns one value for the whole batch; K outputs.
    outputs : tuple of int
        Shape of the output of one example: () for one number, (K,), or more axes that are K in all.
    dtype : torch.dtype
        Of the output.
    """

    full: FloatArray
    empty: FloatArray
    outputs: tuple[int, ...]
    dtype: torch.dtype

    def select(self, rows: IntArray) -> Ends:
        """Keep some of the examples."""
        return replace(self, full=self.full[rows], empty=self.empty[rows])


def ask_ends(forward: Any, batch: Batch, perturbations_per_eval: int, any_varies: bool) -> Ends:
    """Evaluate the inputs and the baselines: both at once if that is allowed, else one after the other.

    Raises
    ------
    InputError
        If the number of outputs does not fit the number of examples.
    """
    ends = [batch.inputs, batch.baselines] if any_varies else [batch.inputs]
    at_once = len(ends) if perturbations_per_eval > 1 else 1
    values: list[FloatArray] = []
    for start in range(0, len(ends), at_once):
        parts = zip(*ends[start : start + at_once], strict=True)
        perturbed = tuple(torch.cat(part) for part in parts)  # copies: a forward may write into them
        output = private.run(forward, perturbed, *private.expand(batch.target, batch.extra, at_once))
        values.extend(_values(output, batch.size, at_once, perturbations_per_eval))
    _check_same(values[-1].shape, values[0].shape)
    return Ends(values[0], values[-1], _outputs(output), output.dtype)


class MaskedForward:
    """The value function of some examples: masks over their varying features to their outputs.

    The ends are known and answered from memory.

    Parameters
    ----------
    forward : callable
    batch : Batch
        b examples.
    columns : tuple of Tensor, each (1, …) or (b, …)
        For every element of an input, the number of its feature.
    playing : ndarray of int, shape (E, n)
        The features that a mask is about, for each example; E is 1 where the output is for the whole batch.
    count : int
        Number F of all features.
    ends : Ends
        Of these examples.
    """

    def __init__(
        self,
        forward: Any,
        batch: Batch,
        columns: tuple[Tensor, ...],
        playing: IntArray,
        count: int,
        ends: Ends,
    ) -> None:
        self._forward, self._batch, self._ends = forward, batch, ends
        examples, n = playing.shape
        slots = np.zeros((examples, count), dtype=np.intp)  # an input equal to its baseline may follow any
        np.put_along_axis(slots, playing, np.arange(n)[None], axis=1)
        if (slots == slots[0]).all():
            slots = slots[:1]
        self._slots = tuple(_taken(slots, column) for column in columns)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate masks (m, n) in one call of the forward function; returns (m, examples · outputs)."""
        kept = masks.sum(axis=1)
        values = np.empty((len(masks), *self._ends.full.shape))
        values[kept == 0] = self._ends.empty
        values[kept == masks.shape[1]] = self._ends.full
        inner = (kept > 0) & (kept < masks.shape[1])
        if inner.any():
            values[inner] = self._evaluate(masks[inner])
        return values.reshape(len(masks), -1)

    def split(self, answers: FloatArray) -> list[FloatArray]:
        """Return the values of each example, (m,) or (m, K)."""
        each = answers.reshape(len(answers), *self._ends.full.shape)
        return [each[:, e] for e in range(each.shape[1])]

    def asked(self) -> list[Any]:
        """Return all that the answers depend on but the forward function, for a digest."""
        batch = self._batch
        return digestible((batch.inputs, batch.baselines, batch.target, batch.extra, self._slots))

    def _evaluate(self, masks: BoolArray) -> FloatArray:
        repeats = len(masks)
        kept = torch.from_numpy(masks)
        batch = self._batch
        perturbed = tuple(
            torch.where(kept.to(x.device)[:, slots], x, reference).reshape(-1, *x.shape[1:])
            if x.numel()
            else x.repeat(repeats, *[1] * (x.dim() - 1))
            for x, reference, slots in zip(batch.inputs, batch.baselines, self._slots, strict=True)
        )
        output = private.run(self._forward, perturbed, *private.expand(batch.target, batch.extra, repeats))
        values = _values(output, batch.size, repeats, repeats)
        _check_same(values.shape[1:], self._ends.full.shape)
        return values


def digestible(value: Any) -> list[Any]:
    """Return texts and arrays that say the same as nested arguments of a forward function.

    Raises
    ------
    InputError
        If an argument is neither a tensor nor plain data.
    """
    if isinstance(value, torch.Tensor):
        content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        return [f"{value.dtype} {tuple(value.shape)}", content]
    if isinstance(value, list | tuple):
        return [f"{len(value)}", *(one for part in value for one in digestible(part))]
    if value is None or isinstance(value, bool | int | float | str):
        return [repr(value)]
    raise InputError(
        f"additional_forward_args: answers to a {type(value).__name__} cannot be kept in a store; give "
        "tensors, numbers and texts, or bind it into the forward function."
    )


def _taken(slots: IntArray, column: Tensor) -> Tensor:
    """Return for every element of an input the slot of its feature in a mask: (1, …) or (b, …)."""
    examples = max(len(slots), len(column))
    table = torch.from_numpy(slots).to(column.device).expand(examples, -1)
    at = column.reshape(len(column), column[0].numel()).expand(examples, -1)
    return table.gather(1, at).reshape(examples, *column.shape[1:])


def _check_same(shape: tuple[int, ...], before: tuple[int, ...]) -> None:
    if shape != before:
        raise InputError(f"forward_func: returned shape {shape} for a batch, but {before} before.")


def _values(output: Tensor, examples: int, masks: int, perturbations_per_eval: int) -> FloatArray:
    """Return an output as float64, (masks, E) or (masks, E, K); E is 1 where it is for the whole batch."""
    shape = tuple(output.shape)
    rows = shape[0] if shape else 1
    if rows != masks * examples and (rows != 1 or perturbations_per_eval > 1):
        remedy = "set perturbations_per_eval=1 or " if perturbations_per_eval > 1 else ""
        raise InputError(
            f"forward_func: returned shape {shape} for {masks * examples} inputs ({masks} masks of a batch "
            f"of {examples}); {remedy}return one row for each input."
        )
    outputs = _outputs(output)
    values = output.detach().cpu().to(torch.float64).numpy()
    return values.reshape(masks, rows // masks, *([prod(outputs)] if outputs else []))


def _outputs(output: Tensor) -> tuple[int, ...]:
    """Return the shape of the output of one example; one column is one number."""
    return tuple(output.shape[1:]) if output.shape[1:] != (1,) else ()
