"""The errors that this package raises; each text names the argument, its value and the remedy."""

from __future__ import annotations

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["InputError", "MissingExtraError", "SpexError", "ValueFunctionError"]


class SpexError(Exception):
    """Base class of every error raised by this package."""


class InputError(SpexError, ValueError):
    """An argument is not usable; raised before any model call is spent."""


class MissingExtraError(SpexError, ImportError):
    """An optional dependency is not installed."""


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
    """

    def __init__(
        self,
        message: str,
        *,
        masks: BoolArray,
        values: FloatArray,
        failed_masks: BoolArray,
    ) -> None:
        super().__init__(message)
        self.masks = masks
        self.values = values
        self.failed_masks = failed_masks

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle the keyword arguments too (errors cross process borders in executors)."""
        return _rebuild, (str(self), self.masks, self.values, self.failed_masks)


def _rebuild(
    message: str,
    masks: BoolArray,
    values: FloatArray,
    failed_masks: BoolArray,
) -> ValueFunctionError:
    return ValueFunctionError(message, masks=masks, values=values, failed_masks=failed_masks)
