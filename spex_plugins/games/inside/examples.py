"""Examples that a model is judged on: prompts with right and wrong answers, in one batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.tokens import Encoder, padded

__all__ = ["Examples"]


class Examples:
    """Prompts with answers, as one batch of distinct rows.

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
    n_answers : int
        Number of answers: the right ones, then the wrong ones.
    ids, real : Tensor of int64, shape (rows, T)
        The distinct inputs, prompts and all but the last token of answers, padded on the right, and their
        attention mask.
    n_last : int
        Number of positions at the end of the rows whose logits `log_probs` needs.
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
        self.n_answers = len(found)
        # The last token is only predicted: answers of one token to a prompt share the row of this prompt.
        rows: dict[tuple[int, ...], int] = {}
        row_of = [rows.setdefault(tuple(one.ids[:-1]), len(rows)) for one in found]
        self.ids, self.real = padded(
            [list(row) for row in rows], tokenizer.pad_token_id or 0, device, "right"
        )
        wanted = [
            (answer, row_of[answer], at - 1, one.ids[at])
            for answer, one in enumerate(found)
            for at in range(max(one.start, 1), len(one.ids))
        ]
        self._answer, self._row, at, self._token = torch.tensor(wanted, device=device).T
        self._from_end = self.ids.shape[1] - at
        self.n_last = int(self._from_end.max())

    def log_probs(self, logits: Any) -> Any:
        """Return log-probabilities (b, answers) from the last logits, (b · rows, positions, V)."""
        logits = logits.reshape(-1, len(self.ids), *logits.shape[-2:])
        chosen = logits[:, self._row, logits.shape[2] - self._from_end].float().log_softmax(dim=-1)
        tokens = self._token.expand(len(chosen), -1)[..., None]
        each = chosen.gather(-1, tokens)[..., 0].double()
        total = torch.zeros(len(chosen), self.n_answers, dtype=torch.float64, device=each.device)
        return total.index_add_(1, self._answer, each)
