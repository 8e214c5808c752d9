"""Links between the model's answers and the values: means over background rows, and weights for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["LinkedMean", "linearizing_weights", "linked"]

_NEAR = 1e-8  # relative difference of linked values of which rounding leaves half the digits
_SHARES = 10.0 ** -np.arange(3, 16)  # of a number, tried as steps for a derivative
_STRAIGHT = 1e-4  # relative difference of linked values over which a link is straight up to 1e-8


class LinkedMean:
    """The value of a mask from the answers to its background rows.

    Parameters
    ----------
    link : callable
    linearizes : bool
        Average links, with weights of the rows that make the mean of the links of the first mask, the empty
        one, the link of its mean; else link the mean.
    explained : ndarray of int, optional
        The outputs that count, by default all. Links of others may be infinite, and are 0 here.
    """

    def __init__(self, link: Any, linearizes: bool, explained: IntArray | None = None) -> None:
        self.link = link
        self.linearizes = linearizes and link is not shap.links.identity
        self.explained = explained
        self.weights: FloatArray | None = None

    def fitted(self, answers: FloatArray) -> FloatArray:
        """Return the weights for the answers (S,) or (S, K) to the background itself, and keep them."""
        self.weights = linearizing_weights(answers, self.link)
        return self.weights

    def __call__(self, answers: FloatArray) -> FloatArray:
        """Return values (m,) or (m, K) of answers (m, S) or (m, S, K); the empty mask must come first."""
        if self.link is shap.links.identity:
            return answers.mean(axis=1, dtype=np.float64)
        wanted: Any = slice(None)
        if self.explained is not None and answers.ndim == 3:
            numbers = np.arange(answers.shape[2])
            wanted = np.isin(numbers, self.explained) | np.isin(numbers - len(numbers), self.explained)
        values = np.zeros((len(answers), *answers.shape[2:]))
        chosen = answers[..., wanted].astype(np.float64)
        if not self.linearizes:
            values[..., wanted] = linked(chosen.mean(axis=1), self.link, of_mean=True)
            return values
        weights = self.fitted(chosen[0]) if self.weights is None else self.weights
        values[..., wanted] = (weights * linked(chosen, self.link)).mean(axis=1)
        return values


def linked(answers: FloatArray, link: Any, of_mean: bool = False) -> FloatArray:
    """Return the link of answers of any shape, or of means of answers.

    Raises
    ------
    InputError
        If it is infinite or NaN where the answer is finite.
    """
    values = _linked(answers, link)
    bad = ~np.isfinite(values) & np.isfinite(answers)
    if bad.any():
        name = getattr(link, "__name__", "the link")
        what = "mean answer to the background rows is" if of_mean else "answers are"
        other = "linearize_link=False, which links the mean of the answers to all background rows, or "
        raise InputError(
            f"link: the model's {what} finite, but {name} of {answers[bad][0]} is {values[bad][0]}; pass "
            f"{'' if of_mean else other}a model that clips its answers"
        )
    return values


def linearizing_weights(answers: FloatArray, link: Any) -> FloatArray:
    """Return weights of background rows with which the mean of the links is the link of the mean.

    As in SHAP they are proportional to (p − p̄) / (link(p) − link(p̄)) for an answer p and the mean p̄ of
    all; here also where an answer is the mean or differs from it by little more than rounding, and the
    fraction is that of two points beside the mean.

    Parameters
    ----------
    answers : ndarray of float64, shape (S,) or (S, K)
        To the background rows.
    link : callable

    Returns
    -------
    ndarray of float64, shape (S,) or (S, K)
    """
    mean = np.atleast_1d(answers.mean(axis=0))
    at_mean = linked(mean, link)
    rise = linked(answers, link).reshape(-1, len(mean)) - at_mean
    run = answers.reshape(-1, len(mean)) - mean
    near = np.abs(rise) <= _NEAR * np.maximum(np.abs(at_mean), 1.0)
    slopes = np.divide(run, rise, out=np.zeros_like(rise), where=~near)
    slopes = np.where(near, _slope_at(mean, link), slopes)
    slopes[:, near.all(axis=0)] = 1.0
    return (slopes * (len(slopes) / slopes.sum(axis=0))).reshape(answers.shape)


def _slope_at(mean: FloatArray, link: Any) -> FloatArray:
    """Return the derivative (K,) of the inverse of the link at its value of a mean (K,)."""
    scale = np.maximum(np.abs(linked(mean, link)), 1.0)
    step = np.where(mean == 0, 1.0, np.abs(mean))
    slopes = np.full(len(mean), np.nan)
    for share in _SHARES:  # the largest within the domain of the link on which it is nearly straight
        rise = (_linked(mean + share * step, link) - _linked(mean - share * step, link)) / scale
        fits = np.isnan(slopes) & (np.abs(rise) <= _STRAIGHT) & (rise != 0)
        slopes[fits] = 2 * share * step[fits] / (rise * scale)[fits]
    return slopes


def _linked(answers: FloatArray, link: Any) -> FloatArray:
    # Links of SHAP are compiled for every number of axes.
    with np.errstate(all="ignore"):
        return np.asarray(link(answers.ravel()), dtype=np.float64).reshape(answers.shape)
