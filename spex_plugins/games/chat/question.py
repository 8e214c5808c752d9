"""The prompt, a template with a place for the masked text, and how the answer to it is scored."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.chat.echo import echoed_log_prob
from spex_plugins.games.chat.request_batch import Request
from spex_plugins.games.chat.scores import (
    Score,
    TopTokens,
    answer_forms,
    first_of_several,
    score_answer,
    score_difference,
)
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["ENDPOINTS", "PLACE", "Question", "Template"]

PLACE = "{}"

_FIELDS = {"temperature": 0, "max_tokens": 1, "seed": 0}
_LOG_PROBS: dict[str, Callable[[int], dict[str, Any]]] = {
    "chat": lambda count: {"logprobs": True, "top_logprobs": count},
    "completions": lambda count: {"logprobs": count},
    "completions+echo": lambda count: {"logprobs": 1, "echo": True},
}
ENDPOINTS = tuple(_LOG_PROBS)

Template = str | Sequence[Mapping[str, Any]]


class Question:
    """The requests for a masked text, and how their replies are read.

    Parameters
    ----------
    endpoint : {"chat", "completions", "completions+echo"}
    model : str
    template : str or sequence of messages
        With ``{}`` where the masked text belongs; messages have ``role`` and ``content``.
    answer, against : str, str or None
    top_logprobs : int
    extra : mapping or None
        Further fields of the requests, or None in place of what is not to be sent.

    Attributes
    ----------
    description : dict
        All parameters, for the digest of a game.
    signs : tuple of float
        One for each request: the value is the sum of their scores with these signs.
    model : str
    fixed_characters : int
        Length of the template.
    unlisted : str
        A warning for the user if no answer was listed in the first reply; "" if one was.
    """

    def __init__(
        self,
        endpoint: str,
        model: str,
        template: Template,
        answer: str,
        against: str | None,
        top_logprobs: int,
        extra: Mapping[str, Any] | None,
    ) -> None:
        if endpoint not in ENDPOINTS:
            raise InputError(f"endpoint: must be one of {list(ENDPOINTS)}, got {endpoint!r}.")
        for name, text in (("model", model), ("answer", answer), ("against", against)):
            if not isinstance(text, str) and not (name == "against" and text is None):
                raise InputError(f"{name}: must be a text, got {text!r:.80}.")
        if not isinstance(extra, Mapping | None):
            raise InputError(f"extra: must be a dict of further fields, got {extra!r:.80}.")
        self._chat = endpoint == "chat"
        self._echo = endpoint == "completions+echo"
        self._template = _checked(template, self._chat)
        fields = _FIELDS | {"model": model} | _LOG_PROBS[endpoint](top_logprobs) | dict(extra or {})
        self._fields = {name: value for name, value in fields.items() if value is not None}
        self._answers = [answer] if against is None else [answer, against]
        self._forms = [answer_forms(each, begins_message=self._chat) for each in self._answers]
        if len(self._forms) == 2 and set(self._forms[0]) & set(self._forms[1]):
            raise InputError(f"against: must be another answer than {answer!r}.")
        self._listed_before = [False] * len(self._answers)
        self.model = model
        self._replies, self.unlisted = 0, ""
        self.description = {"endpoint": endpoint, "fields": self._fields, "template": self._template}
        self.description |= {"answers": self._answers}
        self.signs = (1.0, -1.0)[: len(self._answers)] if self._echo else (1.0,)
        contents = [m["content"] for m in self._template] if self._chat else [self._template]
        self.fixed_characters = sum(len(content.replace(PLACE, "")) for content in contents)

    def requests(self, text: str) -> list[Request]:
        """Return the requests for a masked text."""
        if self._chat:
            messages = [{**m, "content": m["content"].replace(PLACE, text)} for m in self._template]
            return [Request(True, {**self._fields, "messages": messages}, self._read_top)]
        prompt = self._template.replace(PLACE, text)
        if not self._echo:
            return [Request(False, {**self._fields, "prompt": prompt}, self._read_top)]
        return [
            Request(False, {**self._fields, "prompt": prompt + answer}, partial(_read_echo, prompt, answer))
            for answer in self._answers
        ]

    def values(self, scores: Sequence[Score | None]) -> tuple[FloatArray, BoolArray]:
        """Combine the scores of all requests into the values of d texts, NaN where one is missing.

        Returns
        -------
        values : ndarray of float64, shape (d,)
        exact : ndarray of bool, shape (d,)
        """
        signs = np.array(self.signs)
        values = np.array([np.nan if score is None else score.value for score in scores])
        exact = np.array([score is not None and score.exact for score in scores], dtype=bool)
        return values.reshape(-1, len(signs)) @ signs, np.all(exact.reshape(-1, len(signs)), axis=1)

    def _read_top(self, reply: Any) -> Score:
        top = TopTokens.of(reply)
        for k, forms in enumerate(self._forms):
            self._listed_before[k] |= any(form in top.log_probs for form in forms)
            part = None if self._listed_before[k] else first_of_several(top, forms)
            if part is not None:
                begun = f", which begins it with {part!r}" if part else ""
                raise InputError(
                    f"{('answer', 'against')[k]}: {self._answers[k]!r} seems to be several tokens for this "
                    f"model{begun}; choose an answer of one token{f', such as {part!r}' if part else ''}, "
                    'or, where the server can echo prompts, endpoint="completions+echo".'
                )
        self._replies += 1
        if self._replies == 1 and not any(self._listed_before):
            names = " and ".join(map(repr, self._answers))
            self.unlisted = (
                f"answer: {names} is not among the most probable tokens of the first reply, whose value is "
                f"therefore a bound; the likeliest are {top.likeliest(5)}. Choose an answer that the model "
                "gives as one token, or raise top_logprobs."
            )
        answer, *against = self._forms
        return score_difference(top, answer, *against) if against else score_answer(top, answer)


def _read_echo(prompt: str, answer: str, reply: Any) -> Score:
    return Score(echoed_log_prob(reply, prompt, answer), exact=True)


def _checked(template: Template, chat: bool) -> Any:
    """Return a list of messages for chats, and a string for completions."""
    if not isinstance(template, str) and not chat:
        raise InputError('template: must be a string for completions; messages need endpoint="chat".')
    if not isinstance(template, Sequence):
        raise InputError(f"template: must be a text or a list of messages, got {template!r:.80}.")
    messages = [{"role": "user", "content": template}] if isinstance(template, str) else list(template)
    whole = [
        isinstance(one, Mapping) and "role" in one and isinstance(one.get("content"), str) for one in messages
    ]
    if not all(whole):
        raise InputError('template: every message must be a dict with "role" and "content" (a string).')
    if not any(PLACE in message["content"] for message in messages):
        raise InputError(f"template: needs {PLACE!r} where the masked text belongs, got {template!r:.80}.")
    return [dict(message) for message in messages] if chat else template
