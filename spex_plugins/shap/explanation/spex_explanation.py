"""`SpexExplanation`: a SHAP explanation whose rows carry their interactions."""

from __future__ import annotations

from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from slicer import Obj, Slicer

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.exports.shap_explanation import REST
from spex_plugins.result.feature_labels import told_apart, visible
from spex_plugins.result.interactions import Interactions
from spex_plugins.result.row_table import RowTable, over_rows
from spex_plugins.shap.explanation.assignment import with_base_values, with_feature_names, with_values
from spex_plugins.shap.explanation.display import as_html, as_text
from spex_plugins.shap.explanation.indexing import (
    all_axes,
    axes_left,
    axes_of,
    empty_arrays,
    positions,
    replaced,
)
from spex_plugins.shap.explanation.interaction_terms import largest_terms, products
from spex_plugins.shap.explanation.join_rows import objects
from spex_plugins.shap.explanation.operations import (
    NOTHING,
    elementwise,
    over_axes,
    same_content,
    side_by_side,
)
from spex_plugins.shap.explanation.selection_by_name import (
    has_outputs_by_row,
    plain_names,
    rows_of_one_feature,
    rows_of_one_output,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

__all__ = ["SpexExplanation"]

_ARITHMETIC = ("values", "base_values", "data")
_KEEP_ROWS = {"__getitem__", "sample", "flip", "abs", "__add__", "__sub__", "__mul__", "__truediv__"}


class SpexExplanation(shap.Explanation):  # type: ignore[misc]
    """A `shap.Explanation` with the interactions behind its values.

    Slicing, copying, pickling, ``abs``, ``flip`` and arithmetic with numbers keep the interactions, which
    remain those of the explained model; so does `hstack` of parts of one explanation. An average over rows
    and a difference of two explanations have none; assigned values have none, unless they are those of one
    output.

    `SpexExplainer` makes such explanations; the constructor makes one without interactions.

    Parameters
    ----------
    *args, **kwargs
        As in `shap.Explanation`: values (rows, M) or (rows, M, K), base values (rows,) or (rows, K), …

    Attributes
    ----------
    values : ndarray of float64, shape (rows, M) or (rows, M, K)
        Values of the M features for K outputs, in units of the linked output; for a single row without the
        first axis. Rows of different lengths, as those of texts, are in a 1-D array of objects.
    base_values : ndarray of float64, shape (rows,) or (rows, K)
        f(∅); base value and values add up to f(x).
    error_std : ndarray of float64, shape (rows, M) or (rows, M, K), or None
        Standard deviations of the values, in their units.
    """  # numpydoc ignore=RS01

    output_dims: tuple[int, ...]
    __array_priority__ = 1  # NumPy's numbers on the left leave arithmetic to this class

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make an explanation without interactions; see the class for the arguments."""
        super().__init__(*args, **kwargs)
        self._without_interactions()

    @classmethod
    def of(cls, explanation: Any, rows: Sequence[Interactions] | None) -> SpexExplanation:
        """Add interactions to a `shap.Explanation`.

        Parameters
        ----------
        explanation : shap.Explanation
            Its contents become those of the new explanation, without a copy.
        rows : sequence of Interactions, optional
            One for each row; None if they are not known.

        Returns
        -------
        SpexExplanation
            With these interactions.
        """  # numpydoc ignore=RS01
        new = cls.__new__(cls)
        new.__dict__.update(explanation.__dict__)
        if rows is None:
            return new._without_interactions()
        # SHAP's slicer cuts them along with the values: by rows, and by outputs.
        new._s.interactions = Obj(objects(rows), [0])
        names = dict(new._s._iter_tracked(include_aliases=True)).get("output_names")
        if names is not None and names.o is not None:
            new._s = replaced(new._s, output_names=type(names)(plain_names(names.o), names.dim))
        new._s.kept_outputs = None
        if rows[0].output_shape:
            by_output = [0, len(new.shape) - 1]
            # SHAP takes the rows for outputs when there are as many rows as features.
            new._s.base_values = Obj(new.base_values, by_output)
            if has_outputs_by_row(new):
                new._s.output_names = Obj(new.output_names, by_output)
            outputs = [np.arange(*row.output_shape) for row in rows]
            same = len({len(one) for one in outputs}) == 1  # generated texts differ in length
            new._s.kept_outputs = Obj(np.stack(outputs) if same else objects(outputs), by_output)
        return new

    @property
    def interactions(self) -> Any:
        """The interactions of a row, `Interactions`; a list of them while there is an axis of rows.

        Raises
        ------
        AttributeError
            If the rows were averaged, summed, reordered or combined with another explanation, or if the
            values were assigned and are not those of an output.
        """
        found, outputs = self._s.interactions, self._s.kept_outputs
        if found is None:
            mixed = [step.name for step in self.op_history if not _keeps_rows(step)]
            raise AttributeError(
                f"interactions: after {mixed} a row is no longer the explanation of one input."
                if mixed
                else "interactions: the values were assigned, and are not those of one output; "
                "explanation[..., k] keeps the interactions."
            )
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
            The last term, "all other terms", is f(x) − f(∅) minus the named ones, so that base value and
            values always add up to f(x). For several rows of numbers, the data of a term is the product of
            its features' values (beeswarm colours by it), if the explanation still has all of these.

        Raises
        ------
        InputError
            If the index is unknown, ``top`` is not an integer ≥ 0, or the rows have different features, as
            texts do: then call ``explanation[i].interaction_explanation()``.
        """
        check.index(index)
        found = self.interactions
        rows = [found] if isinstance(found, Interactions) else found
        names = rows[0].feature_names
        if any(row.feature_names != names for row in rows):
            raise InputError(
                "rows: they have different features; use explanation[i].interaction_explanation()."
            )
        terms, values = largest_terms(rows, index, order, check.count("top", top))
        base = np.stack([row.empty_value for row in rows])
        total = np.stack([row.full_value for row in rows]) - base
        values = np.concatenate([values, (total - values.sum(axis=1))[:, None]], axis=1)
        _, words = told_apart([visible(name) for name in names])
        labels = [" × ".join(words[i] for i in term) for term in terms]
        one = found is rows[0]
        return shap.Explanation(
            values[0] if one else values,
            base_values=base[0][()] if one else base,
            data=None if one else products(terms, self.data, names, self.feature_names),
            feature_names=[*labels, REST],
            output_names=self.output_names if base.ndim == 2 else None,
        )

    def interaction_table(
        self, index: str = "FSII", order: int | None = None, *, output: int | None = None
    ) -> RowTable:
        """Collect the values of an index over all rows, by the names of columns or by words.

        For the rows of one class, index the explanation first: ``explanation[y == 1].interaction_table()``;
        for the output of one, ``explanation[..., 1].interaction_table()``.

        Parameters
        ----------
        index : str
            A key of `spex_plugins.INDICES`.
        order : int, optional
            Largest number of features in a set, by default 2.
        output : int, optional
            Which of K outputs; needed where there are several.

        Returns
        -------
        RowTable
            As of `spex_plugins.over_rows`.

        Raises
        ------
        InputError
            If there are several outputs and none is chosen, or if the index is not defined for this order.
        """
        found = self.interactions
        rows = [found] if isinstance(found, Interactions) else found
        return over_rows(rows, index, order, output=output)

    @shap.Explanation.values.setter  # type: ignore[untyped-decorator]
    def values(self, values: Any) -> None:
        self._s = with_values(self, values)
        self.output_dims = tuple(axis for axis in self.output_dims if axis < len(self.shape))

    @shap.Explanation.base_values.setter  # type: ignore[untyped-decorator]
    def base_values(self, base_values: Any) -> None:
        self._s = with_base_values(self, base_values)

    @shap.Explanation.feature_names.setter  # type: ignore[untyped-decorator]
    def feature_names(self, names: Any) -> None:
        self._s = with_feature_names(self, names)

    def __getitem__(self, item: Any) -> Any:
        items = all_axes(item, len(self.shape))
        last = len(self.shape) - 1
        if has_outputs_by_row(self) and len(items) == last + 1 and isinstance(items[last], str):
            return self._rows_of_output((*items[:last], slice(None)), items[last])
        if len(axes_of(self._s, "feature_names")) > 1 and len(items) > 1 and isinstance(items[1], str):
            return self._rows_of_feature((items[0], slice(None), *items[2:]), items[1])
        if not items:
            return copy(self)
        places = positions(self, items)
        new = super().__getitem__(places)
        if slice(0, 0) in places:
            new._s = replaced(new._s, **empty_arrays(self._s, places))
        features = axes_of(self._s, "feature_names")[-1:]
        if any(axis in features and place != slice(None) for axis, place in enumerate(places)):
            new._s = replaced(new._s, clustering=NOTHING)  # it counts the features from 0
        chosen = [axis for axis, place in enumerate(places) if isinstance(place, int)]
        new.output_dims = tuple(axes_left(self.output_dims, chosen))
        return new

    def _rows_of_output(self, items: tuple[Any, ...], name: str) -> Any:
        kept = self[items]
        if not has_outputs_by_row(kept):
            return kept[..., name]
        chosen, places = rows_of_one_output(kept, name)
        found, outputs = kept._s.interactions, kept._s.kept_outputs
        found = None if found is None else list(found)
        return kept._continued(chosen, found and [_of_outputs(found[i], outputs[i][j]) for i, j in places])

    def _rows_of_feature(self, items: tuple[Any, ...], name: str) -> Any:
        kept = self[items]
        if len(axes_of(kept._s, "feature_names")) < 2:
            return kept[name]
        chosen, rows = rows_of_one_feature(kept, name)
        found = None if kept._s.interactions is None else kept.interactions
        return kept._continued(chosen, found and [found[i] for i in rows])

    def _continued(self, chosen: Any, found: Sequence[Interactions] | None) -> SpexExplanation:
        new = self.of(chosen, found)
        new.op_history = list(self.op_history)
        return new

    def _numpy_func(self, fname: str, **kwargs: Any) -> Any:
        function = getattr(np, fname)
        if fname == "flip":
            new = self[(slice(None, None, -1),) * len(self.shape)]
            new.op_history[-1].name = fname
            return new
        if "axis" in kwargs:
            return over_axes(self, fname, function, kwargs["axis"], kwargs=kwargs)
        new = elementwise(self, fname, function, ("values", "data"))
        return new if fname == "abs" else new._without_interactions()

    def percentile(self, q: float, axis: int | None = None) -> Any:
        """Return the q-th percentile over an axis, 0 ≤ q ≤ 100."""
        return over_axes(self, "percentile", partial(np.percentile, q=q), axis, args=(axis,))

    def hstack(self, other: Any) -> Any:
        """Put the features of another explanation of the same rows beside these.

        Parts of one explanation keep their interactions; those of two explanations have none.
        """
        if not isinstance(other, shap.Explanation):
            raise InputError(f"other: must be a shap.Explanation, got {type(other).__name__}.")
        mine, theirs = (shap.Explanation(one.values, one.base_values) for one in (self, other))
        mine.hstack(theirs)  # SHAP's checks
        new = side_by_side(self, other)
        return new if self._has_interactions_of(other) else new._without_interactions()

    def _apply_binary_operator(self, other: Any, binary_op: Callable[..., Any], op_name: str) -> Any:
        new = elementwise(self, op_name, binary_op, _ARITHMETIC, other)
        return new._without_interactions() if isinstance(other, shap.Explanation) else new

    def __rsub__(self, other: Any) -> Any:
        return self._apply_binary_operator(other, lambda mine, theirs: theirs - mine, "__sub__")

    def _has_interactions_of(self, other: Any) -> bool:
        """Tell whether another explanation has the interactions of this one, row by row."""
        if not isinstance(other, SpexExplanation) or self._s.interactions is None:
            return False
        pairs = [np.atleast_1d(np.asarray(one._s.interactions, dtype=object)) for one in (self, other)]
        same_rows = all(a is b for a, b in zip(*pairs, strict=True))
        return same_rows and _same_outputs(self._s.kept_outputs, other._s.kept_outputs)

    def _without_interactions(self) -> SpexExplanation:
        self._s = replaced(self._s, interactions=NOTHING, kept_outputs=NOTHING)
        return self

    def __copy__(self) -> SpexExplanation:
        new = self.__class__.__new__(self.__class__)
        new.__dict__.update(self.__dict__)
        # SHAP drops data that it cannot compute with (abs of words), but not the axes of what is gone.
        tracked = self._s._iter_tracked(include_aliases=True)
        new._s = Slicer(**{name: None if one.o is None else one for name, one in tracked})
        new.op_history = list(self.op_history)
        return new

    def __repr__(self) -> str:
        found = self._s.interactions
        text = super().__repr__()
        return text if found is None else f"{text}\n\n.interactions =\n{as_text(self.interactions)}"

    def _repr_html_(self) -> str | None:
        return None if self._s.interactions is None else as_html(self, self.interactions)


def _keeps_rows(step: Any) -> bool:
    return step.name in _KEEP_ROWS and not any(isinstance(one, shap.Explanation) for one in step.args)


def _same_outputs(one: Any, other: Any) -> bool:
    return one is other if one is None or other is None else same_content(one, other)


def _of_outputs(found: Interactions, outputs: Any) -> Interactions:
    """Keep one output, some of them, or (None) the only one."""
    if outputs is None:
        return found
    return found.output(int(outputs) if np.ndim(outputs) == 0 else outputs)
