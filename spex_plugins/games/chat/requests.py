"""Concurrent requests to one API: bounded in number, repeated where that helps, within its limits."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from math import inf
from time import monotonic
from typing import Any

from spex_plugins.games.chat.errors.api_errors import ServerBusyError, headers_of, repetitions, was_reached
from spex_plugins.games.chat.errors.credentials import credentials_of
from spex_plugins.games.chat.errors.error_messages import explained
from spex_plugins.games.chat.rate_limit import RateLimit
from spex_plugins.games.chat.request_batch import Request, RequestBatch, Usage
from spex_plugins.queries.calls.retries import Backoff, Outage, Retries

__all__ = ["Requests"]

_FIRST_DELAY, _LONGEST_DELAY, _JITTER = 0.5, 8.0, (0.75, 1.25)  # seconds between attempts
_CONNECT = 5.0  # seconds until a server accepts a connection
_LONGEST_WAIT = 60.0  # seconds until a limit ends; the caller is asked to come back after a longer time
_LONGEST_OUTAGE = 60.0  # seconds without any answer after which an unreachable server is not tried again


class Requests:
    """The requests to one API.

    Parameters
    ----------
    client : openai.AsyncOpenAI
    concurrency : int
        Number of requests at a time.
    max_retries : int
        How often a request is repeated.
    timeout : float
        Seconds for one request.

    Attributes
    ----------
    proven : bool
        Whether the server has ever answered.
    usage : Usage
    deadline : float
        Moment of the monotonic clock beyond which no limit of the server and no delay is waited for.
    """

    def __init__(self, client: Any, *, concurrency: int, max_retries: int, timeout: float) -> None:
        # Repeating is done here, where one refusal makes all requests wait and every attempt is counted.
        import openai

        limits = openai.Timeout(timeout, connect=min(timeout, _CONNECT))
        self._client = client.with_options(max_retries=0, timeout=limits)
        self._concurrency, self._max_retries, self._timeout = concurrency, max_retries, timeout
        self._limit = RateLimit()
        backoff = Backoff(_FIRST_DELAY, _LONGEST_DELAY, _JITTER)
        self._retries = Retries(backoff, self._repetitions, Outage(was_reached, _LONGEST_OUTAGE))
        self._slots = asyncio.Semaphore(concurrency)  # for calls from several threads together
        self.proven = False
        self.usage = Usage()
        self.deadline = inf

    async def send_one(self, batch: RequestBatch) -> None:
        """Send one request, alone: it shows whether the others are worth their price."""
        await self._work(batch, iter([next(batch.waiting)]))
        batch.patience = self._concurrency

    async def send(self, batch: RequestBatch) -> None:
        """Send the requests that wait."""
        batch.patience = self._concurrency
        async with asyncio.TaskGroup() as group:
            for _ in range(min(self._concurrency, len(batch.requests))):
                group.create_task(self._work(batch, batch.waiting))
        batch.retry_after = self._limit.wait() or None

    async def _work(self, batch: RequestBatch, waiting: Iterator[int]) -> None:
        """Send one request after the other; several such workers share those that wait."""
        while not batch.ended and (i := next(waiting, None)) is not None:
            try:
                batch.answered(i, await self._ask(batch.requests[i], batch))
                self.proven = True
                self._retries.succeeded()
            except Exception as error:
                batch.failed(i, self._explained(error))

    async def _ask(self, request: Request, batch: RequestBatch) -> Any:
        """Send a request until it is answered, or until repeating it is of no use."""
        failures = 0
        while True:
            try:
                async with self._slots:
                    await self._wait_for_limit()
                    return await self._attempt(request)
            except Exception as error:
                failures += 1
                delay = self._retries.delay(error, failures)
                if delay is None or batch.ended or delay > self._left():
                    raise
                await asyncio.sleep(delay)
                if batch.ended:
                    raise

    def _repetitions(self, error: BaseException | None) -> int:
        return repetitions(error, self._max_retries, proven=self.proven)

    def _explained(self, error: Exception) -> Exception:
        return explained(
            error,
            proven=self.proven,
            secret=credentials_of(self._client),
            address=str(self._client.base_url),
            outage=self._retries.outage.too_long,
        )

    async def _wait_for_limit(self) -> None:
        while (seconds := self._limit.wait()) > 0:
            if seconds > min(_LONGEST_WAIT, self._left()):
                raise ServerBusyError(f"the server is at its limit for another {seconds:.0f} s")
            await asyncio.sleep(min(seconds, 1.0))  # another response may change the limit meanwhile
        self._limit.start()

    def _left(self) -> float:
        return self.deadline - monotonic()

    async def _attempt(self, request: Request) -> Any:
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
