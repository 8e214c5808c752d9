"""Where the outputs of attention heads and neurons enter a layer of a transformer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from spex_plugins.errors import InputError

__all__ = ["Projection", "find_projections", "masked_inputs", "mean_inputs"]

# Names of the linear maps behind the heads, and behind the neurons, in the decoders of transformers.
_PATTERNS = {
    "heads": re.compile(r"(attn|attention)(\.attention)?\.(o_proj|out_proj|c_proj|dense)$"),
    "neurons": re.compile(r"(mlp|feed_forward|layers\.\d+)\.(down_proj|c_proj|fc2|fc_out|dense_4h_to_h)$"),
}
_LAYER = re.compile(r"\.(\d+)\.")


@dataclass(frozen=True, eq=False)
class Projection:
    """A linear map whose inputs are the outputs of all heads, or all neurons, of a layer.

    Attributes
    ----------
    layer : int
    module : torch.nn.Module
    width : int
        Number of its inputs.
    """

    layer: int
    module: Any
    width: int


def find_projections(model: Any, part: str, layers: Sequence[int] | None) -> list[Projection]:
    """Return the projections of a kind of part in some layers, by default in all.

    Raises
    ------
    InputError
        If there are none, or a layer has none or several.
    """
    pattern = _PATTERNS[part]
    found: dict[int, Projection] = {}
    for name, module in model.named_modules():
        number = _LAYER.search(f".{name}.")
        if number is None or not pattern.search(name):
            continue
        layer = int(number[1])
        if layer in found:
            raise InputError(
                f"model: layer {layer} has several places where {part} end; give a plain decoder."
            )
        found[layer] = Projection(layer, module, _width(model, part, module))
    if not found:
        raise InputError(
            f"model: {type(model).__name__} has no {part} in a place that is known; causal models of "
            "transformers such as those of the classes GPT2, GPTNeoX, Llama, Mistral, Qwen2 and Gemma have."
        )
    if isinstance(layers, str) or not isinstance(layers, Iterable | None):
        raise InputError(f"layers: must be numbers of layers, got {layers!r:.80}.")
    wanted = sorted(found) if layers is None else list(layers)
    unknown = [layer for layer in wanted if layer not in found]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        raise InputError(f"layers: must be distinct, from {min(found)} to {max(found)}; got {layers!r:.80}.")
    return [found[layer] for layer in wanted]


@contextmanager
def masked_inputs(
    projections: Sequence[Projection], kept: Sequence[Any], means: Sequence[Any]
) -> Iterator[None]:
    """Replace inputs of projections while the model is called.

    Parameters
    ----------
    projections : sequence of Projection
    kept : sequence of Tensor of bool, shape (rows, width)
        For every projection and every row of the batch, the inputs that are kept.
    means : sequence of Tensor, shape (width,)
        What replaces the others.
    """
    hooks = [
        projection.module.register_forward_pre_hook(_replacing(mask, mean))
        for projection, mask, mean in zip(projections, kept, means, strict=True)
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def mean_inputs(projections: Sequence[Projection], call: Any) -> list[Any]:
    """Return the mean of every input over all tokens.

    Parameters
    ----------
    projections : sequence of Projection
    call : callable
        Calls the model, once or several times, without padding.
    """
    seen: dict[int, list[Any]] = {number: [] for number in range(len(projections))}

    def hook(number: int) -> Any:
        def note(_: Any, inputs: tuple[Any, ...]) -> None:
            seen[number].append(inputs[0].flatten(0, -2))

        return note

    hooks = [one.module.register_forward_pre_hook(hook(number)) for number, one in enumerate(projections)]
    try:
        call()
    finally:
        for one in hooks:
            one.remove()
    return [torch.cat(tokens).mean(dim=0) for tokens in seen.values()]


def _replacing(kept: Any, mean: Any) -> Any:
    def hook(_: Any, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        given = inputs[0]
        if given.dim() != 3 or len(given) != len(kept):
            raise InputError(
                f"model: a layer receives inputs of shape {tuple(given.shape)}, not (rows, tokens, width)."
            )
        chosen = torch.where(kept[:, None].to(given.device), given, mean.to(given.device, given.dtype))
        return (chosen, *inputs[1:])

    return hook


def _width(model: Any, part: str, module: Any) -> int:
    """Return the number of inputs of a linear map, of torch or of GPT-2, whose weight is (in, out)."""
    if hasattr(module, "in_features"):
        return int(module.in_features)
    weight: Any = getattr(module, "weight", None)
    if getattr(weight, "ndim", 0) != 2:
        raise InputError(
            f"model: the {part} of {type(model).__name__} end in a {type(module).__name__}; supported are "
            "causal models of transformers where they end in a torch.nn.Linear or a Conv1D, such as those "
            "of the classes GPT2, GPTNeoX, Llama, Mistral, Qwen2 and Gemma."
        )
    return int(weight.shape[0])
