"""Masks with their values as a value function, and the kinds of these masks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks, distinct_rows
from spex_plugins.errors import InputError
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.recordings.mask_table import MOST_LISTED, MaskTable
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["ALL_SIZES", "UNIFORM", "RecordedAnswers"]

UNIFORM = "uniform"
ALL_SIZES = "all sizes"


class RecordedAnswers:
    """A function that looks up masks; see `Recording` for the parameters."""

    def __init__(self, masks: Any, values: Any, kinds: Mapping[str, Any]) -> None:
        given = check.sampled_masks(masks)
        precision = np.float32 if getattr(values, "dtype", None) == np.float32 else np.float64
        answers: FloatArray = check.sampled_values(values, len(given)).astype(precision)
        if not isinstance(kinds, Mapping):
            raise InputError(f"kinds: must be a dict of the rows of every kind, got {kinds!r:.80}.")
        rows = {name: _checked_rows(name, each, len(given)) for name, each in kinds.items()}
        if len(distinct_rows(given)[0]) < len(given):
            raise InputError("masks: must be distinct; average the values of repeated masks.")
        self.n = given.shape[1]
        self.complete = self.n <= MOST_LISTED and len(given) == 2**self.n
        if self.complete:
            order = np.argsort(given @ (1 << np.arange(self.n)))
            given, answers, rows = given[order], answers[order], {UNIFORM: np.arange(len(given))}
        self._table, self._values, self._rows = MaskTable(given), answers, rows

    def __len__(self) -> int:
        return len(self._table)

    @property
    def kinds(self) -> dict[str, int]:
        """Number of recorded masks of every kind."""
        return {name: len(rows) for name, rows in self._rows.items()}

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of masks and values, hexadecimal; that of the model is in ``about``."""
        return digest_of_data("Recording", str(self.n), self._table.packed, self._values)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return recorded values.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True for a feature that is kept.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            In the unit of the value function.

        Raises
        ------
        InputError
            If a mask was not recorded.
        """
        given = checked_masks(masks, self.n)
        rows = self._table.rows(given)
        missing = given[rows < 0]
        if len(missing):
            kept = np.flatnonzero(missing[0]).tolist()
            raise InputError(
                f"masks: {len(missing)} of {len(given)} were not recorded, of which the first keeps the "
                f"features {kept!s:.200}; {len(self):,} of 2^{self.n} masks were. Take masks from "
                "recording.masks() or recording.sample(…); where the recording is behind an adapter, pass "
                "estimator=recording.estimator(…)."
            )
        return self._values[rows].astype(np.float64)

    def masks(self, kind: str | None = None) -> BoolArray:
        """Return recorded masks, in the order in which they were drawn.

        Parameters
        ----------
        kind : str, optional
            A key of ``kinds``; by default all masks.

        Returns
        -------
        ndarray of bool, shape (m, n)
            True for a feature that is kept.

        Raises
        ------
        InputError
            If no mask of this kind was recorded.
        """
        return self._table.masks(self._rows_of(kind))

    def _rows_of(self, kind: str | None) -> IntArray:
        if kind is None:
            return np.arange(len(self))
        if not isinstance(kind, str) or kind not in self._rows:
            raise InputError(f"kind: no {kind!r} masks were recorded; choose one of {list(self._rows)}.")
        return self._rows[kind]


def _checked_rows(name: str, rows: Any, m: int) -> IntArray:
    array = np.asarray(rows)
    if array.ndim != 1 or (array.size and array.dtype.kind not in "iu"):
        raise InputError(f"kinds: the masks {name!r} must be given by their rows, got {rows!r:.80}.")
    numbers = array.astype(np.intp)
    if len(np.unique(numbers)) < len(numbers) or (len(numbers) and not 0 <= min(numbers) <= max(numbers) < m):
        raise InputError(f"kinds: the rows of {name!r} must be distinct, and at least 0 and below {m}.")
    return numbers
