"""Outputs of a forward function as values of masks: a row for each example, or one for the whole batch."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import torch

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.captum.batch import Batch
    from spex_plugins.types import FloatArray

__all__ = ["axes", "is_for_batch", "values"]


def axes(output: Tensor) -> tuple[int, ...]:
    """Return the axes of an output, the first axes of the attributions: (B, …), or those for the whole batch.

    A number has one row; a single column is no axis.
    """
    shape = tuple(output.shape) or (1,)
    return shape[:1] if shape[1:] == (1,) else shape


def is_for_batch(output: Tensor, batch: Batch, perturbations_per_eval: int) -> bool:
    """Return whether the output is one value or K values for the whole batch, not a row for each example.

    Raises
    ------
    InputError
        If it is, and a call evaluates several masks: then masks and outputs cannot be matched.
    """
    if not output.numel():
        raise InputError(f"forward_func: returned shape {tuple(output.shape)}, which has no value.")
    if batch.aligned and output.shape[:1] == (batch.size,):
        return False
    if perturbations_per_eval > 1:
        raise _other_rows(output, batch.size, 1, "set perturbations_per_eval=1 or ")
    return True


def values(output: Tensor, examples: int, masks: int, *, for_batch: bool) -> FloatArray:
    """Return an output as float64, (masks, E) or (masks, E, K); E is 1 where it is for the whole batch.

    Raises
    ------
    InputError
        If it does not have one row for every mask of every example.
    """
    shape = axes(output)
    if for_batch:
        outputs = () if shape == (1,) else (prod(shape),)
        examples = 1
    else:
        outputs = (prod(shape[1:]),) if shape[1:] else ()
        if output.shape[:1] != (masks * examples,):
            remedy = "set perturbations_per_eval=1 or " if masks > 1 else ""
            raise _other_rows(output, examples, masks, remedy)
    return output.detach().cpu().to(torch.float64).reshape(masks, examples, *outputs).numpy()


def _other_rows(output: Tensor, examples: int, masks: int, remedy: str) -> InputError:
    return InputError(
        f"forward_func: returned shape {tuple(output.shape)} for {masks * examples} inputs ({masks} masks of "
        f"a batch of {examples}); {remedy}return one row for each input."
    )
