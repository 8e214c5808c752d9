"""The reply of a language model to a prompt, and its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from spex_plugins.errors import InputError
from spex_plugins.games.text.tokens import Encoder
from spex_plugins.regions.texts import character_labels, sentences
from spex_plugins.types import IntArray

__all__ = ["own_reply", "sentence_of_tokens"]


def own_reply(model: Any, tokenizer: Any, prompt: str, *, complete: bool, most: int) -> str:
    """Return what a model writes behind a prompt, the likeliest token at a time.

    Parameters
    ----------
    model, tokenizer : Any
        Of transformers.
    prompt : str
    complete : bool
        Whether the prompt has all its special tokens, as that of a chat. Of any other prompt, the reply ends
        with its first line.
    most : int
        Largest number of tokens.

    Raises
    ------
    InputError
        If the reply is empty.
    """
    (row,) = Encoder(tokenizer, complete=complete).whole([prompt])
    ids = torch.tensor([row], device=model.get_input_embeddings().weight.device)
    with torch.inference_mode():
        written = model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            max_new_tokens=most,
            do_sample=False,
            pad_token_id=tokenizer.pad_token_id or 0,
        )[0]
    new = written if model.config.is_encoder_decoder else written[ids.shape[1] :]
    reply: str = tokenizer.decode(new, skip_special_tokens=True).rstrip()
    if not complete:
        blank = len(reply) - len(reply.lstrip())
        reply = reply[:blank] + (reply[blank:].splitlines() or [""])[0].rstrip()
    if not reply.strip():
        raise InputError("answer: the model's own reply is empty; give an answer.")
    return reply


def sentence_of_tokens(tokenizer: Any, ids: Sequence[int], answer: str) -> tuple[list[str], IntArray]:
    """Return the sentences of an answer, and the number of the sentence of every token.

    Parameters
    ----------
    tokenizer : Any
    ids : sequence of int
        The tokens of the answer.
    answer : str

    Returns
    -------
    sentences : list of str
    numbers : ndarray of int, shape (T,)
        A token belongs to the sentence of its last character, white space to the sentence after it.
    """
    parts = sentences(answer)
    labels = character_labels(answer, parts)
    whole = len(tokenizer.decode(ids))
    ends = np.array([len(tokenizer.decode(ids[: i + 1])) for i in range(len(ids))])
    # Tokens of the answer may begin with characters of the prompt, and decoding may drop a first space.
    at = np.clip(ends - 1 - (whole - len(answer)), 0, len(answer) - 1)
    return parts, labels[at]
