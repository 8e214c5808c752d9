"""The outputs at the inputs and at the baselines, which are evaluated first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum.forward.outputs import axes, is_for_batch, values
from spex_plugins.captum.forward.randomness import generator_states
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.captum.batch import Batch
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["EndPoints", "evaluate_end_points"]

_ROUNDING = 1e-5  # of the largest value; the same call twice differs by no more, even on a GPU


@dataclass(frozen=True, eq=False)
class EndPoints:
    """The outputs at the inputs and at the baselines.

    Attributes
    ----------
    full, empty : ndarray of float64, shape (E,) or (E, K)
        E = B examples, or 1 where the output is for the whole batch; K outputs.
    axes : tuple of int
        First axes of the attributions: (B,), (B, K), or more; for the whole batch (1,), (K,), ….
    dtype : torch.dtype
        Of the output.
    for_batch : bool
        Whether the output is for the whole batch.
    repeated : int
        Number of these evaluations that were repeated.
    """

    full: FloatArray
    empty: FloatArray
    axes: tuple[int, ...]
    dtype: torch.dtype
    for_batch: bool
    repeated: int = 0

    def select(self, rows: IntArray) -> EndPoints:
        """Keep some of the examples."""
        return replace(self, full=self.full[rows], empty=self.empty[rows])


def evaluate_end_points(
    forward: Any, batch: Batch, any_varies: bool, *, together: bool, perturbations_per_eval: int
) -> EndPoints:
    """Evaluate the inputs and the baselines: both in one call, or one after the other.

    Both are evaluated again if the function draws random numbers in the last of these calls.

    Raises
    ------
    InputError
        If the number of outputs does not fit the number of examples, or the outputs are random.
    """
    end_points = list(batch.end_points if any_varies else batch.end_points[:1])
    masks_per_call = len(end_points) if together else 1
    outputs = []
    for start in range(0, len(end_points), masks_per_call):
        states = generator_states()
        perturbed = tuple(
            torch.cat(parts) for parts in zip(*end_points[start : start + masks_per_call], strict=True)
        )
        # Copies, as a forward may write into them.
        outputs.append(batch.evaluate(forward, perturbed, masks_per_call))
    drawn = states != generator_states()
    for_batch = masks_per_call == 1 and is_for_batch(outputs[0], batch, perturbations_per_eval)
    read = [values(output, batch.size, masks_per_call, for_batch=for_batch) for output in outputs]
    full, empty = read[0][0], read[-1][-1]
    if full.shape != empty.shape:
        raise InputError(f"forward_func: returned shape {empty.shape} for a batch, but {full.shape} before.")
    shape = axes(outputs[0])
    shape = shape if for_batch else (batch.size, *shape[1:])
    repeated = len(end_points) if drawn else 0
    found = EndPoints(full, empty, shape, outputs[0].dtype, for_batch, repeated)
    if drawn:
        _check_repeatable(forward, batch, found)
    return found


def _check_repeatable(forward: Any, batch: Batch, end_points: EndPoints) -> None:
    known = (end_points.full, end_points.empty)[: end_points.repeated]
    copies = (tuple(x.clone() for x in one) for one in batch.end_points[: end_points.repeated])
    outputs = (batch.evaluate(forward, one, 1) for one in copies)
    again = [values(output, batch.size, 1, for_batch=end_points.for_batch)[0] for output in outputs]
    differences = np.abs(np.stack(again) - np.stack(known))
    apart = float(np.nanmax(differences, initial=0.0))  # what is not finite is refused later
    if apart > _ROUNDING * float(np.nanmax(np.abs(known), initial=0.0)):
        raise InputError(
            f"forward_func: draws random numbers: two calls at the same inputs returned values {apart:.3g} "
            "apart; call model.eval(), seed other random parts (torch.manual_seed in the function), or "
            "return the mean of several draws."
        )
