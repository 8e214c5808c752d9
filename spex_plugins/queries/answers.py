"""The values that a session returns, and those that are attached to an error."""

from __future__ import annotations

from dataclasses import dataclass

from spex_plugins.types import BoolArray, FloatArray
from spex_plugins.wording import counted

__all__ = ["Answers", "keep_answers", "note_of_answers"]


@dataclass(frozen=True, eq=False)
class Answers:
    """The values of the masks of one call of `Session.ask`, in the order of the masks.

    Attributes
    ----------
    values : ndarray of float64, shape (m,) or (m, K)
        Values of the value function; NaN if missing.
    answered : ndarray of bool, shape (m,)
        False for a mask that was dropped after failures, or not evaluated because a limit was reached.
    n_stored : int
        Number of values that this call read from the store. The others come from the value function, or from
        an earlier call in the same session.
    dropped : ndarray of bool, shape (m,)
        True for a mask that was evaluated, and failed.
    """

    values: FloatArray
    answered: BoolArray
    n_stored: int
    dropped: BoolArray


def keep_answers(  # numpydoc ignore=RS01
    error: BaseException, masks: BoolArray, values: FloatArray
) -> None:
    """Attach the values obtained so far to an error of any type.

    Parameters
    ----------
    error : BaseException
        Receives the attributes ``masks`` and ``values``, and a note about them.
    masks : ndarray of bool, shape (m, n)
        The masks that have been evaluated.
    values : ndarray of float64, shape (m,) or (m, K)
        Their values.
    """
    vars(error).update(masks=masks, values=values)
    error.add_note(note_of_answers(len(masks)))


def note_of_answers(count: int) -> str:
    """Return a sentence about the values that are attached to an error and their use."""
    return (
        f"The {counted(count, 'mask')} evaluated so far {'is' if count == 1 else 'are'} in error.masks and "
        "error.values; spex_plugins.fit(error.masks, error.values) explains what is known."
        if count
        else "No mask had been evaluated before."
    )
