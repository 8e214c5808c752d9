"""The values of an interaction index, as a sorted table with feature names."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis import feature_sets as sets
from spex_plugins.core.basis.single_values import first_order
from spex_plugins.result import html_view
from spex_plugins.result.feature_labels import told_apart, visible
from spex_plugins.types import FloatArray, IntArray
from spex_plugins.wording import counted, first_of

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["IndexTable"]

_SHOWN, _OUTPUTS = 10, 6  # sets and outputs that a representation shows


@dataclass(frozen=True, eq=False, repr=False)
class IndexTable:
    """Sets of features and their values in one interaction index, largest magnitude first.

    Attributes
    ----------
    index : str
        Symbol of the index, such as ``"FSII"``.
    order : int
        Largest number of features in a set.
    supports : ndarray of int, shape (T, d)
        The sets; n marks empty slots (`spex_plugins.core.basis.feature_sets`), without the empty set.
    values : ndarray of float64, shape (T,) or (T, K)
        In the unit of the value function.
    baseline : ndarray of float64, shape () or (K,)
        The value of the empty set in this index; for the efficient indices f(∅), as evaluated if the table
        has Shapley values that add up to f(x) − f(∅), else the fitted one. In the unit of the value function.
    feature_names : tuple of str
        Names of the n features.
    unlisted : ndarray of float64, shape () or (K,), or None
        Sum of the values of all sets that are not listed because there are too many; NaN where it is not
        known, as the index does not add up to f(x) − f(∅). None if no set is missing, and for a selection.
    """

    index: str
    order: int
    supports: IntArray
    values: FloatArray
    baseline: FloatArray
    feature_names: tuple[str, ...]
    unlisted: FloatArray | None = None

    @property
    def n(self) -> int:
        """Number of features."""
        return len(self.feature_names)

    @property
    def orders(self) -> IntArray:
        """Number of features in every set, shape (T,)."""
        return sets.orders_of(self.supports, self.n)

    @property
    def terms(self) -> list[tuple[int, ...]]:
        """The sets as tuples of feature numbers."""
        return sets.to_sets(self.supports, self.n)

    @property
    def names(self) -> list[str]:
        """The sets as text, ``"not × good₂"``; features of one name are told apart by numbers."""
        _, labels = told_apart([visible(name) for name in self.feature_names])
        return [" × ".join(labels[i] for i in term) for term in self.terms]

    def of_order(self, order: int) -> IndexTable:
        """Return the sets with exactly ``order`` features.

        Parameters
        ----------
        order : int
            Number of features of a set.

        Returns
        -------
        IndexTable
            These sets in the same order; empty if there are none.

        Raises
        ------
        InputError
            If the order is no integer ≥ 0.
        """
        return self._select(np.flatnonzero(self.orders == check.count("order", order)))

    def top(self, k: int) -> IndexTable:  # numpydoc ignore=RS01
        """Return the k sets of largest magnitude; with several outputs, of largest root sum of squares.

        Parameters
        ----------
        k : int
            Largest number of sets.

        Returns
        -------
        IndexTable
            The first k sets; all of them if there are fewer.

        Raises
        ------
        InputError
            If k is not an integer ≥ 0.
        """
        return self._select(np.arange(min(check.count("k", k), len(self))))

    def first_order(self) -> FloatArray:
        """Return the values of single features as a dense array.

        Returns
        -------
        ndarray of float64, shape (n,) or (n, K)
            In the unit of the value function; 0 for features without an entry in the table.
        """
        return first_order(self.supports, self.values, self.n)

    def as_dict(self) -> dict[tuple[int, ...], Any]:
        """Return the table as a dictionary.

        Returns
        -------
        dict
            ``{set: value}`` in the order of the table; sets are tuples of feature numbers, values are numbers
            or lists of K numbers.
        """
        return dict(zip(self.terms, self.values.tolist(), strict=True))

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns term (str), features (tuple of int), order (int), and value (float), or value_0 to
            value_{K − 1} with K outputs.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        frame = pd.DataFrame({"term": self.names, "features": self.terms, "order": self.orders})
        if self.values.ndim == 1:
            frame["value"] = self.values
        else:
            for k, column in enumerate(self.values.T):
                frame[f"value_{k}"] = column
        return frame

    def _select(self, rows: IntArray) -> IndexTable:
        return IndexTable(
            self.index, self.order, self.supports[rows], self.values[rows], self.baseline, self.feature_names
        )

    def __len__(self) -> int:
        return len(self.supports)

    def __iter__(self) -> Iterator[tuple[tuple[int, ...], Any]]:
        return iter(self.as_dict().items())

    def _rows(self) -> list[tuple[str, str]]:
        shown = self.values[:_SHOWN]
        cells = [first_of(_signed(row), _OUTPUTS, "  ") for row in shown]
        return list(zip(self.top(_SHOWN).names, cells, strict=True))

    def _title(self) -> str:
        listed = f"{self.index}, order ≤ {self.order}: {counted(len(self), 'set')}"
        if self.unlisted is None:
            return listed
        if not np.isfinite(self.unlisted).all():
            return f"{listed}, others not listed"
        return f"{listed}; those not listed add up to {first_of(_signed(self.unlisted), _OUTPUTS)}"

    def __repr__(self) -> str:
        lines = [f"  {value:>10}  {name}" for name, value in self._rows()]
        rest = [f"  … {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n".join([self._title(), *lines, *rest])

    def _repr_html_(self) -> str:
        return html_view.view(self._html_table())

    def _html_table(self) -> str:
        cells = [
            [f"<td class='t'>{html.escape(name)}</td>", f"<td class='n'>{value}</td>"]
            for name, value in self._rows()
        ]
        if self.values.ndim == 1:
            limit = float(np.abs(self.values).max(initial=0.0))
            bars = [html_view.signed_bar(value, limit) for value in self.values[:_SHOWN].tolist()]
            cells = [[*row, bar] for row, bar in zip(cells, bars, strict=True)]
        more = f"; {len(self) - _SHOWN} more" if len(self) > _SHOWN else ""
        return html_view.table(cells, self._title() + more)


def _signed(values: FloatArray) -> list[str]:
    """Write a value, or one for each output, with its sign; 0 has none of its own."""
    return [f"{value + 0.0:+.4g}" for value in np.atleast_1d(values).tolist()]
