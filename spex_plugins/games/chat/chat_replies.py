"""Whole replies of a language model behind an OpenAI-compatible API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from warnings import warn

from spex_plugins import checks as check
from spex_plugins.errors import InputError, MissingReplyWarning, TruncatedReplyWarning
from spex_plugins.games.calls import CallResults
from spex_plugins.games.chat.choices import first_choice
from spex_plugins.games.chat.connection import Connection
from spex_plugins.games.chat.errors.credentials import without_credentials
from spex_plugins.games.chat.request_batch import Request, RequestBatch, Usage
from spex_plugins.queries.store.digest import digest_of_data

__all__ = ["ChatReplies"]

Prompt = str | Sequence[Mapping[str, Any]]
"""The message of the user, or all messages."""

_LIMITS = ("max_tokens", "max_completion_tokens")
_SHOWN = 40  # characters of a reply that a warning quotes


class ChatReplies:
    """Replies of a chat model behind an OpenAI-compatible API; it needs no log-probabilities.

    Failed requests are repeated and limits obeyed as in `ChatGame`.

    Parameters
    ----------
    model : str
        The name of the model in the API; better one with a date.
    client : openai.AsyncOpenAI, optional
        By default made from `base_url` and `api_key`, and these from the environment.
    base_url, api_key : str, optional
        By default OPENAI_BASE_URL and OPENAI_API_KEY.
    temperature : float
        0: the likeliest reply. Above: sampled replies, which differ from repeat to repeat.
    max_tokens : int
        Largest number of tokens of a reply.
    concurrency, max_retries : int
        Requests at a time; how often one is repeated.
    timeout : float
        Seconds for one request.
    extra : mapping
        Further fields of every request; None leaves one out that would be sent (``{"seed": None}``).

    Attributes
    ----------
    fingerprint : str
        Digest of server and request; never of the key.
    missing : int
        Number of replies of this process without a text, such as those that a content filter withholds. They
        count as empty ones.
    truncated : int
        Number of replies of this process that end at the limit of tokens.
    usage : Usage
        Requests and tokens of this process.

    Raises
    ------
    InputError
        If an argument cannot be used.
    MissingExtraError
        If openai is not installed.

    Warns
    -----
    TruncatedReplyWarning
        At the first reply that ends at the limit of tokens, unless `max_tokens` is 1, which asks for no more
        than a beginning.
    MissingReplyWarning
        At the first reply without a text.

    Examples
    --------
    >>> game = ReplyGame(ChatReplies("gpt-4.1-mini-2025-04-14"), review, template="Summarise: {}")
    """

    def __init__(
        self,
        model: str,
        *,
        client: Any = None,
        base_url: str | None = None,
        api_key: str | None = None,
        temperature: float = 0.0,
        max_tokens: int = 256,
        concurrency: int = 8,
        max_retries: int = 6,
        timeout: float = 60.0,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        if not isinstance(extra, Mapping | None):
            raise InputError(f"extra: must be a dict of further fields, got {extra!r:.80}.")
        check.count("max_tokens", max_tokens, 1, "the longest reply")
        fields: dict[str, Any] = {"model": model, "temperature": temperature, "max_tokens": max_tokens}
        fields |= {"seed": 0} | dict(extra or {})
        self._fields = {name: value for name, value in fields.items() if value is not None}
        self._connection = Connection(
            client, base_url, api_key, concurrency=concurrency, max_retries=max_retries, timeout=timeout
        )
        self.concurrency, self.truncated, self.missing = concurrency, 0, 0
        about = {"server": without_credentials(self._connection.address)} | self._fields
        try:
            self.fingerprint = digest_of_data("ChatReplies", json.dumps(about, sort_keys=True))
        except TypeError as error:
            raise InputError(f"extra: must hold only what JSON can write; {error}.") from None

    def __call__(self, prompt: Prompt) -> str:
        """Return the reply to a prompt.

        Parameters
        ----------
        prompt : str or sequence of messages
            The message of the user, or all messages.

        Returns
        -------
        str
            The content of the first choice.

        Raises
        ------
        InputError
            If the server refuses the request, or has never been reached.
        """
        done = self.many([prompt], [0])
        if done.problem is not None:
            raise done.problem
        return str(done.results[0])

    def many(self, prompts: Sequence[Prompt], repeats: Sequence[int]) -> CallResults:
        """Return the replies to several prompts.

        Parameters
        ----------
        prompts : sequence of str or of messages
            The message of the user, or all messages, of each.
        repeats : sequence of int
            The number of the repeat of each, which is added to the seed.

        Returns
        -------
        CallResults
            Replies, None where there is none, and why.
        """  # numpydoc ignore=RS01
        batch = RequestBatch([self._request(*each) for each in zip(prompts, repeats, strict=True)])
        problem: BaseException | None = None
        try:
            self._connection.send(batch, lambda: None)
        except (KeyboardInterrupt, SystemExit) as error:
            problem = error
        self._count_truncated([reply.text for reply in batch.scores if reply and reply.truncated])
        self._count_missing([reply.missing for reply in batch.scores if reply and reply.missing])
        texts = [reply and reply.text for reply in batch.scores]
        # Where some are refused, these alone have failed; what prevented others is met again with them.
        return CallResults(texts, problem or batch.refusal or batch.problem, failed_at=batch.refused)

    def limit_time(self, seconds: float | None) -> None:
        """Do not wait for the server beyond a time limit; `explain` calls it with ``max_seconds``.

        Parameters
        ----------
        seconds : float or None
            From now on; None for no limit.
        """  # numpydoc ignore=RS01
        self._connection.limit_time(seconds)

    @property
    def usage(self) -> Usage:
        """Requests and tokens of this process."""
        return self._connection.requests.usage

    def __repr__(self) -> str:
        return f"ChatReplies({self._fields['model']!r} at {self._connection})"

    def _request(self, prompt: Prompt, repeat: int) -> Request:
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
        seed = {"seed": self._fields["seed"] + int(repeat)} if "seed" in self._fields else {}
        return Request(True, {**self._fields, **seed, "messages": messages}, _read)

    def _count_truncated(self, replies: Sequence[str]) -> None:
        """Count replies that are not complete; warn of the first."""
        limits = {name: self._fields[name] for name in _LIMITS if name in self._fields}
        if replies and not self.truncated and 1 not in limits.values():
            stated = ", ".join(f"{name}={value!r}" for name, value in limits.items()) or "max_tokens not sent"
            warn(
                f"max_tokens: a reply is truncated (finish_reason 'length', {stated}); it ends with "
                f"{replies[0][-_SHOWN:]!r}. Raise the limit, or let the prompt ask for shorter replies. "
                "`truncated` counts such replies.",
                TruncatedReplyWarning,
                stacklevel=4,
            )
        self.truncated += len(replies)

    def _count_missing(self, reasons: Sequence[str]) -> None:
        """Count replies without a text; warn of the first."""
        if reasons and not self.missing:
            warn(
                f"a reply has no text ({reasons[0]}) and counts as an empty one. `missing` counts such "
                "replies.",
                MissingReplyWarning,
                stacklevel=4,
            )
        self.missing += len(reasons)


@dataclass(frozen=True)
class _Reply:
    text: str
    truncated: bool
    missing: str | None  # why there is no text, where the server sends none


def _read(reply: Any) -> _Reply:
    try:
        choice = first_choice(reply)
        content = choice["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise json.JSONDecodeError("the reply has no message", repr(reply)[:200], 0) from None
    reason = choice.get("finish_reason")
    if content is None:
        content = choice["message"].get("refusal")  # a refusal is a reply too
    missing = f"finish_reason {reason!r}" if content is None and reason != "length" else None
    return _Reply(content or "", reason == "length", missing)
