"""Scores of the tokens of an answer, and the values that are computed from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["VALUES", "AnswerScores", "answer_scores", "answer_values", "token_values"]

VALUES = ("log_prob", "mean_log_prob", "log_odds", "logit", "perplexity")


@dataclass(frozen=True, eq=False)
class AnswerScores:
    """Scores of A answers after b prompts; T is the number of tokens of the longest.

    The logit of a token and that of all others together give its probability and its odds with full
    precision, also near 0 and 1.

    Attributes
    ----------
    logits : ndarray of float64, shape (b, A, T)
    others : ndarray of float64, shape (b, A, T)
        log Σ exp of the logits of all other tokens.
    real : ndarray of bool, shape (b, A, T)
        Whether an answer has this token.
    """

    logits: FloatArray
    others: FloatArray
    real: BoolArray

    @property
    def log_probs(self) -> FloatArray:
        """Log-probabilities of the tokens (b, A, T), 0 where there is none."""
        return np.where(self.real, -np.logaddexp(0.0, self.others - self.logits), 0.0)


def answer_scores(flat: FloatArray, counts: Sequence[Sequence[int]]) -> AnswerScores:
    """Arrange scores (2, N), which are in the order of prompts, answers and tokens.

    Parameters
    ----------
    flat : ndarray, shape (2, N)
    counts : sequence of shape (b, A)
        Number of tokens of every answer after every prompt.
    """
    lengths = np.asarray(counts)
    real = np.arange(lengths.max()) < lengths[..., None]
    both = np.zeros((2, *real.shape))
    both[:, real] = flat
    return AnswerScores(both[0], both[1], real)


def answer_values(scores: AnswerScores, value: str, alternatives: int) -> FloatArray:
    """Return a value for every answer (b, A − alternatives).

    Parameters
    ----------
    scores : AnswerScores
    value : str
        One of `VALUES`.
    alternatives : int
        Number of answers, the last ones, that are the alternatives of log-odds; with 0, everything else is.
    """
    log_probs = scores.log_probs.sum(axis=2)
    answers = log_probs.shape[1] - alternatives
    if value == "logit":
        return np.where(scores.real, scores.logits, 0.0).sum(axis=2)
    if value == "log_prob":
        return log_probs
    if value == "log_odds":
        against = np.logaddexp.reduce(log_probs[:, answers:], axis=1)[:, None] if alternatives else None
        return log_probs[:, :answers] - (_log_complement(log_probs) if against is None else against)
    mean = log_probs / scores.real.sum(axis=2)
    return mean if value == "mean_log_prob" else np.exp(-mean)


def token_values(scores: AnswerScores, value: str) -> FloatArray:
    """Return a value for every token (b, T) of the only answer.

    Raises
    ------
    InputError
        If the answer does not have the same number of tokens after every prompt.
    """
    if not scores.real.all():
        raise InputError(
            "tokens: the answer's tokens change with the mask, as its beginning joins the word before it; "
            "end the template with fixed text, such as '{} Answer:'."
        )
    if value == "logit":
        return scores.logits[:, 0]
    if value == "log_odds":
        return (scores.logits - scores.others)[:, 0]
    return scores.log_probs[:, 0] if value != "perplexity" else np.exp(-scores.log_probs[:, 0])


def _log_complement(log_probs: FloatArray) -> FloatArray:
    """Return log(1 − p) of log p."""
    return np.log(np.maximum(-np.expm1(log_probs), np.finfo(np.float64).tiny))
