"""From the reply of an API to a log-probability, or to a bound of it where the reply lacks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import exp, fsum, inf, isfinite, log
from typing import Any
from warnings import warn

from spex_plugins.errors import InputError
from spex_plugins.games.chat.choices import first_choice

__all__ = [
    "BoundCounter",
    "MissingLogProbsError",
    "Score",
    "TopTokens",
    "answer_forms",
    "first_of_several",
    "score_answer",
    "score_difference",
    "token_bytes",
]

_ROUNDING = 1e-6  # servers round probabilities to float32: sums of them are not more certain
_UNKNOWN = -9998.0  # some servers write −9999 for "not among the most probable ones"
_TOO_MANY_BOUNDS, _ENOUGH_VALUES = 0.05, 20
_SPACES = ("\u0120", "\u2581")  # how byte-level BPE and SentencePiece write the space before a word


class MissingLogProbsError(Exception):
    """A reply without the log-probabilities that were asked for."""


@dataclass(frozen=True)
class Score:
    """A value read from one reply.

    Attributes
    ----------
    value : float
    exact : bool
        False if the reply lacks part of what is needed, so that the value is a bound.
    """

    value: float
    exact: bool


@dataclass
class BoundCounter:
    """Number of values so far, and how many of them are bounds; warns once if they are many."""

    values: int = 0
    bounds: int = 0
    _warned: bool = False

    def add(self, bounds: int, values: int) -> None:
        self.bounds += bounds
        self.values += values
        many = self.values >= _ENOUGH_VALUES and self.bounds > _TOO_MANY_BOUNDS * self.values
        if many and not self._warned:
            self._warned = True
            warn(
                f"{self.bounds} of {self.values} values are bounds: the answer was not among the most "
                "probable tokens. Choose an answer that the model gives, or raise top_logprobs.",
                stacklevel=3,
            )


@dataclass(frozen=True)
class TopTokens:
    """The most probable first tokens of a reply.

    Attributes
    ----------
    log_probs : dict of bytes to float
        By the bytes of the token.
    generated : bytes
        The token that the model chose.
    lowest : float
        The least of the log-probabilities that the server lists as the most probable ones.
    """

    log_probs: dict[bytes, float]
    generated: bytes
    lowest: float

    @classmethod
    def of(cls, reply: Any) -> TopTokens:
        """Read both shapes, that of chat completions and that of legacy completions, from either endpoint."""
        try:
            logprobs = first_choice(reply)["logprobs"]
            if "content" in logprobs:
                first = logprobs["content"][0]
                chosen = token_bytes(first), first["logprob"]
                listed = [(token_bytes(each), each["logprob"]) for each in first["top_logprobs"]]
            else:
                chosen = token_bytes({"token": logprobs["tokens"][0]}), logprobs["token_logprobs"][0]
                listed = [
                    (token_bytes({"token": token}), v) for token, v in logprobs["top_logprobs"][0].items()
                ]
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise MissingLogProbsError(f"the reply has no log-probs{_stated_error(reply)}") from None
        log_probs: dict[bytes, float] = {}
        for token, v in [chosen, *listed]:
            if _usable(v):  # several tokens can have one text, such as a word with and without its space
                log_probs[token] = max(log_probs.get(token, -inf), min(float(v), 0.0))
        if not log_probs:
            raise MissingLogProbsError("the log-probs of the reply are no numbers")
        lowest = min((min(float(v), 0.0) for _, v in listed if _usable(v)), default=0.0)
        return cls(log_probs, chosen[0], lowest)

    def likeliest(self, count: int) -> str:
        """Quote the most probable tokens."""
        ranked = sorted(self.log_probs, key=lambda token: -self.log_probs[token])
        return ", ".join(repr(token.decode(errors="replace")) for token in ranked[:count])

    def bound(self) -> float:
        """Return a bound that the log-probability of no unlisted token exceeds.

        It is at most as probable as every token of the list, and all that are not listed share the rest.
        """
        rest = max(1.0 - fsum(map(exp, self.log_probs.values())), 0.0) + _ROUNDING
        return min(self.lowest, log(min(rest, 1.0)))


def answer_forms(answer: str, *, begins_message: bool) -> tuple[bytes, ...]:
    """Return the tokens that count as an answer.

    Behind a prompt it is exactly this text. A chat message begins with it: models differ in whether they
    put a space first, which means nothing there, so that the likelier form counts.
    """
    if not answer.strip():
        raise InputError(f"answer: must hold more than white space, got {answer!r}.")
    if not begins_message:
        return (answer.encode(),)
    return answer.lstrip(" ").encode(), b" " + answer.lstrip(" ").encode()


def score_answer(top: TopTokens, forms: tuple[bytes, ...]) -> Score:
    """Return the log-probability of an answer's likeliest form, or the largest that it can have."""
    listed = [top.log_probs[form] for form in forms if form in top.log_probs]
    if not listed:
        return Score(top.bound(), exact=False)
    return Score(max(listed), exact=True)


def score_difference(top: TopTokens, forms: tuple[bytes, ...], against: tuple[bytes, ...]) -> Score:
    """Return log p(answer) − log p(against).

    If one of them is not listed its bound takes its place: of the answer it makes the difference an upper
    bound, of the other one a lower bound. If neither is listed both have the same bound, nothing is known
    about the sign, and the value is 0.
    """
    one, other = score_answer(top, forms), score_answer(top, against)
    return Score(one.value - other.value, one.exact and other.exact)


def first_of_several(top: TopTokens, forms: tuple[bytes, ...]) -> str | None:
    """Return the token with which an answer of several tokens begins, "" if it is not listed either.

    None where the answer is listed, or may be a single token that is merely improbable: several are those
    with white space inside, and those of which a token begins the answer that was generated, or that makes up
    half of it. (A short one, such as "In", begins other answers too.)
    """
    if any(form in top.log_probs for form in forms):
        return None
    begun = [token for token in (top.generated, *top.log_probs) if _begins(token, forms)]
    longest = max(begun, key=len, default=b"")
    first = top.generated if top.generated in begun else longest
    several = first == top.generated or 2 * len(longest) >= min(map(len, forms))
    if (begun and several) or len(forms[0].split()) > 1:
        return first.decode(errors="replace")
    return None


def _begins(token: bytes, forms: tuple[bytes, ...]) -> bool:
    return bool(token.strip()) and any(form.startswith(token) and form != token for form in forms)


def _usable(value: Any) -> bool:
    return isinstance(value, int | float) and isfinite(value) and value > _UNKNOWN


def token_bytes(entry: Mapping[str, Any]) -> bytes:
    """Return the bytes of a token: what the server says, or what its text stands for."""
    if entry.get("bytes"):  # some servers send an empty list with every token
        return bytes(entry["bytes"])
    token: str = entry["token"]
    if token.startswith("bytes:\\x"):  # legacy completions write parts of characters like this
        return bytes.fromhex(token.removeprefix("bytes:").replace("\\x", ""))
    if token.startswith(_SPACES):
        token = " " + token[1:]
    return token.encode()


def _stated_error(reply: Any) -> str:
    """Quote the error that some gateways send with the status of success."""
    error = reply.get("error") if isinstance(reply, dict) else None
    return f", but an error: {error!r}" if error else ""
