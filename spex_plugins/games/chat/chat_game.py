"""A language model behind an OpenAI-compatible API as value function: masks to log-probabilities."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError
from spex_plugins.games.chat.chat_replies import ChatReplies
from spex_plugins.games.chat.connection import Connection
from spex_plugins.games.chat.errors.api_errors import can_be_answered_later
from spex_plugins.games.chat.errors.credentials import without_credentials
from spex_plugins.games.chat.errors.error_messages import partial_answer
from spex_plugins.games.chat.question import PLACE, Question, Template
from spex_plugins.games.chat.request_batch import RequestBatch, Usage
from spex_plugins.games.chat.scores import BoundCounter
from spex_plugins.games.documents.context_parts import LAYOUT, context_parts
from spex_plugins.games.documents.documents import group_numbers, read_documents
from spex_plugins.games.text.prompt_length import prompt_lengths
from spex_plugins.games.text.text_features import Spans, masked_parts
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["ChatGame"]

_CHARACTERS_PER_TOKEN = 4.0  # of English; only an estimate of costs rests on it
_CALLS_PER_CONNECTION = 8
_CONNECTION = {"client", "base_url", "api_key", "concurrency", "max_retries", "timeout", "extra"}


class ChatGame:
    r"""How probable an answer is to a language model behind an API, given part of a text.

    Every mask is one request for one token with its most probable alternatives, at temperature 0. The value
    is the log-probability of the answer as the *first token* of the reply, or with `against` the difference
    of two such. In a chat the answer may have a space before it: the likelier form counts. An answer of
    several tokens needs a server that echoes prompts (``endpoint="completions+echo"``).

    An answer that is not among the `top_logprobs` most probable tokens has no known value: the value is then
    the largest that it can be, the least of the listed log-probabilities or that of the remaining
    probability, whichever is smaller. Of a difference such a value is a bound too, and 0 where neither answer
    is listed. `censored` counts these values, and a warning tells if they are many. The first request goes
    alone: a warning tells before the others are sent if its value is a bound, and an answer that is several
    tokens for this model raises `InputError`.

    Requests that fail for a passing reason (limits, timeouts, errors of the server, broken replies) are
    repeated; the server's rate-limit headers are obeyed. A server that is out of reach (no connection, or a
    gateway that answers 502, 503 or 504) is given up after 60 seconds without any answer.

    Parameters
    ----------
    text : str
        The text to explain.
    model : str
        The name of the model in the API. A name that stands for changing models, as some do, makes stored
        answers out of date: choose one with a date.
    client : openai.AsyncOpenAI, optional
        By default made from `base_url` and `api_key`, and these from the environment. It works in a thread of
        its own, and should not be used elsewhere at the same time.
    base_url, api_key : str, optional
        By default OPENAI_BASE_URL and OPENAI_API_KEY.
    template : str or sequence of messages
        The prompt, with ``{}`` where the masked text belongs: the message of the user, a list of messages
        (``{"role": …, "content": …}``), or the prompt to complete.
    answer, against : str
        Case and, in completions, white space count.
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        What is masked together: parts of a kind, spans of characters, or a function that takes the text and
        returns spans, or the parts as strings. What lies outside of all spans is never masked.
    replacement : "remove" or str
        Masked features are removed with the white space before them, or replaced by this text.
    endpoint : {"chat", "completions", "completions+echo"}
    top_logprobs : int
        Number of alternatives to ask for; many servers allow 20, some only 5.
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
        Number of features.
    feature_names : tuple of str
        The parts of the text.
    fingerprint : str
        Digest of all that the answers depend on; never of the key.
    censored : int
        Number of values that are bounds.
    usage : Usage
        Requests and tokens of this process.

    Raises
    ------
    InputError
        If an argument cannot be used.
    MissingExtraError
        If openai is not installed.

    Examples
    --------
    >>> game = ChatGame(review, model="gpt-4.1-mini", template="Is this positive? True or False.\n\n{}",
    ...                 answer="True", against="False")
    >>> found = spex.explain(game, budget=1000)
    >>> print(game)
    """

    question: str
    answer: str
    documents: dict[str, str]
    groups: IntArray
    group_names: tuple[str, ...]
    value_name: str

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
        if not isinstance(text, str) or not isinstance(replacement, str):
            raise InputError(
                'text, replacement: must be a text, and "remove" or the text that replaces masked parts.'
            )
        self._parts = masked_parts(text, features)
        self.n, self.feature_names = len(self._parts.names), self._parts.names
        self._placeholder = None if replacement == "remove" else replacement
        self._question = Question(endpoint, model, template, answer, against, top_logprobs, extra)
        characters = self._question.fixed_characters + len(text)
        self._characters = prompt_lengths([self._parts], self._placeholder, characters, _lengths)
        self._bounds = BoundCounter()
        self._connection = Connection(
            client, base_url, api_key, concurrency=concurrency, max_retries=max_retries, timeout=timeout
        )
        parameters = {
            "server": without_credentials(self._connection.address),
            "text": text,
            "spans": self._parts.described,
            "mask": replacement,
        }
        try:
            content = json.dumps(parameters | self._question.description, sort_keys=True)
        except TypeError as error:
            raise InputError(f"template, extra: must hold only what JSON can write; {error}.") from None
        self.fingerprint = digest_of_data("ChatGame", content)

    @classmethod
    def of_documents(
        cls,
        question: str,
        documents: Mapping[str, str] | Sequence[str],
        *,
        model: str,
        pinned: Sequence[str] = (),
        answer: str | None = None,
        system: str | None = None,
        features: Spans = "document",
        document: str = "{name}: {text}",
        layout: str = LAYOUT,
        **options: Any,
    ) -> ChatGame:
        """Return the game of the documents of a question, as `ContextGame` for models on this machine.

        Parameters
        ----------
        question : str
            The question.
        documents : mapping of str to str, or sequence of str
            Texts by name.
        model : str
            The name of the model in the API.
        pinned : sequence of str
            Names of documents that are never masked.
        answer : str, optional
            By default, the first token of the model's own reply to the question with all documents, which is
            asked for at once; only for chats.
        system : str, optional
            Message of the system; only for chats.
        features : {"document", "sentence", "paragraph", "word"} or callable
            The n parts that can be masked.
        document : str
            How a document is written, with "{text}" and, if it is shown, "{name}".
        layout : str
            The message of the user, with "{context}" and "{question}".
        **options
            Further arguments of `ChatGame`.

        Returns
        -------
        ChatGame
            Also with ``question``, ``answer``, ``documents`` and ``value_name``, and with ``groups`` and
            ``group_names``, for `explain_levels`.

        Raises
        ------
        InputError
            If an argument cannot be used.
        """
        read = read_documents(documents, pinned, features, document)
        text, parts = context_parts(read, range(len(read)), layout, question)
        if options.get("endpoint", "chat") == "chat":
            template: Any = [{"role": "user", "content": PLACE}]
            if system is not None:
                template.insert(0, {"role": "system", "content": system})
        elif system is not None or answer is None:
            raise InputError("answer, system: completions need an answer, and have no system message.")
        else:
            template = f"{PLACE}\nAnswer:"
        asked = None
        if answer is None:
            shared = {name: options[name] for name in _CONNECTION & set(options)}
            whole = [{**message, "content": message["content"].replace(PLACE, text)} for message in template]
            asked = ChatReplies(model, max_tokens=1, **shared)
            answer = asked(whole)
        game = cls(text, model=model, template=template, answer=answer, features=parts, **options)
        if asked is not None:
            game.usage.include(asked.usage)
        game.question, game.answer = question, answer.strip()
        game.documents, game.groups = {one.name: one.text for one in read}, group_numbers(read)
        game.group_names = tuple(one.name for one in read if one.parts is not None)
        against = options.get("against")
        game.value_name = "log-probability of the answer" + (f" minus that of {against!r}" if against else "")
        return game

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the values of masks; masks that leave the same text are asked for once.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Natural logarithms of probabilities, or differences of two.

        Raises
        ------
        PartialAnswerError
            If requests fail for long, or a server that has answered before refuses some. It has all answers
            that were obtained.
        InputError
            If the server refuses all requests, or has never been reached; the message names the remedy.
            Errors never quote the key.
        """
        masks = checked_masks(masks, self.n)
        texts = self._parts.texts(masks, self._placeholder)
        # The longest goes first: it is the one that shows whether the model's window is large enough.
        distinct = sorted(set(texts), key=len, reverse=True)
        if not distinct:
            return np.zeros(0)
        batch = RequestBatch([request for text in distinct for request in self._question.requests(text)])
        interrupt: BaseException | None = None
        try:
            self._connection.send(batch, self._warn_of_unlisted_answer)
        except (KeyboardInterrupt, SystemExit) as error:
            interrupt = error
        place = {text: i for i, text in enumerate(distinct)}
        values, exact = self._question.values(batch.scores)
        which = [place[text] for text in texts]
        values, exact = values[which], exact[which]
        refused = np.isin(which, [i // len(self._question.signs) for i in batch.refused])
        answered = ~np.isnan(values)
        self._bounds.add(int((answered & ~exact).sum()), int(answered.sum()))
        problem = interrupt or batch.problem
        if problem is None:
            return values
        if not answered.any() and not refused.any() and not can_be_answered_later(problem):
            raise problem
        partial = partial_answer(problem, values, batch.retry_after, refused)
        if interrupt is not None:
            raise interrupt from partial  # the session keeps the answers in it
        raise partial from problem

    @property
    def batch_size(self) -> int:
        """Number of masks that suits one call: all connections are busy nearly to its end."""
        return _CALLS_PER_CONNECTION * self._connection.concurrency

    def work(self, masks: BoolArray) -> FloatArray:
        """Estimate the tokens of every mask's prompts.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,)
            Tokens, at four characters each.
        """  # numpydoc ignore=RS01
        return self._characters(masks) * len(self._question.signs) / _CHARACTERS_PER_TOKEN

    def limit_time(self, seconds: float | None) -> None:
        """Do not wait for the server beyond a time limit; `explain` calls it with ``max_seconds``.

        Parameters
        ----------
        seconds : float or None
            From now on; None for no limit.
        """  # numpydoc ignore=RS01
        self._connection.limit_time(seconds)

    @property
    def censored(self) -> int:
        """Number of values that are bounds."""
        return self._bounds.bounds

    @property
    def usage(self) -> Usage:
        """Requests and tokens of this process."""
        return self._connection.requests.usage

    def __repr__(self) -> str:
        return f"ChatGame({self._question.model!r} at {self._connection}, {counted(self.n, 'feature')})"

    def __str__(self) -> str:
        used, values = self.usage, self._bounds.values
        return (
            f"ChatGame of {counted(self.n, 'feature')}: {counted(values, 'value')}, {self.censored:,} of "
            f"them bounds; {counted(used.requests, 'request')}, {counted(used.prompt_tokens, 'token')} of "
            f"prompts and {used.completion_tokens:,} of answers"
        )

    def _warn_of_unlisted_answer(self) -> None:
        if self._question.unlisted:
            warnings.warn(self._question.unlisted, stacklevel=5)


def _lengths(texts: list[str]) -> list[int]:
    return [len(text) for text in texts]
