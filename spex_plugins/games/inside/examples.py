"""Examples that a model is judged on: prompts with right and wrong answers, in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.tokens import Encoder, padded

__all__ = ["Examples"]


class Examples:
    """Prompts with answers, as one batch of rows.

    Parameters
    ----------
    tokenizer : Any
        Of transformers.
    prompts : sequence of str
    answers, against : sequence of str
        One for each prompt; ``against`` may be empty.
    device : Any
        Of the model.

    Attributes
    ----------
    count : int
        Number of prompts.
    ids, real : Tensor of int64, shape (rows, T)
        Tokens, first those with the right answers, padded on the right, and their attention mask.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompts: Sequence[str],
        answers: Sequence[str],
        against: Sequence[str],
        device: Any,
    ) -> None:
        for name, given in (("answers", answers), ("against", against or answers)):
            if isinstance(given, str) or len(given) != len(prompts) or not len(prompts):
                raise InputError(f"{name}: must be as many texts as there are prompts, at least one.")
        self.count = len(prompts)
        encoder = Encoder(tokenizer)
        pairs = [*zip(prompts, answers, strict=True)]
        if against:
            pairs += zip(prompts, against, strict=True)
        found = [encoder.continuations([prompt], [answer])[0][0] for prompt, answer in pairs]
        self.ids, self.real = padded([one.ids for one in found], tokenizer.pad_token_id or 0, device, "right")
        at = torch.arange(self.ids.shape[1], device=device)
        starts = torch.tensor([one.start for one in found], device=device)
        self._answer = (at >= starts[:, None]) & self.real.bool()

    def log_probs(self, logits: Any) -> Any:
        """Return the log-probability of every answer, (b, rows), from logits (b · rows, T, V)."""
        rows, width = self.ids.shape
        logits = logits.reshape(-1, rows, width, logits.shape[-1])[:, :, :-1].float()
        answer, ids = self._answer[:, 1:], self.ids[:, 1:]
        at = answer.nonzero(as_tuple=True)
        chosen = logits[:, at[0], at[1]].log_softmax(dim=-1)
        tokens = ids[at].expand(len(chosen), -1)[..., None]
        each = chosen.gather(-1, tokens)[..., 0].double()
        total = torch.zeros(len(chosen), rows, dtype=torch.float64, device=each.device)
        return total.index_add_(1, at[0].to(each.device), each)
