"""`SpexExplanation`: a SHAP explanation whose rows carry their interactions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from slicer import Obj, Slicer

from spex_plugins.core.indices import INDICES
from spex_plugins.errors import InputError
from spex_plugins.interactions import Interactions
from spex_plugins.names import told_apart, visible
from spex_plugins.shap.display import as_html, as_text
from spex_plugins.shap.output_by_name import all_axes, has_outputs_by_row, rows_of_one_output
from spex_plugins.shap.ragged import objects

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spex_plugins.types import FloatArray

__all__ = ["SpexExplanation"]

_REST = "all other terms"
_LARGEST_DEFAULT_ORDER = 3
_KEEPS_ROWS = {"__getitem__", "sample", "abs", "__add__", "__sub__", "__mul__", "__truediv__"}


class SpexExplanation(shap.Explanation):  # type: ignore[misc]
    """A `shap.Explanation` that knows the interactions behind its values.

    Slicing, copying, pickling, ``abs`` and arithmetic with numbers keep the interactions, which stay those
    of the model as explained; an average over rows, or a difference of two explanations, has none.
    """

    @classmethod
    def of(cls, explanation: Any, rows: Sequence[Interactions]) -> SpexExplanation:
        """Attach the interactions of every row to a `shap.Explanation`, which is taken over."""
        new = cls.__new__(cls)
        new.__dict__.update(explanation.__dict__)
        # In SHAP's own slicer they are cut along with the values: by rows, and by outputs.
        new._s.interactions = Obj(objects(rows), [0])
        new._s.kept_outputs = None
        if rows[0].output_shape:
            by_output = [0, len(new.shape) - 1]
            # SHAP takes the rows for outputs when there are as many rows as features.
            new._s.base_values = Obj(new.base_values, by_output)
            if has_outputs_by_row(new):
                new._s.output_names = Obj(new.output_names, by_output)
            # A row each: generated texts differ in length.
            outputs = objects([np.arange(*row.output_shape) for row in rows])
            new._s.kept_outputs = Obj(outputs, by_output)
        return new

    @property
    def interactions(self) -> Interactions | list[Interactions]:
        """The interactions of a row; a list of them while there is an axis of rows.

        Raises
        ------
        AttributeError
            If the rows were averaged, summed, reordered or combined with another explanation.
        """
        mixed = [step.name for step in self.op_history if not _keeps_rows(step)]
        if mixed:
            raise AttributeError(f"interactions: rows no longer stand for one input each after {mixed}.")
        found, outputs = self._s.interactions, self._s.kept_outputs
        if isinstance(found, Interactions):
            return _of_outputs(found, outputs)
        if outputs is None:
            return list(found)
        return [_of_outputs(row, kept) for row, kept in zip(found, outputs, strict=True)]

    def interaction_explanation(self, top: int = 20, index: str = "FSII", order: int | None = None) -> Any:
        """Return a flat explanation with one "feature" per interaction, for every plot of SHAP.

        Parameters
        ----------
        top : int
            Number of terms (single features and interactions), largest mean magnitude over rows first.
        index : str
            A key of `spex_plugins.INDICES`.
        order : int, optional
            Largest number of features in a term. By default 3 where the rows have such terms, else 2.

        Returns
        -------
        shap.Explanation
            Values (T + 1,) for one row, (rows, T + 1) for several, with a last axis for several outputs.
            The last term, "all other terms", is what the named ones leave of f(x) − f(∅), so that base
            value and values always add up to f(x). For several rows of numbers, the data of a term is the
            product of its features' values (beeswarm colours by it).

        Raises
        ------
        InputError
            If the rows have different features, as texts do: explain each with ``explanation[i]``.
        """
        if index not in INDICES:
            raise InputError(f"index: {index!r} is unknown; choose one of {list(INDICES)}.")
        found = self.interactions
        rows = [found] if isinstance(found, Interactions) else found
        names = rows[0].feature_names
        if any(row.feature_names != names for row in rows):
            raise InputError(
                "rows: they have different features; use explanation[i].interaction_explanation()."
            )
        terms, values = _largest_terms(rows, index, order, top)
        base = np.stack([row.empty_value for row in rows])
        total = np.stack([row.full_value for row in rows]) - base
        values = np.concatenate([values, (total - values.sum(axis=1))[:, None]], axis=1)
        _, words = told_apart([visible(name) for name in names])
        labels = [" × ".join(words[i] for i in term) for term in terms]
        one = found is rows[0]
        return shap.Explanation(
            values[0] if one else values,
            base_values=base[0][()] if one else base,
            data=None if one else self._products(terms),
            feature_names=[*labels, _REST],
            output_names=self.output_names if base.ndim == 2 else None,
        )

    def _products(self, terms: list[tuple[int, ...]]) -> FloatArray | None:
        data = np.asarray(self.data)
        if data.ndim != 2 or data.dtype.kind not in "iufb":
            return None
        columns = [data[:, list(term)].astype(float).prod(axis=1) for term in terms]
        return np.stack([*columns, np.zeros(len(data))], axis=1)

    def __getitem__(self, item: Any) -> Any:
        items = all_axes(item, len(self.shape))
        if not (has_outputs_by_row(self) and len(items) == len(self.shape) and isinstance(items[-1], str)):
            return super().__getitem__(items)
        # SHAP fails on most of these, and where it does not it forgets the class.
        name = items[-1]
        kept = self[(*items[:-1], slice(None))]
        if not has_outputs_by_row(kept):
            return kept[..., name]
        chosen, places = rows_of_one_output(kept, name)
        found, outputs = kept._s.interactions, kept._s.kept_outputs
        new = self.of(chosen, [_of_outputs(found[i], outputs[i][j]) for i, j in places])
        new.op_history = kept.op_history
        return new

    def __copy__(self) -> SpexExplanation:
        new = self.__class__.__new__(self.__class__)
        new.__dict__.update(self.__dict__)
        # SHAP drops data that it cannot compute with (abs of words), but not the axes of what is gone.
        tracked = self._s._iter_tracked(include_aliases=True)
        new._s = Slicer(**{name: None if one.o is None else one for name, one in tracked})
        new.op_history = list(self.op_history)
        return new

    def __repr__(self) -> str:
        found = self._found()
        return super().__repr__() + ("" if found is None else f"\n\n.interactions =\n{as_text(found)}")

    def _repr_html_(self) -> str | None:
        found = self._found()
        return None if found is None else as_html(self, found)

    def _found(self) -> Interactions | list[Interactions] | None:
        return self.interactions if all(map(_keeps_rows, self.op_history)) else None


def _keeps_rows(step: Any) -> bool:
    return step.name in _KEEPS_ROWS and not any(isinstance(one, shap.Explanation) for one in step.args)


def _of_outputs(found: Interactions, outputs: Any) -> Interactions:
    """Keep one output, some of them, or (None) the only one."""
    if outputs is None:
        return found
    return found.output(int(outputs) if np.ndim(outputs) == 0 else outputs)


def _largest_terms(
    rows: Sequence[Interactions], index: str, order: int | None, top: int
) -> tuple[list[tuple[int, ...]], FloatArray]:
    """Return the largest terms over all rows and their values, shape (rows, T) or (rows, T, K)."""
    if order is None and INDICES[index].fixed_order is None:
        order = min(max(2, *(row.spectrum.max_order for row in rows)), _LARGEST_DEFAULT_ORDER)
    tables = [row.index(index, order).as_dict() for row in rows]
    terms = list(dict.fromkeys(term for table in tables for term in table))
    values = np.zeros((len(rows), len(terms), *rows[0].output_shape))
    column = {term: t for t, term in enumerate(terms)}
    for row, table in zip(values, tables, strict=True):
        for term, value in table.items():
            row[column[term]] = value
    magnitude = np.abs(values).sum(axis=(0, *range(2, values.ndim)))
    largest = np.argsort(-magnitude, kind="stable")[:top]
    return [terms[t] for t in largest], values[:, largest]
