"""What a session returns, and what an error carries: masks with their values."""

from __future__ import annotations

from dataclasses import dataclass

from spex_plugins.types import BoolArray, FloatArray

__all__ = ["Answers", "keep_answers", "note_of_answers"]


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers to the masks of one call of `Session.ask`, in the order asked.

    Attributes
    ----------
    values : ndarray of float64, shape (m,) or (m, K)
        NaN where there is no answer.
    answered : ndarray of bool, shape (m,)
        False where a mask was dropped after failures, or a limit ended the run before its turn.
    n_stored : int
        Number of answers that this call read from the store. The others come from the value function, or from
        an earlier call in the same session.
    """

    values: FloatArray
    answered: BoolArray
    n_stored: int


def keep_answers(error: BaseException, masks: BoolArray, values: FloatArray) -> None:
    """Attach the answers obtained so far to an error of any type.

    Parameters
    ----------
    error : BaseException
        Gets the attributes ``masks`` and ``values``, and a note that says so.
    masks : ndarray of bool, shape (m, n)
        The masks that have been answered.
    values : ndarray of float64, shape (m,) or (m, K)
        Their values.
    """
    vars(error).update(masks=masks, values=values)
    error.add_note(note_of_answers(len(masks)))


def note_of_answers(count: int) -> str:
    """Return the sentence that tells where the answers in an error are, and what they are good for."""
    return (
        f"The {count} masks answered so far are in error.masks and error.values; "
        "spex_plugins.fit(error.masks, error.values) uses them."
        if count
        else "No mask had been answered before."
    )
