"""Many requests to one API at a time: bounded, repeated where that helps, within the limits of the server."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from spex_plugins.games.chat.api_errors import (
    PassingError,
    ServerBusyError,
    explained,
    headers_of,
    repetitions,
)
from spex_plugins.games.chat.credentials import credentials_of
from spex_plugins.games.chat.rate_limit import RateLimit
from spex_plugins.games.chat.scores import Score

__all__ = ["Outcome", "Request", "Requests", "Usage"]

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0  # seconds between attempts
_CONNECT = 5.0  # seconds until a server takes a connection
_LONGEST_WAIT = 60.0  # seconds until a limit ends; the caller is asked to come back after a longer time


@dataclass(frozen=True)
class Request:
    """What is sent, to the chat or the completions endpoint, and how its reply is read."""

    chat: bool
    fields: dict[str, Any]
    read: Callable[[Any], Score]


@dataclass
class Usage:
    """What was asked of an API so far, failed requests included; tokens as far as the server tells them."""

    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, reply: Any) -> int:
        """Count the tokens of a reply and return their number."""
        told = reply.get("usage") if isinstance(reply, dict) else None
        told = told if isinstance(told, dict) else {}
        prompt, completion = (int(told.get(f"{kind}_tokens") or 0) for kind in ("prompt", "completion"))
        self.prompt_tokens += prompt
        self.completion_tokens += completion
        return prompt + completion


class Outcome:
    """What came of a batch of requests.

    Attributes
    ----------
    scores : list of Score or None
        None where there is no answer.
    waiting : iterator of int
        The requests that have not been sent.
    problem : Exception or None
        Why, if there are such: the error that ended the batch, or else the last one.
    ended : bool
        Whether the remaining requests were not sent at all.
    retry_after : float or None
        Seconds that the server wants to be left alone.
    patience : int
        How many failures in a row are borne before the batch ends.
    """

    def __init__(self, count: int) -> None:
        self.scores: list[Score | None] = [None] * count
        self.waiting = iter(range(count))
        self.problem: Exception | None = None
        self.ended = False
        self.retry_after: float | None = None
        self.patience, self._in_a_row = 0, 0

    def stop(self) -> None:
        """Send no more."""
        self.ended = True

    def answered(self, i: int, score: Score) -> None:
        self.scores[i], self._in_a_row = score, 0

    def failed(self, problem: Exception) -> None:
        self._in_a_row += 1
        if not self.ended:
            self.problem = problem
            # A dead server is not tried with every single request.
            self.ended = not isinstance(problem, PassingError) or self._in_a_row > self.patience


class Requests:
    """The requests to one API.

    Parameters
    ----------
    client : openai.AsyncOpenAI
    concurrency : int
        Requests under way at a time.
    max_retries : int
        How often a request is repeated.
    timeout : float
        Seconds for one request.

    Attributes
    ----------
    proven : bool
        Whether the server has ever answered.
    usage : Usage
    """

    def __init__(self, client: Any, *, concurrency: int, max_retries: int, timeout: float) -> None:
        # Repeating is done here, where one refusal makes all requests wait and every attempt is counted.
        import openai

        limits = openai.Timeout(timeout, connect=min(timeout, _CONNECT))
        self._client = client.with_options(max_retries=0, timeout=limits)
        self._concurrency, self._max_retries, self._timeout = concurrency, max_retries, timeout
        self._limit = RateLimit()
        self._slots = asyncio.Semaphore(concurrency)  # for calls from several threads together
        self.proven = False
        self.usage = Usage()

    async def send_one(self, requests: Sequence[Request], outcome: Outcome) -> None:
        """Send one request, alone: it shows whether the others are worth their money."""
        await self._work(requests, iter([next(outcome.waiting)]), outcome)
        outcome.patience = self._concurrency

    async def send(self, requests: Sequence[Request], outcome: Outcome) -> None:
        """Send the requests that wait."""
        outcome.patience = self._concurrency
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._concurrency, len(requests))):
                group.create_task(self._work(requests, outcome.waiting, outcome))
        outcome.retry_after = self._limit.wait() or None

    async def _work(self, requests: Sequence[Request], waiting: Iterator[int], outcome: Outcome) -> None:
        """Settle one request after the other; several workers share those that are waiting."""
        while not outcome.ended and (i := next(waiting, None)) is not None:
            try:
                outcome.answered(i, await self._ask(requests[i], outcome))
                self.proven = True
            except Exception as error:
                secret, address = credentials_of(self._client), str(self._client.base_url)
                told = explained(error, proven=self.proven, secret=secret, address=address)
                outcome.failed(told)

    async def _ask(self, request: Request, outcome: Outcome) -> Score:
        """Send a request until it is answered, or until that is of no use."""
        for attempt in range(self._max_retries + 1):
            try:
                async with self._slots:
                    await self._pass_the_limit()
                    return await self._attempt(request)
            except Exception as error:
                most = repetitions(error, self._max_retries, proven=self.proven)
                if attempt >= most or outcome.ended:
                    raise
                pause = min(_FIRST_PAUSE * 2.0**attempt, _LONGEST_PAUSE)
                await asyncio.sleep(pause * random.uniform(0.75, 1.25))  # not all at the same moment
                if outcome.ended:
                    raise
        raise AssertionError("unreachable")

    async def _pass_the_limit(self) -> None:
        while (seconds := self._limit.wait()) > 0:
            if seconds > _LONGEST_WAIT:
                raise ServerBusyError(f"the server is at its limit for another {seconds:.0f} s")
            await asyncio.sleep(min(seconds, 1.0))  # another request may hear news meanwhile
        self._limit.start()

    async def _attempt(self, request: Request) -> Score:
        headers, tokens = None, 0
        self.usage.requests += 1
        try:
            async with asyncio.timeout(self._timeout):
                response = await self._post(request)
            headers = response.headers
            reply = json.loads(response.content)
            tokens = self.usage.add(reply)
            return request.read(reply)
        except Exception as error:
            headers = headers_of(error) if headers is None else headers
            raise
        finally:
            self._limit.end(headers, tokens)

    async def _post(self, request: Request) -> Any:
        """Return the response as it came: servers differ from the shapes that the client knows."""
        client = self._client
        endpoint = client.chat.completions if request.chat else client.completions
        fields = dict(request.fields)
        prompt = "messages" if request.chat else "prompt"
        given = {name: fields.pop(name) for name in ("model", prompt)}
        raw = await endpoint.with_raw_response.create(**given, extra_body=fields)
        return raw.http_response
