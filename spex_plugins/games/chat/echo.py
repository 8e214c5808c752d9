"""Answers of several tokens: servers that echo the prompt with the log-probabilities of its tokens."""

from __future__ import annotations

from math import fsum
from typing import Any

from spex_plugins.errors import InputError
from spex_plugins.games.chat.choices import first_choice
from spex_plugins.games.chat.scores import MissingLogProbsError, token_bytes

__all__ = ["echoed_log_prob"]


def echoed_log_prob(reply: Any, prompt: str, answer: str) -> float:
    """Return the log-probability of all tokens of an answer that stood at the end of a prompt.

    Parameters
    ----------
    reply : dict
        Of a legacy completion with ``echo`` and ``logprobs`` (the shape of these has no other form).
    prompt, answer : str
        What was sent is the prompt followed by the answer.
    """
    try:
        choice = first_choice(reply)
        text, logprobs = choice["text"], choice["logprobs"]
        if prompt + answer in text:
            tokens = [token_bytes({"token": token}) for token in logprobs["tokens"]]
            start, stop = _span(tokens, answer.encode())
            return min(fsum(logprobs["token_logprobs"][start:stop]), 0.0)
    except (KeyError, IndexError, TypeError, AttributeError):
        raise MissingLogProbsError("the reply has no log-probs of the prompt") from None
    raise InputError(
        "endpoint: the server does not echo prompts, which the log-prob of a whole answer needs; use "
        'endpoint="completions" or "chat" with an answer of a single token.'
    )


def _span(tokens: list[bytes], answer: bytes) -> tuple[int, int]:
    """Return the tokens that make up the answer: the last ones, but for the one that was generated."""
    for stop in (len(tokens) - 1, len(tokens)):
        start, length = stop, 0
        while start > 0 and length < len(answer):
            start -= 1
            length += len(tokens[start])
        if length and b"".join(tokens[start:stop]) == answer:
            return start, stop
    raise InputError(
        f"answer: the server's tokens join {answer.decode()!r} to the prompt before it; let the answer begin "
        "with the space that follows the prompt, and the template end without one."
    )
