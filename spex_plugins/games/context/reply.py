"""The reply of a language model to a prompt, and its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from warnings import warn

import numpy as np
import torch

from spex_plugins.errors import InputError, TruncatedReplyWarning
from spex_plugins.games.text.tokens import Encoder
from spex_plugins.regions.texts import character_labels, sentences
from spex_plugins.types import IntArray

__all__ = ["own_reply", "sentence_of_tokens"]

_SHOWN = 40  # characters of a reply that a warning quotes


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

    Warns
    -----
    TruncatedReplyWarning
        If the reply ends only because it has the largest number of tokens.
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
    new = written[1 if model.config.is_encoder_decoder else ids.shape[1] :].tolist()  # behind a start token
    text: str = tokenizer.decode(new, skip_special_tokens=True)
    reply, ended = (text.rstrip(), False) if complete else _first_line(text)
    if not reply.strip():
        raise InputError("answer: the model's own reply is empty; give an answer.")
    if not ended and len(new) == most and not _ends_itself(new[-1], model.generation_config):
        warn(
            f"max_new_tokens: is {most}, and the model's own reply does not end there; what is explained is "
            f"its beginning, which ends with {reply[-_SHOWN:]!r}. Raise max_new_tokens, or give an answer.",
            TruncatedReplyWarning,
            stacklevel=4,
        )
    return reply


def _first_line(text: str) -> tuple[str, bool]:
    """Return a text up to the end of its first line that is not blank, and whether that line ends."""
    blank = len(text) - len(text.lstrip())
    line = "".join(text[blank:].splitlines()[:1])
    return text[:blank] + line.rstrip(), blank + len(line) < len(text)


def _ends_itself(token: int, config: Any) -> bool:
    """Return whether the last token is an end of the model's own choice, not one forced at the limit."""
    ends = config.eos_token_id
    return config.forced_eos_token_id is None and token in (ends if isinstance(ends, list) else [ends])


def sentence_of_tokens(
    tokenizer: Any, ids: Sequence[int], prompt: str, answer: str
) -> tuple[list[str], IntArray]:
    """Return the sentences of an answer, and the number of the sentence of every token.

    Parameters
    ----------
    tokenizer : Any
    ids : sequence of int
        The tokens of the answer.
    prompt : str
        The text before the answer that was tokenised with it; may be empty.
    answer : str

    Returns
    -------
    sentences : list of str
    numbers : ndarray of int, shape (T,)
        A token belongs to the sentence of its last character, white space to the sentence after it.
    """
    parts = sentences(answer)
    labels = character_labels(answer, parts)
    ends = _offsets(tokenizer, ids, prompt, answer)
    if ends is None:
        ends = _decoded_ends(tokenizer, ids, answer)
    return parts, labels[np.clip(ends - 1, 0, len(answer) - 1)]


def _offsets(tokenizer: Any, ids: Sequence[int], prompt: str, answer: str) -> IntArray | None:
    """Return the characters of the answer at which tokens end; None where the tokenizer does not tell."""
    if not getattr(tokenizer, "is_fast", False):
        return None
    settings = {"padding": False, "truncation": False, "verbose": False}
    found = tokenizer(prompt + answer, add_special_tokens=False, return_offsets_mapping=True, **settings)
    if list(found["input_ids"][-len(ids) :]) != list(ids):
        return None
    return np.array([end for _, end in found["offset_mapping"][-len(ids) :]]) - len(prompt)


def _decoded_ends(tokenizer: Any, ids: Sequence[int], answer: str) -> IntArray:
    """Return where tokens end by their texts, which may be others than were read: those of unknown words."""
    whole = len(tokenizer.decode(ids))
    ends = np.array([len(tokenizer.decode(ids[: i + 1])) for i in range(len(ids))])
    # Tokens of the answer may begin with characters of the prompt, and decoding may drop a first space.
    return ends - (whole - len(answer))
