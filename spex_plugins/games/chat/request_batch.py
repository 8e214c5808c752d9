"""Requests to an API, and the outcome of a batch of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from spex_plugins.games.chat.errors.api_errors import PassingError, RefusedError, UnreachableError

__all__ = ["Request", "RequestBatch", "Usage"]


@dataclass(frozen=True)
class Request:
    """What is sent, to the chat or the completions endpoint, and how its reply is read."""

    chat: bool
    fields: dict[str, Any]
    read: Callable[[Any], Any]


@dataclass
class Usage:
    """Requests and tokens so far.

    Attributes
    ----------
    requests : int
        Requests sent, including those that failed and were repeated.
    prompt_tokens, completion_tokens : int
        As far as the server reports them.
    """

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, reply: Any) -> int:
        """Add the tokens of a reply and return their number."""
        usage = reply.get("usage") if isinstance(reply, dict) else None
        usage = usage if isinstance(usage, dict) else {}
        stated = (usage.get(f"{kind}_tokens") for kind in ("prompt", "completion"))
        prompt, completion = (int(n) if isinstance(n, int | float) and isfinite(n) else 0 for n in stated)
        self.prompt_tokens += prompt
        self.completion_tokens += completion
        return prompt + completion

    def include(self, other: Usage) -> None:
        """Add what another client of this game has used."""
        self.requests += other.requests
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens


class RequestBatch:
    """Requests that are sent together, and their outcome.

    Parameters
    ----------
    requests : sequence of Request

    Attributes
    ----------
    scores : list
        What was read from the replies, in the order of the requests; None where there is no answer.
    waiting : iterator of int
        The requests that have not been sent.
    refused : set of int
        The requests that the server refuses while it answers others.
    refusal : RefusedError or None
        Why the last one of these was refused.
    problem : Exception or None
        Why answers are missing: the error that ended the batch, or else the last one.
    ended : bool
        Whether the remaining requests are not sent at all.
    retry_after : float or None
        Seconds for which the server accepts no requests.
    patience : int
        How many failures in a row are tolerated before the batch ends.
    """

    def __init__(self, requests: Sequence[Request]) -> None:
        self.requests = requests
        self.scores: list[Any] = [None] * len(requests)
        self.waiting = iter(range(len(requests)))
        self.refused: set[int] = set()
        self.refusal: RefusedError | None = None
        self.problem: Exception | None = None
        self.ended = False
        self.retry_after: float | None = None
        self.patience, self._in_a_row = 0, 0

    def stop(self) -> None:
        """Send no more requests."""
        self.ended = True

    def answered(self, i: int, score: Any) -> None:
        """Keep the answer to a request."""
        self.scores[i], self._in_a_row = score, 0

    def failed(self, i: int, problem: Exception) -> None:
        """Take note of a request that failed for good, and end the batch if the others would fail too."""
        self._in_a_row += 1
        if isinstance(problem, RefusedError):
            self.refused.add(i)
            self.refusal = problem
        if not self.ended:
            self.problem = problem
            alone = isinstance(problem, PassingError | RefusedError)
            passing = alone and not isinstance(problem, UnreachableError)
            # A dead server is not sent every single request.
            self.ended = not passing or self._in_a_row > self.patience
