"""The arguments of `attribute` in one format: B examples, baselines, target, additional arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum import captum_internals
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from spex_plugins.types import IntArray

__all__ = ["Batch", "make_batch", "tensors"]


@dataclass(frozen=True, eq=False)
class Batch:
    """B examples with their baselines, target and additional arguments.

    Attributes
    ----------
    inputs, baselines : tuple of Tensor
        Of equal shapes, dtypes and devices. The first input has B rows; an input with another number of rows
        belongs to the whole batch.
    target : Any
        As in Captum.
    extra : tuple or None
        The additional forward arguments.
    rows_of_extra : bool
        Whether additional tensors of B rows have one row for each example; else they are passed unchanged.
    """

    inputs: tuple[Tensor, ...]
    baselines: tuple[Tensor, ...]
    target: Any
    extra: tuple[Any, ...] | None
    rows_of_extra: bool = True

    @property
    def size(self) -> int:
        """Number B of examples."""
        return int(self.inputs[0].shape[0])

    @property
    def aligned(self) -> bool:
        """Whether all inputs have a row for each example."""
        return all(x.shape[0] == self.size for x in self.inputs)

    @property
    def end_points(self) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """The inputs, and the baselines."""
        return self.inputs, self.baselines

    def select(self, rows: IntArray) -> Batch:
        """Return some of the examples, with their target and arguments."""
        if len(rows) == self.size:
            return self
        chosen = torch.from_numpy(rows)
        target = self.target
        if isinstance(target, list):
            target = [target[i] for i in rows]
        elif isinstance(target, torch.Tensor) and target.numel() > 1:
            target = target[chosen.to(target.device)]
        return replace(
            self,
            inputs=tuple(x[chosen.to(x.device)] for x in self.inputs),
            baselines=tuple(x[chosen.to(x.device)] for x in self.baselines),
            target=target,
            extra=self._extra(lambda argument: argument[chosen.to(argument.device)]),
        )

    def evaluate(self, forward: Any, perturbed: tuple[Tensor, ...], repeats: int) -> Tensor:
        """Evaluate a forward function at perturbed inputs: the batch, repeated ``repeats`` times."""
        target = captum_internals.repeated_target(self.target, repeats) if repeats > 1 else self.target
        # Copies, as a forward may write into them.
        extra = self._extra(lambda one: one.repeat(repeats, *[1] * (one.dim() - 1)), torch.clone)
        return captum_internals.run(forward, perturbed, target, extra)

    def _extra(
        self, rows: Callable[[Tensor], Tensor], others: Callable[[Tensor], Tensor] = lambda one: one
    ) -> tuple[Any, ...] | None:
        """Change the additional tensors that have a row for each example, and the others."""

        def change(one: Tensor) -> Tensor:
            per_example = self.rows_of_extra and one.shape[:1] == (self.size,)
            return rows(one) if per_example else others(one)

        return None if self.extra is None else _changed(self.extra, change)


def make_batch(inputs: Any, baselines: Any, target: Any, extra: Any) -> Batch:
    """Return a batch from the arguments of `Spex.attribute`.

    Raises
    ------
    InputError
        If inputs and baselines do not fit together.
    """
    given = tensors("inputs", inputs)
    if not all(x.dim() for x in given) or not given[0].shape[0]:
        shapes = [tuple(x.shape) for x in given]
        raise InputError(f"inputs: need a first axis of one or more examples, got shapes {shapes}.")
    if any(x.layout is not torch.strided for x in given):
        raise InputError("inputs: sparse tensors are not supported; use inputs.to_dense().")
    if baselines is None:
        baselines = (0,) * len(given)
    references = baselines if isinstance(baselines, tuple) else (baselines,)
    if len(references) != len(given):
        raise InputError(f"baselines: expected {len(given)}, one for each input, got {len(references)}.")
    filled = tuple(_baseline(value, x) for value, x in zip(references, given, strict=True))
    return Batch(
        given, filled, _target(target), extra if extra is None or isinstance(extra, tuple) else (extra,)
    )


def tensors(name: str, value: Any) -> tuple[Tensor, ...]:
    """Return a tensor or a tuple of tensors as a tuple."""
    given = value if isinstance(value, tuple) else (value,)
    for one in given:
        if not isinstance(one, torch.Tensor):
            kind = type(one).__name__
            raise InputError(f"{name}: must be a tensor or a tuple of tensors, got {kind}.")
    if not given:
        raise InputError(f"{name}: the tuple is empty; give at least one tensor.")
    return given


def _changed(argument: Any, change: Callable[[Tensor], Tensor]) -> Any:
    """Change all tensors of an argument, also in plain containers."""
    if isinstance(argument, torch.Tensor):
        return change(argument)
    if type(argument) is dict:
        return {key: _changed(one, change) for key, one in argument.items()}
    if type(argument) in (list, tuple):
        return type(argument)(_changed(one, change) for one in argument)
    return argument


def _target(value: Any) -> Any:
    """Return a target in the types of Captum: booleans and NumPy integers become int."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    if isinstance(value, torch.Tensor):
        return value.long() if value.dtype == torch.bool else value
    if isinstance(value, list | tuple):
        return type(value)(_target(one) for one in value)
    return int(value) if isinstance(value, Integral) else value


def _baseline(value: Any, x: Tensor) -> Tensor:
    """Return a baseline with the shape, dtype and device of its input."""
    if isinstance(value, torch.Tensor):
        given = value
    elif isinstance(value, Real):
        given = torch.tensor(value, dtype=torch.float64 if isinstance(value, float) else None)
    else:
        raise InputError(f"baselines: must be numbers or tensors, got {type(value).__name__}.")
    cast = given.to(x.dtype)
    exact = not x.is_floating_point() and not x.is_complex()
    if exact and not torch.equal(cast.to(given.dtype), given):
        raise InputError(
            f"baselines: {value!r:.80} cannot be held by an input of {x.dtype}; give one of that type."
        )
    try:
        return cast.to(x.device).broadcast_to(x.shape)
    except RuntimeError:
        raise InputError(
            f"baselines: shape {tuple(given.shape)} does not fit an input of shape {tuple(x.shape)}; "
            "the first axis may be 1."
        ) from None
