"""Ask a value function: batches, checks and progress; nothing that was answered is ever lost."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np

from spex_plugins.errors import InputError, ValueFunctionError
from spex_plugins.types import BoolArray, FloatArray

__all__ = ["ValueFunction", "ask", "keep_answers"]

ValueFunction = Callable[[BoolArray], Any]
"""Takes masks (m, n), True = feature kept, and returns values (m,) or (m, K)."""

_LEAST_BATCH, _LARGEST_BATCH = 16, 8192
_SECONDS_PER_BATCH = 0.5  # the bar moves twice a second; slow models keep a batch worth its overhead


def ask(
    value_function: ValueFunction,
    masks: BoolArray,
    *,
    batch_size: int | None = None,
    progress: bool = True,
) -> FloatArray:
    """Evaluate a value function at masks, batch by batch.

    Parameters
    ----------
    value_function : callable
        Masks (b, n) to values (b,) or (b, K).
    masks : ndarray of bool, shape (m, n)
        Distinct masks; each is asked for once.
    batch_size : int, optional
        Masks per call. By default 16, and more while a batch takes less than half a second.
    progress : bool
        Show a bar with calls done, rate and time left when it takes longer than a second.

    Returns
    -------
    ndarray of float64, shape (m,) or (m, K)

    Raises
    ------
    ValueFunctionError
        If the function raises or answers with a wrong length, another number of outputs than before, or
        anything but finite numbers. Everything answered so far is attached.
    KeyboardInterrupt
        If the user stops the run; it carries the answers as ``masks`` and ``values`` too.
    """
    integer = isinstance(batch_size, int | np.integer) and not isinstance(batch_size, bool)
    if batch_size is not None and (not integer or batch_size < 1):
        raise InputError(f"batch_size: must be an integer ≥ 1, got {batch_size!r}.")
    answers: list[FloatArray] = []
    done = 0
    size = batch_size or _LEAST_BATCH
    with _bar(len(masks), progress) as bar:
        while done < len(masks):
            batch = masks[done : done + size]
            start = perf_counter()
            answers.append(_answer(value_function, batch, masks[:done], answers))
            elapsed = perf_counter() - start
            done += len(batch)
            bar.update(len(batch))
            if batch_size is None:
                size = _next_size(size, elapsed)
    return np.concatenate(answers)


def keep_answers(error: BaseException, masks: BoolArray, values: FloatArray) -> None:
    """Give an error that is not ours the answers that were paid for, as ``masks`` and ``values``."""
    vars(error).update(masks=masks, values=values)
    error.add_note(_kept(len(masks)))


def _next_size(size: int, elapsed: float) -> int:
    wished = size * _SECONDS_PER_BATCH / max(elapsed, 1e-9)
    return int(np.clip(wished, _LEAST_BATCH, min(4 * size, _LARGEST_BATCH)))


def _bar(total: int, progress: bool) -> Any:
    from tqdm.auto import tqdm

    return tqdm(total=total, unit="call", desc="model calls", disable=not progress, delay=1.0)


def _answer(
    value_function: ValueFunction, batch: BoolArray, asked: BoolArray, answers: list[FloatArray]
) -> FloatArray:
    """Ask for one batch and check the answer; a failure carries all earlier answers."""
    try:
        raw = value_function(batch.copy())
    except Exception as error:
        raise ValueFunctionError(
            f"value_function raised {type(error).__name__}: {error}. {_kept(len(asked))}",
            masks=asked,
            values=_joined(answers),
            failed_masks=batch,
        ) from error
    except KeyboardInterrupt as stop:
        keep_answers(stop, asked, _joined(answers))
        raise
    problem, values = _checked(raw, len(batch), answers[0].shape[1:] if answers else None)
    if not problem:
        return values
    finite = np.isfinite(values).all(axis=tuple(range(1, values.ndim)))
    masks = np.concatenate([asked, batch[: len(values)][finite]])
    known = np.concatenate([*answers, values[finite]])
    raise ValueFunctionError(
        f"value_function {problem} {_kept(len(masks))}",
        masks=masks,
        values=known,
        failed_masks=batch[: len(values)][~finite] if len(values) else batch,
    )


def _joined(answers: list[FloatArray]) -> FloatArray:
    return np.concatenate(answers) if answers else np.zeros(0)


def _kept(count: int) -> str:
    return (
        f"The {count} masks answered so far are in error.masks and error.values; "
        "spex_plugins.fit(error.masks, error.values) uses them."
        if count
        else "No mask had been answered before."
    )


def _checked(raw: Any, m: int, outputs: tuple[int, ...] | None) -> tuple[str, FloatArray]:
    """Return a description of what is wrong ("" if nothing) and the usable part of the answer."""
    none = np.zeros((0, *(outputs or ())))
    try:
        values = np.asarray(raw)
        if values.dtype.kind not in "fiub":
            numbers = values.dtype == object and raw is not None  # None: a forgotten return
            values = np.asarray(raw, dtype=np.float64) if numbers else none.astype(str)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        values = none.astype(str)
    if values.dtype.kind not in "fiub":
        return f"must return real numbers, got {type(raw).__name__} that cannot be read as such.", none
    if values.ndim not in (1, 2) or len(values) != m or not values.size:
        expected = f"({m},) or ({m}, K)"
        return f"must return shape {expected} for {m} masks, got {values.shape}.", none
    if outputs is not None and values.shape[1:] != outputs:
        before = outputs[0] if outputs else "a scalar"
        return f"returned shape {values.shape}, but {before} output(s) per mask before.", none
    values = values.astype(np.float64)
    bad = int((~np.isfinite(values)).reshape(m, -1).any(axis=1).sum())
    if bad:
        return f"returned NaN or inf for {bad} of {m} masks; clip or replace them in the function.", values
    return "", values
