"""A language model behind an OpenAI-compatible API as value function: masks to log-probabilities."""

from __future__ import annotations

import json
import warnings
import weakref
from collections.abc import Mapping
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError, PartialAnswerError, SpexError
from spex_plugins.games.chat import background_loop
from spex_plugins.games.chat.api_errors import PassingError, can_be_answered_later
from spex_plugins.games.chat.client import checked_client, make_client
from spex_plugins.games.chat.credentials import without_credentials
from spex_plugins.games.chat.question import Question, Template
from spex_plugins.games.chat.requests import Outcome, Request, Requests, Usage
from spex_plugins.games.text.prompt_length import text_work
from spex_plugins.games.text.text_features import Spans, masked_parts
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["ChatGame"]

_CHARACTERS_PER_TOKEN = 4.0  # of English; only an estimate of costs rests on it
_CALLS_PER_CONNECTION = 8
_TOO_MANY_BOUNDS, _ENOUGH_VALUES = 0.05, 20


class ChatGame:
    r"""How probable an answer is to a language model behind an API, given part of a text.

    Every mask is one request for one token with its most probable alternatives, at temperature 0. The value
    is the log-probability of the answer as the *first token* of the reply, or with `against` the difference
    of two such. In a chat the answer may have a space before it: the likelier form counts. An answer of
    several tokens needs a server that echoes prompts (``endpoint="completions+echo"``).

    An answer that is not among the `top_logprobs` most probable tokens has no known value: the value is then
    the largest that it can be, the least of the listed log-probabilities or what probability they leave,
    whichever is smaller. Of a difference such a value is a bound too, and 0 where neither answer is listed.
    `censored` counts these values, and a warning tells if they are many. The first request goes alone: a
    warning tells before the others are sent if its value is a bound, and an answer that is several tokens
    for this model raises `InputError`.

    Requests that fail in passing (limits, timeouts, errors of the server, broken replies) are repeated; the
    server's rate-limit headers are obeyed. What fails for long raises `PartialAnswerError` with all answers
    that were obtained; a request that the server refuses, or a server that was never reached, raises
    `InputError` with a remedy. Errors never quote the key.

    Parameters
    ----------
    text : str
        What is explained.
    model : str
        The name that the API knows it by. A name that stands for changing models, as some do, makes stored
        answers out of date: take one with a date.
    client : openai.AsyncOpenAI, optional
        By default made from `base_url` and `api_key`, and these from the environment. It works in a thread of
        its own, and should not be used elsewhere at the same time.
    base_url, api_key : str, optional
        By default OPENAI_BASE_URL and OPENAI_API_KEY.
    template : str or sequence of messages
        What is asked, with ``{}`` where the masked text belongs: the message of the user, a list of messages
        (``{"role": …, "content": …}``), or the prompt to complete.
    answer, against : str
        Case and, in completions, white space count.
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        What is masked together: parts of a kind, spans of characters, or a function that gets the text and
        returns spans, or the parts as strings. What lies outside of all spans is never masked.
    replacement : "remove" or str
        Masked features are removed with the white space before them, or replaced by this text.
    endpoint : {"chat", "completions", "completions+echo"}
    top_logprobs : int
        How many alternatives to ask for; many servers allow 20, some only 5.
    concurrency, max_retries : int
        Requests at a time; how often one is repeated.
    timeout : float
        Seconds for one request. Whether a request that takes longer is charged is up to the server.
    extra : mapping
        Further fields of every request (``{"chat_template_kwargs": …}``); None leaves one out that would be
        sent (``{"seed": None}``).

    Attributes
    ----------
    n : int
    feature_names : tuple of str
    fingerprint : str
        Digest of all that the answers depend on; never of the key.
    censored : int
        How many of the values were bounds.
    usage : Usage
        Requests and tokens, of this process.

    Examples
    --------
    >>> game = ChatGame(review, model="gpt-4.1-mini", template="Is this positive? True or False.\n\n{}",
    ...                 answer="True", against="False")
    >>> found = spex.explain(game, budget=1000)
    >>> print(game)
    """

    def __init__(
        self,
        text: str,
        *,
        model: str,
        client: Any = None,
        base_url: str | None = None,
        api_key: str | None = None,
        template: Template = "{}",
        answer: str = " True",
        against: str | None = None,
        features: Spans = "word",
        replacement: str = "remove",
        endpoint: str = "chat",
        top_logprobs: int = 20,
        concurrency: int = 8,
        max_retries: int = 6,
        timeout: float = 60.0,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        check.count("top_logprobs", top_logprobs, 1, "the number of alternatives")
        if not timeout > 0:
            raise InputError(f"timeout: must be a number of seconds above 0, got {timeout!r}.")
        concurrency = check.count("concurrency", concurrency, 1, "requests at a time")
        max_retries = check.count("max_retries", max_retries, 0, "how often a request is repeated")
        self._sending: dict[str, Any] = {"concurrency": concurrency, "max_retries": max_retries}
        self._sending |= {"timeout": timeout}
        if not isinstance(text, str) or not isinstance(replacement, str):
            raise InputError(
                'text, replacement: must be a text, and "remove" or the text that replaces masked parts.'
            )
        self._parts = masked_parts(text, features)
        self.n, self.feature_names = len(self._parts.spans), self._parts.names
        self._placeholder = None if replacement == "remove" else replacement
        self._question = Question(endpoint, model, template, answer, against, top_logprobs, extra)
        characters = self._question.fixed_characters + len(text)
        self._characters = text_work([self._parts], self._placeholder, characters, _lengths)
        self.censored, self._values, self._warned = 0, 0, False
        self._own_client = client is None
        self._connect(make_client(base_url, api_key) if client is None else checked_client(client))
        asked = {
            "server": without_credentials(self._base_url),
            "text": text,
            "spans": self._parts.spans,
            "mask": replacement,
        }
        try:
            told = json.dumps(asked | self._question.said, sort_keys=True)
        except TypeError as error:
            raise InputError(f"template, extra: must hold only what JSON can write; {error}.") from None
        self.fingerprint = digest_of_data("ChatGame", told)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the values (b,) of masks (b, n); masks that leave the same text are asked for once."""
        masks = np.asarray(masks, dtype=bool)
        texts = self._parts.texts(masks, self._placeholder)
        # The longest goes first: it is the one that shows whether the model's window is large enough.
        distinct = sorted(set(texts), key=len, reverse=True)
        if not distinct:
            return np.zeros(0)
        requests = [request for text in distinct for request in self._question.requests(text)]
        outcome = Outcome(len(requests))
        interrupt: BaseException | None = None
        try:
            self._send(requests, outcome)
        except (KeyboardInterrupt, SystemExit) as error:
            interrupt = error
        place = {text: i for i, text in enumerate(distinct)}
        values, exact = self._question.values(outcome.scores)
        which = [place[text] for text in texts]
        values, exact = values[which], exact[which]
        answered = ~np.isnan(values)
        self._count_bounds(int((answered & ~exact).sum()), int(answered.sum()))
        problem = interrupt or outcome.problem
        if problem is None:
            return values
        if not answered.any() and not can_be_answered_later(problem):
            raise problem
        partial = PartialAnswerError(
            f"{int((~answered).sum())} of {len(masks)} masks were not answered: {_told(problem)}",
            values=values,
            answered=answered,
            retry_after=outcome.retry_after,
        )
        if interrupt is not None:
            raise interrupt from partial  # the session keeps what it holds
        raise partial from problem

    @property
    def batch_size(self) -> int:
        """Masks that suit one call: enough to keep all connections busy nearly to its end."""
        return _CALLS_PER_CONNECTION * int(self._sending["concurrency"])

    def _send(self, requests: list[Request], outcome: Outcome) -> None:
        """Send requests; until one was ever answered the first goes alone, so that a mistake costs one."""
        if not self._requests.proven:
            background_loop.run(self._requests.send_one(requests, outcome), outcome.stop)
            if self._question.unlisted:
                warnings.warn(self._question.unlisted, stacklevel=4)
        background_loop.run(self._requests.send(requests, outcome), outcome.stop)

    def work(self, masks: BoolArray) -> FloatArray:
        """Estimate the tokens of every mask's prompts, shape (b,)."""
        return self._characters(masks) * len(self._question.signs) / _CHARACTERS_PER_TOKEN

    @property
    def usage(self) -> Usage:
        return self._requests.usage

    def __str__(self) -> str:
        used = self.usage
        return (
            f"ChatGame of {self.n} features: {self._values:,} values, {self.censored:,} of them bounds; "
            f"{used.requests:,} requests, {used.prompt_tokens:,} tokens of prompts and "
            f"{used.completion_tokens:,} of answers"
        )

    def __getstate__(self) -> dict[str, Any]:
        """Pickle without connections and without the key: a worker process needs OPENAI_API_KEY itself."""
        if not self._own_client:
            raise InputError(
                "client: cannot be pickled; give base_url instead, and the key as OPENAI_API_KEY."
            )
        return {name: value for name, value in vars(self).items() if name != "_requests"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._connect(make_client(self._base_url, None))

    def _connect(self, client: Any) -> None:
        self._base_url = str(client.base_url)
        self._requests = Requests(client, **self._sending)
        if self._own_client:
            weakref.finalize(self, _close, client).atexit = False

    def _count_bounds(self, bounds: int, values: int) -> None:
        self.censored += bounds
        self._values += values
        many = self._values >= _ENOUGH_VALUES and self.censored > _TOO_MANY_BOUNDS * self._values
        if many and not self._warned:
            self._warned = True
            warnings.warn(
                f"{self.censored} of {self._values} values are bounds: the answer was not among the most "
                "probable tokens. Choose an answer that the model gives, or raise top_logprobs.",
                stacklevel=3,
            )


def _lengths(texts: list[str]) -> list[int]:
    return [len(text) for text in texts]


def _close(client: Any) -> None:
    background_loop.run_later(client.close())


def _told(problem: BaseException) -> str:
    said = isinstance(problem, PassingError | SpexError)
    return str(problem) if said else f"{type(problem).__name__}: {problem}".removesuffix(": ")
