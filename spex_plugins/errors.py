"""Errors and warnings of this package; each message names the argument, its value and the remedy."""

from __future__ import annotations

from os import PathLike
from typing import Any

from spex_plugins.types import BoolArray, FloatArray

__all__ = [
    "FewSamplesWarning",
    "InputError",
    "MissingExtraError",
    "MissingReplyWarning",
    "PartialAnswerError",
    "SpexError",
    "StoreError",
    "TruncatedReplyWarning",
    "UnidentifiableWarning",
    "ValueFunctionError",
]


class SpexError(Exception):
    """Base class of every error raised by this package."""


class InputError(SpexError, ValueError):
    """An argument is invalid; raised before any model call."""


class FewSamplesWarning(UserWarning):
    """There are too few samples for reliable values, or for a measurement of how reliable they are."""


class UnidentifiableWarning(UserWarning):
    """The samples do not determine the effects of some features: never, always or only jointly masked."""


class TruncatedReplyWarning(UserWarning):
    """A reply of a language model ends at the largest number of tokens, and not by itself."""


class MissingReplyWarning(UserWarning):
    """A language model behind an API replied with no text, for example because a filter withholds it."""


class MissingExtraError(SpexError, ImportError):
    """An optional dependency is not installed."""


class PartialAnswerError(SpexError, RuntimeError):
    """A value function evaluated some masks of a batch and failed at the others.

    Value functions may raise it, for example those that call an unreliable API: the values are kept, and
    only the failed masks are evaluated again. A function that is interrupted can raise the KeyboardInterrupt
    *from* this error, so that its values are kept as well.

    Parameters
    ----------
    message : str
        Description of the failure.

    Attributes
    ----------
    values : ndarray of float64, shape (b,) or (b, K)
        Values of the whole batch; those at the failed masks are ignored.
    answered : ndarray of bool, shape (b,)
        True for masks that were evaluated.
    retry_after : float or None
        Seconds to wait before the failed masks are evaluated again, if the service states it.
    failed : ndarray of bool, shape (b,), or None
        True for masks whose evaluation failed; by default, all that were not answered. The others were not
        begun: they are evaluated later, and this is no second attempt.
    transient : bool or None
        Whether another attempt may succeed. True, the default: up to five are made, or as many as the option
        ``retries`` states; None: as many as ``retries`` states, by default none; False: none.
    """

    def __init__(
        self,
        message: str,
        *,
        values: FloatArray,
        answered: BoolArray,
        retry_after: float | None = None,
        failed: BoolArray | None = None,
        transient: bool | None = True,
    ) -> None:
        super().__init__(message)
        self.values = values
        self.answered = answered
        self.retry_after = retry_after
        self.failed = failed
        self.transient = transient

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the keyword arguments too: executors pass errors between processes."""
        names = ("values", "answered", "retry_after", "failed", "transient")
        return _rebuild_partial, (str(self), {name: getattr(self, name) for name in names})


def _rebuild_partial(message: str, told: dict[str, Any]) -> PartialAnswerError:
    return PartialAnswerError(message, **told)


class StoreError(SpexError, RuntimeError):
    """A store can no longer be read or written, for example because it is damaged or the disk is full.

    If model calls were made before, the attributes ``masks`` and ``values`` hold their results.
    """

    @classmethod
    def damaged(cls, path: str | PathLike[str], problem: str) -> StoreError:  # numpydoc ignore=RS01
        """Return the error for a file whose content differs from what was written.

        Parameters
        ----------
        path : path-like
            Path of the store.
        problem : str
            Description of the damage.

        Returns
        -------
        StoreError
            The error to raise; its message names the file and the command that recovers the rest.
        """
        return cls(
            f"store: {path} is damaged ({problem}). Restore it from a backup, or save what can still be read "
            f"with `python -m spex_plugins store recover {path} NEW`."
        )


class ValueFunctionError(SpexError, RuntimeError):
    """The value function raised an exception or returned invalid values.

    All values obtained before the failure are kept, so that no model call is lost:
    ``spex_plugins.fit(error.masks, error.values)`` explains them.

    Parameters
    ----------
    message : str
        Description of the failure.

    Attributes
    ----------
    masks : ndarray of bool, shape (m, n)
        The masks that were evaluated before the failure.
    values : ndarray of float64, shape (m,) or (m, K)
        Their values.
    failed_masks : ndarray of bool, shape (b, n)
        The masks of the batch that failed.
    failed_values : ndarray of float64, shape (b,) or (b, K), or None
        What the function returned for them, if it has the right shape: perhaps only some of K outputs are
        NaN or inf.
    """

    def __init__(
        self,
        message: str,
        *,
        masks: BoolArray,
        values: FloatArray,
        failed_masks: BoolArray,
        failed_values: FloatArray | None = None,
    ) -> None:
        super().__init__(message)
        self.masks = masks
        self.values = values
        self.failed_masks = failed_masks
        self.failed_values = failed_values

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the keyword arguments too: executors pass errors between processes."""
        told = (str(self), self.masks, self.values, self.failed_masks, self.failed_values)
        return _rebuild, told


def _rebuild(
    message: str,
    masks: BoolArray,
    values: FloatArray,
    failed_masks: BoolArray,
    failed_values: FloatArray | None,
) -> ValueFunctionError:
    return ValueFunctionError(
        message, masks=masks, values=values, failed_masks=failed_masks, failed_values=failed_values
    )
