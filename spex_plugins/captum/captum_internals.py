"""The private functions of Captum that are used here, in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from captum._utils.common import _expand_target, _run_forward, _select_targets
from captum.attr._core.llm_attr import _convert_ids_to_pretty_tokens

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["pretty_tokens", "repeated_target", "run"]

_SCORES = ("logits", "scores", "prediction_logits")  # where models of transformers return them


def repeated_target(target: Any, repeats: int) -> Any:
    """Repeat the target of a batch, perturbation after perturbation."""
    return _expand_target(target, repeats)


def run(forward: Any, inputs: tuple[Tensor, ...], target: Any, extra: tuple[Any, ...] | None) -> Tensor:
    """Call a forward function and select the target; a number becomes a tensor of shape ().

    Raises
    ------
    InputError
        If the output is not a real tensor or number, or the target does not fit it.
    """
    output = _run_forward(forward, inputs, None, extra)
    if isinstance(output, bool | int | float):
        output = torch.tensor(output, dtype=torch.float64 if isinstance(output, float) else None)
    if not isinstance(output, torch.Tensor) or output.is_complex():
        kind = output.dtype if isinstance(output, torch.Tensor) else type(output).__name__
        scores = next((f".{name}" for name in _SCORES if hasattr(output, name)), "")
        example = f", such as lambda *inputs: model(*inputs){scores}" if scores else ""
        raise InputError(
            f"forward_func: must return a real tensor or number, got {kind}; wrap the model in a function "
            f"that returns its scores{example}."
        )
    if target is None:
        return output
    try:
        return _select_targets(output, target)
    except (AssertionError, IndexError, RuntimeError, TypeError) as error:
        raise InputError(
            f"target: {target!r:.80} does not fit an output of shape {tuple(output.shape)}: {error}"
        ) from error


def pretty_tokens(tokens: Tensor, tokenizer: Any) -> list[str]:
    """Return tokens (T,) as texts, as in the results of Captum."""
    return _convert_ids_to_pretty_tokens(tokens, tokenizer)
