"""`Recording`: answers of a value function in one file, and a value function that needs no model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike
from typing import Any, Self, Unpack

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks, distinct_rows, masks_of_numbers
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator
from spex_plugins.queries import Queries, QueryOptions, Session, Store
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.options import queries_of
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.recordings import recording_file
from spex_plugins.recordings.drawing import drawn_rows
from spex_plugins.recordings.mask_table import MaskTable
from spex_plugins.recordings.provenance import provenance
from spex_plugins.recordings.recorded_masks import UNIFORM, RecordedMasks
from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["Recording", "on_recorded_masks"]

_LISTED = 24  # all masks of at most so many features are listed


class Recording:
    """Answers of a value function at recorded masks: a value function itself, without the model.

    `explain` draws its masks from the recorded ones where not all 2^n were recorded.

    Parameters
    ----------
    masks : array_like of bool or of 0 and 1, shape (m, n)
        Distinct masks; True for a feature that is kept.
    values : array_like of float, shape (m,) or (m, K)
        Their values; finite. Values in single precision are kept so.
    feature_names : sequence of str, optional
        Names of the n features, by default x0, x1, ….
    output_names : sequence of str, optional
        Names of the K outputs.
    kinds : mapping of str to array_like of int, optional
        The rows of the masks that were drawn in the same way, in the order in which they were drawn:
        "uniform", "all sizes" or any other name. The masks of a kind may be complementary pairs, rows 2k and
        2k + 1 of the kind; these are kept together. Of a complete recording, all masks are uniform.
    about : mapping of str to object, optional
        What was asked, of which model, when: anything that JSON can represent.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
    output_names : tuple of str or None
    kinds : dict of str to int
        Number of recorded masks of every kind.
    about : dict
    complete : bool
        Whether all 2^n masks were recorded.

    Raises
    ------
    InputError
        If an argument is invalid.

    Examples
    --------
    >>> recording = Recording.record(game, {"uniform": masks}, store="run.sqlite")
    >>> recording.save("review.npz")
    >>> recording = Recording.load("review.npz")
    >>> rest, held_out = recording.split(500)
    >>> found = spex.explain(rest, budget=1000)
    >>> found.predict(held_out), recording(held_out)
    """

    def __init__(
        self,
        masks: BoolArray,
        values: FloatArray,
        *,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        kinds: Mapping[str, IntArray] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> None:
        given = check.sampled_masks(masks)
        precision = np.float32 if np.asarray(values).dtype == np.float32 else np.float64
        answers = check.sampled_values(values, len(given)).astype(precision)
        rows = {name: _checked_rows(name, each, len(given)) for name, each in (kinds or {}).items()}
        if len(distinct_rows(given)[0]) < len(given):
            raise InputError("masks: must be distinct; average the values of repeated masks.")
        self.n = given.shape[1]
        self.feature_names = check.names_of_features(feature_names, self.n)
        self.output_names = None if output_names is None else tuple(map(str, output_names))
        self.complete = self.n <= _LISTED and len(given) == 2**self.n
        if self.complete:  # in the order of their numbers
            order = np.argsort(given @ (1 << np.arange(self.n)))
            given, answers, rows = given[order], answers[order], {UNIFORM: np.arange(len(given))}
        self.about = dict(about or {})
        self._table, self._values, self._rows = MaskTable(given), answers, rows

    @classmethod
    def record(
        cls,
        value_function: ValueFunction,
        masks: BoolArray | Mapping[str, BoolArray] | None = None,
        *,
        feature_names: Sequence[str] | None = None,
        single_precision: bool = False,
        about: Mapping[str, Any] | None = None,
        queries: Queries | None = None,
        **options: Unpack[QueryOptions],
    ) -> Self:
        """Evaluate a value function at masks and keep the answers.

        Parameters
        ----------
        value_function : callable
            With the attribute ``n`` and, optionally, ``feature_names``, ``output_names`` and ``fingerprint``,
            such as the games of `spex_plugins.games`.
        masks : ndarray of bool, shape (m, n), or mapping of str to such, optional
            The masks, or the masks of every kind; masks may repeat. By default all 2^n.
        feature_names : sequence of str, optional
            Names of the n features, by default those of the value function.
        single_precision : bool
            Keep the values in single precision, in half the space: for models that compute in it.
        about : mapping of str to object, optional
            What was asked and of which model. The fingerprint of the value function, the date and the
            versions of packages are added.
        queries : Queries, optional
            Options of the model calls, as one object.
        **options
            The same options as single keywords, see `spex_plugins.Queries`: with a ``store``, what was
            answered before a crash is not asked again. Masks without an answer, because a limit was reached
            or they were dropped, are left out.

        Returns
        -------
        Recording
            Of the distinct masks.

        Raises
        ------
        InputError
            If an argument is invalid.
        ValueFunctionError
            If the value function fails; its attributes hold the values obtained before.
        """
        n, names = check.features_of(value_function, None, feature_names)
        if masks is None and n > _LISTED:
            raise InputError(f"masks: all 2^{n} masks are too many; give the masks to record.")
        given = masks if isinstance(masks, Mapping) else {"given": masks}
        listed = {
            name: masks_of_numbers(np.arange(2**n), n) if each is None else checked_masks(each, n)
            for name, each in given.items()
        }
        together = np.concatenate(list(listed.values()))
        first, place = distinct_rows(together)
        with Session(value_function, queries_of(queries, options), total=len(first)) as session:
            answers = session.ask(together[first])
        row = np.where(answers.answered, np.cumsum(answers.answered) - 1, -1)[place]
        starts = np.cumsum([0, *map(len, listed.values())])
        kinds = {name: _kept(row[a:b]) for name, a, b in zip(listed, starts, starts[1:], strict=False)}
        values = answers.values[answers.answered]
        return cls(
            together[first][answers.answered],
            values.astype(np.float32) if single_precision else values,
            feature_names=names,
            output_names=getattr(value_function, "output_names", None),
            kinds=kinds,
            about=provenance(value_function) | dict(about or {}),
        )

    @classmethod
    def from_store(
        cls,
        store: str | PathLike[str],
        fingerprint: str | None = None,
        *,
        feature_names: Sequence[str] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return all answers that a store holds of one value function.

        Parameters
        ----------
        store : path-like
            The file that was given as ``store`` to `explain`.
        fingerprint : str, optional
            The beginning of the digest that ``python -m spex_plugins store info`` shows; required if there
            are several functions.
        feature_names : sequence of str, optional
            Names of the n features, which a store does not hold.
        about : mapping of str to object, optional
            What was asked and of which model.

        Returns
        -------
        Recording
            With masks of no kind.

        Raises
        ------
        InputError
            If no function in the store matches, or several do.
        StoreError
            If the file is damaged or cannot be read.
        """
        with Store(store) as opened:
            masks, values = opened.export(fingerprint)
        return cls(masks, values, feature_names=feature_names, about=about)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a file that `save` wrote; nothing in it is executed.

        Parameters
        ----------
        path : path-like
            Path of the file.

        Returns
        -------
        Recording
            As it was saved.

        Raises
        ------
        InputError
            If the file is not a recording, is damaged, or was written by a newer version.
        """
        header, masks, values, kinds = recording_file.read(path)
        names = {name: header[name] for name in ("feature_names", "output_names", "about")}
        return cls(masks, values, kinds=kinds, **names)

    def save(self, path: str | PathLike[str]) -> None:
        """Write one .npz file; an existing file is replaced once the new one is complete.

        Parameters
        ----------
        path : path-like
            Path of the file.

        Raises
        ------
        OSError
            If the file cannot be written; the previous one is then unchanged.
        """
        header = {
            "n": self.n,
            "feature_names": self.feature_names,
            "output_names": self.output_names,
            "about": self.about,
        }
        packed = None if self.complete else self._table.packed
        kinds = {} if self.complete else self._rows
        recording_file.write(path, header, packed, self._values, kinds)

    def __len__(self) -> int:
        return len(self._table)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count:,} {name}" for name, count in self.kinds.items())
        masks = f"all 2^{self.n} = {len(self):,}" if self.complete else f"{len(self):,} ({kinds or 'any'})"
        lines = [("masks", masks), ("values", f"{self._values.dtype}, shape {self._values.shape}")]
        lines += [(name, f"{value!s:.80}") for name, value in self.about.items()]
        return "\n".join(
            [f"Recording of {self.n} features", *(f"  {name:<18}{text}" for name, text in lines)]
        )

    @property
    def kinds(self) -> dict[str, int]:
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
        asked = checked_masks(masks, self.n)
        rows = self._table.rows(asked)
        if (rows < 0).any():
            raise InputError(self._not_recorded(asked[rows < 0], len(asked)))
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
        return self._table.masks(slice(None) if kind is None else self._rows_of(kind))

    def sample(
        self, budget: int, *, kind: str | None = None, seed: int | np.random.Generator = 0
    ) -> tuple[BoolArray, FloatArray]:
        """Draw recorded masks at random, for `spex_plugins.fit` or another method.

        Parameters
        ----------
        budget : int
            Largest number of masks.
        kind : str, optional
            A key of ``kinds``; by default all masks.
        seed : int or numpy.random.Generator, optional
            The same seed gives the same masks, and a larger budget the same first ones.

        Returns
        -------
        masks : ndarray of bool, shape (m, n)
            The empty and the full mask, where they were recorded, and then random ones; m ≤ budget.
        values : ndarray of float64, shape (m,) or (m, K)
            Their values.

        Raises
        ------
        InputError
            If an argument is invalid.
        """
        budget = check.count("budget", budget, 2, "the number of masks")
        pool = np.arange(len(self)) if kind is None else self._rows_of(kind)
        ends = self._table.rows(np.repeat([[False], [True]], self.n, axis=1))
        rows = drawn_rows(self._table.masks(pool), pool, ends[ends >= 0], budget, check.generator(seed))
        return self._table.masks(rows), self._values[rows].astype(np.float64)

    def split(
        self, held_out: int, *, kind: str = UNIFORM, seed: int | np.random.Generator = 0
    ) -> tuple[Recording, BoolArray]:
        """Set masks aside to test explanations of the others.

        Parameters
        ----------
        held_out : int
            Number of masks to set aside.
        kind : str, optional
            Their kind, a key of ``kinds``.
        seed : int or numpy.random.Generator, optional
            The same seed gives the same masks.

        Returns
        -------
        rest : Recording
            Without these masks, to be explained.
        masks : ndarray of bool, shape (held_out, n)
            Neither empty nor full; this recording has their values.

        Raises
        ------
        InputError
            If an argument is invalid, or fewer masks of this kind were recorded.
        """
        count = check.count("held_out", held_out, 1, "the number of masks to set aside")
        pool = self._rows_of(kind)
        masks = self._table.masks(pool)
        inner = (masks != masks[:, :1]).any(axis=1)
        if len(self) - count < 2 or count > inner.sum():
            raise InputError(
                f"held_out: must be less than the {inner.sum():,} {kind} masks that were recorded, got {count}."
            )
        nothing = np.zeros(0, dtype=np.intp)
        aside = drawn_rows(masks[inner], pool[inner], nothing, count, check.generator(seed))
        return self._without(aside), self._table.masks(aside)

    def estimator(self, estimator: str | Estimator = "auto", index: str | None = None) -> Estimator:
        """Return an estimator that draws its masks from the recorded ones.

        `explain` does this by itself; it is needed where the recording is behind the adapter of a host.

        Parameters
        ----------
        estimator : str or Estimator, optional
            As in `explain`.
        index : str, optional
            As in `explain`.

        Returns
        -------
        Estimator
            The estimator itself if all 2^n masks were recorded.

        Raises
        ------
        InputError
            If the name or the index is unknown.
        """
        method = resolve(estimator, index)
        return method if self.complete else RecordedMasks(method, self)

    def _rows_of(self, kind: str) -> IntArray:
        if kind not in self._rows:
            raise InputError(f"kind: no {kind!r} masks were recorded; choose one of {list(self._rows)}.")
        return self._rows[kind]

    def _without(self, rows: IntArray) -> Recording:
        """Return the recording without some rows."""
        kept = np.ones(len(self), dtype=bool)
        kept[rows] = False
        row = np.where(kept, np.cumsum(kept) - 1, -1)
        return Recording(
            self._table.masks()[kept],
            self._values[kept],
            feature_names=self.feature_names,
            output_names=self.output_names,
            kinds={name: _kept(row[each]) for name, each in self._rows.items()},
            about=self.about,
        )

    def _not_recorded(self, missing: BoolArray, asked: int) -> str:
        features = np.flatnonzero(missing[0]).tolist()
        return (
            f"masks: {len(missing)} of {asked} were not recorded; the first keeps the features {features!s:.200}. "
            f"{len(self):,} of 2^{self.n} masks were recorded: take masks of recording.masks() or "
            "recording.sample(…), or, for an adapter, estimator=recording.estimator(…)."
        )


def on_recorded_masks(method: Estimator, value_function: Any) -> Estimator:
    """Return the estimator with which a value function can be explained.

    Parameters
    ----------
    method : Estimator
        The estimator that was chosen.
    value_function : callable
        Any function of masks.

    Returns
    -------
    Estimator
        One that draws recorded masks, for an incomplete recording; else the given one.
    """  # numpydoc ignore=RS01
    is_recording = isinstance(value_function, Recording) and not isinstance(method, RecordedMasks)
    return value_function.estimator(method) if is_recording else method


def _kept(rows: IntArray) -> IntArray:
    """Return the rows that are there, the first time that they occur."""
    _, first = np.unique(rows, return_index=True)
    rows = rows[np.sort(first)]
    return rows[rows >= 0]


def _checked_rows(name: str, rows: Any, m: int) -> IntArray:
    array = np.asarray(rows)
    if array.ndim != 1 or array.dtype.kind not in "iu" or len(array) != len(np.unique(array)):
        raise InputError(f"kinds: {name!r} must be distinct row numbers, got {rows!r:.80}.")
    if len(array) and not 0 <= array.min() <= array.max() < m:
        raise InputError(f"kinds: {name!r} has rows outside of the {m} masks.")
    return array.astype(np.intp)
