"""Prompts of different lengths, each followed by the target, as one batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

__all__ = ["PromptBatch", "make_prompt_batch"]

_REPLACED = {"input_ids", "attention_mask"}


@dataclass(frozen=True, eq=False)
class PromptBatch:
    """c prompts, each followed by the target and by padding.

    The padding is on the right, where causal attention hides it from every token and where it shifts no
    position: no position ids are needed, and recurrent models give the same values.

    Attributes
    ----------
    ids : Tensor of int64, shape (c, width)
        Tokens.
    kept : Tensor of int64, shape (c, width)
        The attention mask: 0 for padding.
    lengths : Tensor of int64, shape (c,)
        Number of tokens of each prompt, without target.
    extra : dict
        Other inputs of the model, such as the pixels of an image.
    """

    ids: Tensor
    kept: Tensor
    lengths: Tensor
    extra: dict[str, Any]

    @property
    def most_shared(self) -> int:
        """Largest number of common first tokens: the last token of a prompt predicts the target."""
        return int(self.lengths.min()) - 1


def make_prompt_batch(prompts: Sequence[Mapping[str, Any]], target: Tensor) -> PromptBatch:
    """Join c model inputs of one row each.

    Parameters
    ----------
    prompts : sequence of mapping
        With ``input_ids`` (1, L) and other inputs of the model. Tensors of the shape of ``input_ids`` are
        padded with 0; other tensors are joined along their first axis.
    target : Tensor of int64, shape (T,)

    Raises
    ------
    InputError
        If a prompt has no tokens, or entries cannot be joined.
    """
    tokens = [_tokens(prompt).to(target.device) for prompt in prompts]
    lengths = torch.tensor([len(row) for row in tokens], device=target.device)
    # A token of the target is certainly no placeholder for an image, which the model would count.
    padding = int(target[-1])
    ids = _padded([torch.cat([row, target]) for row in tokens], padding)
    kept = torch.arange(ids.shape[1], device=target.device) < (lengths + len(target))[:, None]
    names = [name for name in prompts[0] if name not in _REPLACED]
    extra = {name: _joined(name, prompts, ids.shape[1], target.device) for name in names}
    return PromptBatch(ids, kept.long(), lengths, extra)


def _tokens(prompt: Mapping[str, Any]) -> Tensor:
    ids = prompt["input_ids"]
    if ids.dim() != 2 or len(ids) != 1:
        raise InputError(f"inp: a prompt must have input_ids of shape (1, L), got {tuple(ids.shape)}.")
    if not ids.numel():
        raise InputError(
            "inp: a mask leaves a prompt without tokens; give the template some fixed text, or baselines."
        )
    return ids[0]


def _joined(name: str, prompts: Sequence[Mapping[str, Any]], width: int, device: torch.device) -> Any:
    values: list[Any] = [prompt.get(name) for prompt in prompts]
    if not all(isinstance(value, torch.Tensor) for value in values):
        if len(prompts) > 1:
            raise _cannot_join(name)
        return values[0]
    tensors: list[Tensor] = [value.to(device) for value in values]
    if all(x.shape == p["input_ids"].shape for x, p in zip(tensors, prompts, strict=True)):
        padded = _padded([x[0] for x in tensors], 0)
        return torch.nn.functional.pad(padded, (0, width - padded.shape[1]))
    try:
        return torch.cat(tensors)
    except RuntimeError:
        raise _cannot_join(name) from None


def _padded(rows: list[Tensor], value: int) -> Tensor:
    return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=value)


def _cannot_join(name: str) -> InputError:
    return InputError(
        f"perturbations_per_eval: the model inputs {name!r} of several prompts cannot be joined along their "
        "first axis; set perturbations_per_eval=1."
    )
