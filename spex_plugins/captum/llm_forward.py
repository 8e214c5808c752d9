"""A causal language model asked at many prompts in one call: log-probabilities of the target tokens."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import torch

from spex_plugins.captum.llm_prompts import make_prompt_batch
from spex_plugins.language_models.prefix import Prefix, common_prefix, make_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from torch import Tensor

    from spex_plugins.captum.llm_prompts import PromptBatch

__all__ = ["MaskedPrompts", "target_log_probs"]


class MaskedPrompts:
    """The forward function of one explanation: perturbed tensors in, log-probabilities out.

    Parameters
    ----------
    model : torch.nn.Module
        A causal language model with the calling convention of transformers.
    prompt_of : callable
        From one perturbed tensor (1, n) to the model input: ``input_ids`` (1, L) and what else belongs to it.
    target : Tensor of int64, shape (T,)
        On the device of the model.
    """

    def __init__(self, model: Any, prompt_of: Callable[[Tensor], Mapping[str, Any]], target: Tensor) -> None:
        self._model, self._prompt_of, self._target = model, prompt_of, target
        self._prefix: Prefix | None = None
        self._asked = False

    def __call__(self, perturbed: Tensor) -> Tensor:
        """Evaluate perturbed tensors (c, n); returns float64 (c, 1 + T): the sequence, then its tokens."""
        batch = make_prompt_batch([self._prompt_of(row[None]) for row in perturbed], self._target)
        if not self._asked and not batch.extra:
            # Spex asks the whole input and the empty one first: what these share, most others share too.
            self._prefix = make_prefix(self._model, common_prefix(batch.ids, batch.most_shared))
        self._asked = True
        # float64 on the CPU, as some accelerators have none
        tokens = target_log_probs(self._model, batch, self._target, self._prefix).cpu().double()
        return torch.cat([tokens.sum(dim=1, keepdim=True), tokens], dim=1)


def target_log_probs(model: Any, batch: PromptBatch, target: Tensor, prefix: Prefix | None = None) -> Tensor:
    """Return the log-probability of every target token after each of c prompts, float32 (c, T).

    Parameters
    ----------
    model : torch.nn.Module
    batch : PromptBatch
        Of the c prompts with this target.
    target : Tensor of int64, shape (T,)
    prefix : Prefix, optional
        Used as far as all prompts begin with it.
    """
    rows, skipped = len(batch.ids), prefix.shared(batch.ids, batch.most_shared) if prefix else 0
    inputs: dict[str, Any] = {
        "input_ids": batch.ids[:, skipped:],
        "attention_mask": batch.kept,
        **batch.extra,
    }
    if prefix and skipped:
        inputs |= prefix.arguments(model, skipped, rows)
    width = batch.ids.shape[1]
    if "logits_to_keep" in signature(model.forward).parameters:  # the vocabulary is large
        inputs["logits_to_keep"] = width - int(batch.lengths.min()) + 1
    logits = model(**inputs, use_cache=False).logits
    if logits.dim() == 4:  # Llama 4: (c, 1, positions, vocabulary)
        logits = logits[:, 0]
    # The logits are those of the last positions, however many the model returns.
    first = batch.lengths - 1 - (width - logits.shape[1])
    at = first[:, None] + torch.arange(len(target), device=target.device)
    chosen = logits[torch.arange(rows, device=target.device)[:, None], at].float()
    return chosen.log_softmax(dim=-1).gather(2, target.expand(rows, -1)[..., None])[..., 0]
