"""The errors and warnings of this package; each text names the argument, its value and the remedy."""

from __future__ import annotations

from os import PathLike

from spex_plugins.types import BoolArray, FloatArray

__all__ = [
    "FewSamplesWarning",
    "InputError",
    "MissingExtraError",
    "PartialAnswerError",
    "SpexError",
    "StoreError",
    "UnidentifiableWarning",
    "ValueFunctionError",
]


class SpexError(Exception):
    """Base class of every error raised by this package."""


class InputError(SpexError, ValueError):
    """An argument is not usable; raised before any model call is spent."""


class FewSamplesWarning(UserWarning):
    """There are too few samples for the values to be relied on, or to tell whether they can be."""


class UnidentifiableWarning(UserWarning):
    """The samples do not tell the effects of some features: never masked, always masked, or only together."""


class MissingExtraError(SpexError, ImportError):
    """An optional dependency is not installed."""


class PartialAnswerError(SpexError, RuntimeError):
    """A value function answered some masks of a batch and failed at the others.

    For value functions to raise, such as those behind an API that fails now and then: the answers count,
    and only the other masks are asked again. A function that is interrupted raises the KeyboardInterrupt
    *from* such an error, so that the answers that it has are kept too.

    Attributes
    ----------
    values : ndarray of float64, shape (b,) or (b, K)
        The answers to the whole batch; what stands at the failed masks is ignored.
    answered : ndarray of bool, shape (b,)
        Which masks were answered.
    retry_after : float or None
        Seconds to wait before the others are asked again, where the other side said so.
    """

    def __init__(
        self, message: str, *, values: FloatArray, answered: BoolArray, retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.values = values
        self.answered = answered
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the keyword arguments too (errors cross process borders in executors)."""
        return _rebuild_partial, (str(self), self.values, self.answered, self.retry_after)


def _rebuild_partial(
    message: str, values: FloatArray, answered: BoolArray, retry_after: float | None
) -> PartialAnswerError:
    return PartialAnswerError(message, values=values, answered=answered, retry_after=retry_after)


class StoreError(SpexError, RuntimeError):
    """A store of answers can no longer be read or written: it is damaged, or its disk is full.

    If model calls were made before, their answers are in the attributes ``masks`` and ``values``.
    """

    @classmethod
    def damaged(cls, path: str | PathLike[str], problem: str) -> StoreError:
        """Return the error of a file whose content is not what was written."""
        return cls(
            f"store: {path} is damaged ({problem}). Put back a copy of it, or save what can still be read "
            f"with `python -m spex_plugins store recover {path} NEW`."
        )


class ValueFunctionError(SpexError, RuntimeError):
    """The value function failed or answered with something that is not a value.

    Every answer obtained before the failure is kept, so that nothing that was paid for is lost:
    ``spex_plugins.fit(error.masks, error.values)`` explains from what is there.

    Attributes
    ----------
    masks : ndarray of bool, shape (m, n)
        The masks that were answered before the failure.
    values : ndarray of float64, shape (m,) or (m, K)
        Their values.
    failed_masks : ndarray of bool, shape (b, n)
        The batch that could not be answered.
    failed_values : ndarray of float64, shape (b,) or (b, K), or None
        What the function returned for it, where that has the right shape: of K outputs, only some may be NaN
        or inf.
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
        """Pickle the keyword arguments too (errors cross process borders in executors)."""
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
