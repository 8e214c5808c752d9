"""`Recording`: answers of a value function in one file, and a value function that needs no model."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any, Self, Unpack

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator
from spex_plugins.files import checked_path
from spex_plugins.queries import Queries, QueryOptions, Store
from spex_plugins.queries.calls.function_call import ValueFunction
from spex_plugins.queries.options import queries_of
from spex_plugins.recordings import recording_file
from spex_plugins.recordings.asking import asked, first_times, width_of
from spex_plugins.recordings.drawing import drawn_rows
from spex_plugins.recordings.provenance import provenance
from spex_plugins.recordings.recorded_answers import UNIFORM, RecordedAnswers
from spex_plugins.recordings.recorded_masks import RecordedMasks
from spex_plugins.result.assembly.assemble import averaged
from spex_plugins.types import BoolArray, FloatArray, IntArray
from spex_plugins.wording import counted

__all__ = ["Recording", "on_recorded_masks"]


class Recording(RecordedAnswers):
    """Answers of a value function at recorded masks: a value function itself, which needs no model.

    `explain` draws its masks from the recorded ones, unless all 2^n were recorded.

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
        The rows of the masks that were drawn in the same way, in the order in which they were drawn. The
        kinds "uniform" and "all sizes" are those that estimators ask for. A mask and its complement right
        behind it are drawn together. Of a complete recording, all masks are uniform.
    about : mapping of str to object, optional
        What was asked, of which model, when: anything that JSON can represent.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        Names of the features.
    output_names : tuple of str or None
        Names of the outputs.
    kinds : dict of str to int
        Number of recorded masks of every kind.
    about : dict
        What was asked, of which model, when.
    complete : bool
        Whether all 2^n masks were recorded.
    fingerprint : str
        SHA-256 of masks and values; that of the model is in ``about``.

    Raises
    ------
    InputError
        If an argument is invalid.

    Examples
    --------
    >>> recording = Recording.record(game, {"uniform": masks}, store="run.sqlite")
    >>> recording.save("review.npz")
    >>> rest, held_out = Recording.load("review.npz").split(500)
    >>> found = spex.explain(rest, budget=1000)
    >>> error = found.predict(held_out) - recording(held_out)
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
        super().__init__(masks, values, {} if kinds is None else kinds)
        self.feature_names = check.names_of_features(feature_names, self.n)
        self.output_names = check.names_of_outputs(output_names, self._values.shape[1:])
        self.about = _as_json({} if about is None else about)

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
            With the attribute ``n``, unless masks are given, and, optionally, ``feature_names``,
            ``output_names`` and ``fingerprint``, such as the games of `spex_plugins.games`.
        masks : ndarray of bool, shape (m, n), or mapping of str to such, optional
            The masks, or the masks of every kind; masks may repeat. By default all 2^n.
        feature_names : sequence of str, optional
            Names of the n features, by default those of the value function.
        single_precision : bool
            Keep the values in single precision, in half the space: for models that compute in it.
        about : mapping of str to object, optional
            What was asked, of which model. The date, the versions of packages and the fingerprint of the
            value function are added.
        queries : Queries, optional
            Options of the model calls, as one object.
        **options
            The same options as single keywords, see `spex_plugins.Queries`. With a ``store``, what was
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
        check.keywords(options, QueryOptions.__annotations__)
        own = hasattr(value_function, "n") or masks is None
        n, names = check.features_of(value_function, None if own else width_of(masks), feature_names)
        said = _as_json({} if about is None else about)  # before the model is asked
        distinct, values, kinds = asked(value_function, n, masks, queries_of(queries, options))
        return cls(
            distinct,
            values.astype(np.float32) if single_precision else values,
            feature_names=names,
            output_names=getattr(value_function, "output_names", None),
            kinds=kinds,
            about=provenance(value_function) | said,
        )

    @classmethod
    def from_store(
        cls,
        store: str | PathLike[str],
        fingerprint: str | None = None,
        *,
        feature_names: Sequence[str] | None = None,
        output_names: Sequence[str] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> Self:
        """Return all answers that a store holds of one value function.

        The answers of `explain_noisy` to the same mask are averaged.

        Parameters
        ----------
        store : path-like
            The file that was given as ``store`` to `explain`.
        fingerprint : str, optional
            The beginning of the digest that ``python -m spex_plugins store info`` shows; required if there
            are several functions.
        feature_names : sequence of str, optional
            Names of the n features, which a store does not hold.
        output_names : sequence of str, optional
            Names of the K outputs, which it does not hold either.
        about : mapping of str to object, optional
            What was asked, of which model.

        Returns
        -------
        Recording
            Of masks without a kind.

        Raises
        ------
        InputError
            If the store does not exist, no function in it matches, or several do.
        StoreError
            If the file is damaged or cannot be read.
        """
        if not os.path.exists(checked_path("store", store)):  # opening would create it
            raise InputError(f"store: {os.fspath(store)!s} does not exist.")
        with Store(store) as opened:
            masks, values = averaged(*opened.export(fingerprint))
        return cls(masks, values, feature_names=feature_names, output_names=output_names, about=about)

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
        return cls(masks, values, kinds=kinds, **header)

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
            "feature_names": self.feature_names,
            "output_names": self.output_names,
            "about": self.about,
        }
        packed, kinds = (None, {}) if self.complete else (self._table.packed, self._rows)
        recording_file.write(path, self.n, header, packed, self._values, kinds)

    def __repr__(self) -> str:
        kinds = ", ".join(f"{count:,} {name}" for name, count in self.kinds.items())
        masks = f"all 2^{self.n} = {len(self):,}" if self.complete else f"{len(self):,} of 2^{self.n}"
        about = self.about if self.complete or not kinds else {"kinds": kinds} | self.about
        lines = [f"Recording of {counted(self.n, 'feature')}", f"  {'masks':<18}{masks}"]
        return "\n".join(lines + [f"  {name:<18}{_in_short(text)}" for name, text in about.items()])

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
        rows = self._rows_of(kind)
        ends = self._table.rows(np.repeat([[False], [True]], self.n, axis=1))
        drawn = drawn_rows(self._table.masks(rows), rows, ends[ends >= 0], check.generator(seed))[:budget]
        return self._table.masks(drawn), self._values[drawn].astype(np.float64)

    def split(
        self, held_out: int, *, kind: str = UNIFORM, seed: int | np.random.Generator = 0
    ) -> tuple[Recording, BoolArray]:
        """Set masks aside, to test explanations of the others.

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
            The others, to be explained.
        masks : ndarray of bool, shape (held_out, n)
            Neither empty nor full; this recording, not ``rest``, has their values.

        Raises
        ------
        InputError
            If an argument is invalid, or too few masks of this kind were recorded.
        """
        count = check.count("held_out", held_out, 1, "the number of masks to set aside")
        rows = self._rows_of(kind)
        masks = self._table.masks(rows)
        inner = (masks != masks[:, :1]).any(axis=1)
        most = min(int(inner.sum()), len(self) - 2)
        if count > most:
            raise InputError(
                f"held_out: {count} of the {kind} masks cannot be set aside; at most {most} can."
            )
        aside = drawn_rows(masks[inner], rows[inner], rows[:0], check.generator(seed))[:count]
        return self._without(aside), self._table.masks(aside)

    def estimator(self, estimator: str | Estimator = "auto", index: str | None = None) -> Estimator:
        """Return an estimator that draws its masks from the recorded ones.

        `explain` uses it by itself; an adapter, behind which the recording cannot be seen, is given it.

        Parameters
        ----------
        estimator : str or Estimator, optional
            As in `explain`.
        index : str, optional
            As in `explain`.

        Returns
        -------
        Estimator
            A `RecordedMasks`; the given estimator if all 2^n masks were recorded.

        Raises
        ------
        InputError
            If the name or the index is unknown.
        """
        method = resolve(estimator, index)
        return method if self.complete or isinstance(method, RecordedMasks) else RecordedMasks(method, self)

    def _without(self, rows: IntArray) -> Recording:
        """Return the recording without some rows."""
        kept = np.ones(len(self), dtype=bool)
        kept[rows] = False
        new = np.where(kept, np.cumsum(kept) - 1, -1)
        return Recording(
            self._table.masks()[kept],
            self._values[kept],
            feature_names=self.feature_names,
            output_names=self.output_names,
            kinds={name: first_times(new[each]) for name, each in self._rows.items()},
            about=self.about,
        )


def on_recorded_masks(method: Estimator, value_function: Any) -> Estimator:
    """Return the estimator for a value function: one that draws recorded masks, if it is a recording."""
    return value_function.estimator(method) if isinstance(value_function, Recording) else method


def _in_short(text: Any) -> str:
    return " ".join(str(text).split())[:80]


def _as_json(about: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a file would give back."""
    try:
        found: dict[str, Any] = json.loads(json.dumps(dict(about)))
    except (TypeError, ValueError) as error:
        raise InputError(f"about: must be a dict that JSON can represent: {error}.") from None
    return found
