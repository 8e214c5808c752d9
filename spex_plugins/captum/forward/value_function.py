"""The value function of a batch: a forward function evaluated at masks."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum.forward.outputs import values
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.captum.batch import Batch
    from spex_plugins.captum.forward.end_points import EndPoints
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MaskedForward", "digestible", "gathered"]


class MaskedForward:
    """Value function of some examples: from masks of their varying features to their outputs.

    The outputs at the inputs and at the baselines are known, and are not evaluated again.

    Parameters
    ----------
    forward : callable
    batch : Batch
        b examples.
    columns : tuple of Tensor, each (1, …) or (b, …)
        For every element of an input, the number of its feature.
    varying : ndarray of int, shape (E, n)
        The features of a mask, for each example; E is 1 where the output is for the whole batch.
    count : int
        Number F of all features.
    end_points : EndPoints
        The outputs of these examples.
    title : str
        Title of the progress bar.
    """

    argument_name = "forward_func"  # in errors

    def __init__(
        self,
        forward: Any,
        batch: Batch,
        columns: tuple[Tensor, ...],
        varying: IntArray,
        count: int,
        end_points: EndPoints,
        title: str,
    ) -> None:
        self._forward, self._batch, self._end_points = forward, batch, end_points
        self.progress_title = title
        examples, n = varying.shape
        # An input that equals its baseline may follow any feature.
        positions = np.zeros((examples, count), dtype=np.intp)
        np.put_along_axis(positions, varying, np.arange(n)[None], axis=1)
        if (positions == positions[0]).all():
            positions = positions[:1]
        self._positions = tuple(gathered(positions, column) for column in columns)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the outputs (m, examples · outputs) at masks (m, n), from one forward call."""
        kept = masks.sum(axis=1)
        answers = np.empty((len(masks), *self._end_points.full.shape))
        answers[kept == 0] = self._end_points.empty
        answers[kept == masks.shape[1]] = self._end_points.full
        inner = (kept > 0) & (kept < masks.shape[1])
        if inner.any():
            answers[inner] = self._evaluate(masks[inner])
        return answers.reshape(len(masks), -1)

    def split(self, answers: FloatArray) -> list[FloatArray]:
        """Return the values of each example, (m,) or (m, K)."""
        each = answers.reshape(len(answers), *self._end_points.full.shape)
        return [each[:, e] for e in range(each.shape[1])]

    def digest_parts(self) -> list[Any]:
        """Return everything that the outputs depend on, except the forward function, for a digest."""
        batch = self._batch
        return digestible((batch.inputs, batch.baselines, batch.target, batch.extra, self._positions))

    def _evaluate(self, masks: BoolArray) -> FloatArray:
        repeats = len(masks)
        kept = torch.from_numpy(masks)
        batch = self._batch
        perturbed = tuple(
            torch.where(kept.to(x.device)[:, positions], x, reference).reshape(-1, *x.shape[1:])
            if x.numel()
            else x.repeat(repeats, *[1] * (x.dim() - 1))
            for x, reference, positions in zip(batch.inputs, batch.baselines, self._positions, strict=True)
        )
        output = batch.evaluate(self._forward, perturbed, repeats)
        found = values(output, batch.size, repeats, for_batch=self._end_points.for_batch)
        if found.shape[1:] != self._end_points.full.shape:
            raise InputError(
                f"forward_func: returned shape {found.shape[1:]} for a batch, but "
                f"{self._end_points.full.shape} before."
            )
        return found


def digestible(value: Any) -> list[Any]:
    """Return nested arguments of a forward function as texts and arrays, for a digest.

    Raises
    ------
    InputError
        If an argument is neither a tensor nor a number, a text or a list of those.
    """
    if isinstance(value, torch.Tensor):
        content = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
        return [f"{value.dtype} {tuple(value.shape)}", content]
    if isinstance(value, list | tuple):
        return [f"{len(value)}", *(one for part in value for one in digestible(part))]
    if value is None or isinstance(value, bool | int | float | str):
        return [repr(value)]
    raise InputError(
        f"additional_forward_args: a {type(value).__name__} has no fingerprint for a store; give "
        "tensors, numbers and texts, or bind it into the forward function."
    )


def gathered(entries: IntArray | BoolArray, column: Tensor) -> Tensor:
    """Return for every element of an input the entry of its feature: (1, …) or (b, …).

    Parameters
    ----------
    entries : ndarray, shape (1, F) or (b, F)
        Of every feature.
    column : Tensor of int64, shape (1, …) or (b, …)
        For every element of an input, the number of its feature.
    """
    examples = max(len(entries), len(column))
    table = torch.from_numpy(entries).to(column.device).expand(examples, -1)
    at = column.reshape(len(column), prod(column.shape[1:])).expand(examples, -1)
    return table.gather(1, at).reshape(examples, *column.shape[1:])
