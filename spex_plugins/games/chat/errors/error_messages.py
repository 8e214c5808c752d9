"""The errors of requests as the user sees them: with a remedy, without credentials."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from spex_plugins.errors import InputError, PartialAnswerError, SpexError
from spex_plugins.games.chat.errors.api_errors import (
    BROKEN_REPLY,
    BrokenReplyError,
    PassingError,
    RefusedError,
    UnreachableError,
    has_no_connection,
    is_passing,
    timeouts,
)
from spex_plugins.games.chat.errors.credentials import redacted
from spex_plugins.games.chat.scores import MissingLogProbsError
from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["explained", "partial_answer"]

_REQUEST = (
    "model, template, top_logprobs, extra: the server refuses the request; extra= adds fields to it and "
    "leaves out those that are None"
)
_REMEDIES = {
    401: "api_key: the server does not accept it; set OPENAI_API_KEY or pass api_key=",
    403: "api_key: it does not give access to this model; use another key or model",
    404: "model, base_url: the server does not know the model or has no such endpoint; check both",
    429: "api_key: the account has no credit left; add some and run again, what was answered is kept",
}
_QUOTED = 500  # characters of the message of a server


def explained(
    error: Exception,
    *,
    proven: bool,
    secret: str | Iterable[str],
    address: str = "the server",
    outage: float | None = None,
) -> Exception:
    """Return the error that the user sees: with a remedy where only the user can help, without credentials.

    Parameters
    ----------
    error : Exception
    proven : bool
        Whether this server has ever answered with log-probabilities.
    secret : str or iterable of str
        Keys and passwords; some servers quote them.
    address : str
        Address of the server.
    outage : float, optional
        Seconds for which nothing has answered, if that is why the request is not repeated.

    Returns
    -------
    Exception
        An `InputError` where the user can help, a `RefusedError` where that request alone may be refused, or
        has no readable reply, a `PassingError` where a later request may succeed; any other error as it is.
    """
    import openai

    secrets = [secret] if isinstance(secret, str) else list(secret)

    def quoted(text: str) -> str:
        return f"{redacted(text, secrets):.{_QUOTED}}"

    if isinstance(error, openai.APIStatusError) and not is_passing(error):
        remedy = _REMEDIES.get(error.status_code)
        kind = RefusedError if proven and remedy is None else InputError
        return kind(f"{remedy or _REQUEST}. The server says: {quoted(str(error))}")
    if not is_passing(error):
        return error
    by_transport = isinstance(error, openai.APIConnectionError)
    where = "" if proven and not by_transport and outage is None else f" at {address}"
    message = _reason(error) if by_transport else str(error)
    reason = quoted(f"{type(error).__name__}{where}: {message}".removesuffix(": "))
    if outage is not None:
        reason += f"; nothing else has come for {outage:.0f} s, so that no further request is sent"
    remedy = "" if proven else _remedy_of_first(error, outage)
    if remedy:
        return InputError(f"{remedy}: {reason}")
    if outage is None and isinstance(error, (MissingLogProbsError, *BROKEN_REPLY)):
        return BrokenReplyError(reason)
    return PassingError(reason) if outage is None else UnreachableError(reason)


def partial_answer(
    problem: BaseException, values: FloatArray, retry_after: float | None, refused: BoolArray
) -> PartialAnswerError:
    """Return the error that carries the values (b,) of a batch, NaN where there is no answer.

    If the server refuses some masks, these fail for good, and the others without an answer are asked again.
    """
    is_ours = isinstance(problem, PassingError | SpexError)
    text = str(problem) if is_ours else f"{type(problem).__name__}: {problem}".removesuffix(": ")
    answered = ~np.isnan(values)
    return PartialAnswerError(
        f"{int((~answered).sum()):,} of {counted(len(values), 'mask')} were not answered: {text}",
        values=values,
        answered=answered,
        retry_after=retry_after,
        failed=refused if refused.any() else None,
        transient=not refused.any(),
    )


def _remedy_of_first(error: Exception, outage: float | None) -> str:
    """Return what may be wrong with a server that has never answered; "" where it may be busy."""
    if has_no_connection(error):
        return "base_url: no server answers; check the address, and that it runs"
    if isinstance(error, timeouts()):
        return (
            "base_url, timeout: the server takes requests and answers none in time; check that the model "
            "runs, or allow more seconds"
        )
    if isinstance(error, MissingLogProbsError):
        return "model, endpoint: choose ones that give top_logprobs (reasoning models mostly do not)"
    if isinstance(error, BROKEN_REPLY):
        return (
            "base_url: the server does not answer as an OpenAI-compatible API does; check the address, which "
            "often ends in /v1"
        )
    if outage is not None:
        return "base_url: a gateway answers, and no server behind it; check that the model runs"
    return ""


def _reason(error: Exception) -> str:
    """Return the message of the operating system, which every layer above replaces by its own."""
    behind: BaseException | None = error.__cause__
    reason = str(behind or error) or type(behind).__name__
    while behind is not None:
        if isinstance(behind, OSError) and str(behind):
            reason = str(behind)
        behind = behind.__cause__ or behind.__context__
        if isinstance(behind, BaseExceptionGroup):  # one error for every address of a name
            behind = behind.exceptions[0]
    return reason
