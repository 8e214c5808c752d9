"""The held-out masks, and their values; a run is judged on those of them that it does not ask for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import distinct_rows, masks_of_numbers
from spex_plugins.core.basis.transform.exact_transform import exact_spectrum
from spex_plugins.errors import InputError
from spex_plugins.recordings.recorded_answers import ALL_SIZES, UNIFORM

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.shared_answers import SharedAnswers
    from spex_plugins.comparison.inputs import Input
    from spex_plugins.core.basis.spectrum import Spectrum
    from spex_plugins.recordings.recording import Recording
    from spex_plugins.types import BoolArray, FloatArray

__all__ = [
    "HeldOut",
    "Samples",
    "checked_masks",
    "evaluate_held_out",
    "masks_of_all_sizes",
    "set_aside",
    "size_weights",
    "uniform_masks",
]

_SEED = 20_000  # held-out masks and the masks of methods come from different streams


@dataclass(frozen=True, eq=False)
class Samples:
    """Masks (m, n) and their values (m,)."""

    masks: BoolArray
    values: FloatArray


@dataclass(frozen=True, eq=False)
class HeldOut:
    """What is known about the value function of one input, apart from what the methods ask.

    Attributes
    ----------
    uniform : Samples
        Uniform masks; all 2^n of them where those are no more.
    sizes : Samples
        Distinct masks of all sizes from 1 to n − 1; `size_weights` make the sizes alike.
    empty, full : float
        f(∅) and f(x).
    truth : Spectrum or None
        The exact function, where all 2^n masks were evaluated.
    n_missing : int
        Masks without a value.
    """

    uniform: Samples
    sizes: Samples
    empty: float
    full: float
    truth: Spectrum | None
    n_missing: int


def uniform_masks(n: int, count: int, number: int) -> BoolArray:
    """Return distinct uniform masks of the input with this number; all 2^n where these are no more."""
    if n < 31 and 2**n <= count:
        return masks_of_numbers(np.arange(2**n), n)
    masks = np.random.default_rng([_SEED, number]).random((count, n)) < 0.5
    return masks[distinct_rows(masks)[0]]


def masks_of_all_sizes(uniform: BoolArray, number: int) -> BoolArray:
    """Return half as many masks as there are uniform ones, of 1 to n − 1 features, all sizes equally often.

    Those that were drawn twice are left out. If the uniform masks are all 2^n, all of these sizes are
    returned, as they are evaluated anyway.
    """
    n, count = uniform.shape[1], max(1, len(uniform) // 2)
    if n < 31 and len(uniform) == 2**n:
        kept = uniform.sum(axis=1)
        return uniform[(kept >= 1) & (kept <= max(n - 1, 1))]
    rng = np.random.default_rng([_SEED, number, 1])
    sizes = np.resize(rng.permutation(np.arange(1, max(n, 2))), count)
    masks = rng.random((count, n)).argsort(axis=1) < sizes[:, None]
    return masks[distinct_rows(masks)[0]]


def size_weights(masks: BoolArray) -> FloatArray:
    """Return weights (m,) of masks (m, n) with which every size that occurs counts the same.

    Of few features, small and large sizes have few distinct masks, which would count less without weights.
    """
    sizes = masks.sum(axis=1)
    return 1.0 / np.bincount(sizes, minlength=1)[sizes]


def set_aside(
    recording: Recording, given: int | BoolArray, number: int
) -> tuple[Recording, BoolArray, BoolArray]:
    """Return what methods may choose from, and the recorded masks to judge by: uniform and of all sizes.

    At most half of the masks of a kind are set aside.

    Raises
    ------
    InputError
        If masks are given, or if no uniform masks were recorded.
    """
    if not isinstance(given, int):
        raise InputError("held_out: give a number; they are chosen from the recorded masks.")
    kinds, rng = recording.kinds, np.random.default_rng([_SEED, number])
    rest, uniform = recording.split(max(min(given, kinds.get(UNIFORM, 0) // 2), 1), seed=rng)
    sizes: BoolArray = np.zeros((0, recording.n), dtype=bool)
    count = min(given // 2, kinds.get(ALL_SIZES, 0) // 2)
    if count:
        rest, sizes = rest.split(count, kind=ALL_SIZES, seed=rng)
    return rest, uniform, sizes


def evaluate_held_out(answers: SharedAnswers, uniform: BoolArray, sizes: BoolArray) -> HeldOut:
    """Evaluate the held-out masks and both ends, all in one request.

    Masks that the value function gives no value for are left out.
    """
    ends = np.repeat([[False], [True]], answers.n, axis=1)
    values, answered = answers.known(np.concatenate([ends, uniform, sizes]))
    border = 2 + len(uniform)
    parts = [
        Samples(masks[answered[rows]], values[rows][answered[rows]])
        for masks, rows in ((uniform, slice(2, border)), (sizes, slice(border, None)))
    ]
    complete = answers.n < 31 and len(parts[0].masks) == 2**answers.n
    truth = exact_spectrum(parts[0].masks, parts[0].values[:, None]).output(0) if complete else None
    return HeldOut(parts[0], parts[1], float(values[0]), float(values[1]), truth, int((~answered).sum()))


def checked_masks(held_out: Any, inputs: Sequence[Input]) -> int | BoolArray:
    """Return the number of held-out masks, or the masks (m, n) themselves.

    Raises
    ------
    InputError
        If they are neither, or do not fit all inputs.
    """
    if np.ndim(held_out) == 0:
        return check.count("held_out", held_out, 2, "the number of masks to judge by")
    masks = check.sampled_masks(held_out)
    for one in inputs:
        if one.n != masks.shape[1]:
            raise InputError(
                f"held_out: masks have {masks.shape[1]} features, an input has {one.n}; give a number."
            )
    return masks[distinct_rows(masks)[0]]
