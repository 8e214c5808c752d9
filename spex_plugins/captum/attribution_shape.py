"""Attributions in the shape of the inputs, from the values of features."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from torch import Tensor

    from spex_plugins.captum.features import Features
    from spex_plugins.types import FloatArray

__all__ = ["expand_to_inputs"]


def expand_to_inputs(
    values: FloatArray, features: Features, inputs: tuple[Tensor, ...], dtype: torch.dtype
) -> tuple[Tensor, ...]:
    """Assign to every element of the inputs the value of its feature.

    Parameters
    ----------
    values : ndarray of float, shape (E, …, F)
        E examples, their outputs, F features; E = 1 where the outputs are those of the whole batch.
    features : Features
    inputs : tuple of Tensor, each (B, …)
    dtype : torch.dtype
        Type of the attributions.

    Returns
    -------
    tuple of Tensor, each (E, …outputs, …input)
    """
    examples, *outputs, count = values.shape
    flat = torch.from_numpy(values).to(dtype).reshape(examples, prod(outputs), count)
    return tuple(
        _gathered(flat.to(x.device), column).reshape(examples, *outputs, *x.shape[1:])
        for x, column in zip(inputs, features.columns, strict=True)
    )


def _gathered(values: Tensor, column: Tensor) -> Tensor:
    """Return the values (E, K, elements) of all elements, from those of the features (E, K, F)."""
    examples, outputs, _ = values.shape
    at = column.reshape(len(column), 1, prod(column.shape[1:])).expand(examples, outputs, -1)
    return values.gather(2, at)
