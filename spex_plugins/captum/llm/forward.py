"""Log-probabilities of target tokens, from a causal language model at many prompts per call."""

from __future__ import annotations

from inspect import signature
from typing import TYPE_CHECKING, Any

import torch

from spex_plugins.captum.llm.prompts import make_prompt_batch
from spex_plugins.language_models.batching import Batching, batches, nearly_equal
from spex_plugins.language_models.length_scaling import forget_length, scales_with_length
from spex_plugins.language_models.prefix import Prefix, common_prefix, make_prefix

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from torch import Tensor

    from spex_plugins.captum.llm.prompts import PromptBatch

__all__ = ["MaskedPrompts", "target_log_probs"]


class MaskedPrompts:
    """Forward function of one explanation: from perturbed tensors to log-probabilities.

    Parameters
    ----------
    model : torch.nn.Module
        A causal language model with the calling convention of transformers.
    prompt_of : callable
        From one perturbed tensor (1, n) to the model input: ``input_ids`` (1, L) and other tensors.
    target : Tensor of int64, shape (T,)
        On the device of the model.
    """

    def __init__(self, model: Any, prompt_of: Callable[[Tensor], Mapping[str, Any]], target: Tensor) -> None:
        self._model, self._prompt_of, self._target = model, prompt_of, target
        self._dtype = next((part.dtype for part in model.parameters()), torch.float32)
        self._prefix: Prefix | None = None
        self._called = self._compared = False
        self._batching = Batching.EQUAL_LENGTH if scales_with_length(model) else Batching.ANY_LENGTH

    def __call__(self, perturbed: Tensor) -> Tensor:
        """Return log-probabilities (c, 1 + T), float64, of perturbed tensors (c, n): sequence, tokens."""
        prompts = [self._prompt_of(row[None]) for row in perturbed]
        lengths = [prompt["input_ids"].shape[-1] for prompt in prompts]
        if self._batching is Batching.ANY_LENGTH and not self._called:
            # Spex evaluates the whole input and the empty one first; most others share their beginning.
            self._prefix = self._beginning(prompts)
        tokens = self._tokens(prompts, lengths)
        if self._batching is Batching.ANY_LENGTH and not self._compared and len(set(lengths)) > 1:
            self._compared = True
            shortest = lengths.index(min(lengths))
            alone = self._log_probs([prompts[shortest]], None)[0]
            if not nearly_equal(alone, tokens[shortest], self._dtype):
                self._batching, self._prefix = Batching.SINGLE, None
                tokens = self._tokens(prompts, lengths)
        self._called = True
        tokens = tokens.cpu().double()  # some accelerators have no float64
        return torch.cat([tokens.sum(dim=1, keepdim=True), tokens], dim=1)

    def _tokens(self, prompts: Sequence[Mapping[str, Any]], lengths: Sequence[int]) -> Tensor:
        """Return the log-probabilities (c, T) of the target's tokens, in as few calls as the model allows."""
        calls = batches(lengths, self._batching)
        found = [self._log_probs([prompts[row] for row in rows], self._prefix) for rows in calls]
        return torch.cat(found)[torch.tensor([row for rows in calls for row in rows]).argsort()]

    def _log_probs(self, prompts: Sequence[Mapping[str, Any]], prefix: Prefix | None) -> Tensor:
        forget_length(self._model)
        return target_log_probs(self._model, make_prompt_batch(prompts, self._target), self._target, prefix)

    def _beginning(self, prompts: Sequence[Mapping[str, Any]]) -> Prefix | None:
        batch = make_prompt_batch(prompts, self._target)
        if batch.extra:
            return None
        return make_prefix(self._model, common_prefix(batch.ids, batch.most_shared))


def target_log_probs(model: Any, batch: PromptBatch, target: Tensor, prefix: Prefix | None = None) -> Tensor:
    """Return the log-probability of every target token after each of c prompts, float32 (c, T).

    Parameters
    ----------
    model : torch.nn.Module
    batch : PromptBatch
        The c prompts with this target.
    target : Tensor of int64, shape (T,)
    prefix : Prefix, optional
        Cached beginning, used for the tokens that all prompts share with it.
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
    parameters = signature(model.forward).parameters
    if "logits_to_keep" in parameters:  # the vocabulary is large
        inputs["logits_to_keep"] = width - int(batch.lengths.min()) + 1
    if "use_cache" in parameters or any(one.kind is one.VAR_KEYWORD for one in parameters.values()):
        inputs["use_cache"] = False
    logits = model(**inputs).logits
    if logits.dim() == 4:  # Llama 4: (c, 1, positions, vocabulary)
        logits = logits[:, 0]
    # The logits are those of the last positions, however many the model returns.
    first = batch.lengths - 1 - (width - logits.shape[1])
    at = first[:, None] + torch.arange(len(target), device=target.device)
    chosen = logits[torch.arange(rows, device=target.device)[:, None], at].float()
    return chosen.log_softmax(dim=-1).gather(2, target.expand(rows, -1)[..., None])[..., 0]
