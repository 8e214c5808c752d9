"""Interactions over a data set: the values of the same sets of columns, or of words, in many rows."""

from __future__ import annotations

import html
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from spex_plugins import checks as check
from spex_plugins.errors import InputError
from spex_plugins.result import html_view
from spex_plugins.result.feature_labels import bare_word, displayable, told_apart, visible
from spex_plugins.result.interactions import Interactions
from spex_plugins.types import FloatArray, IntArray
from spex_plugins.wording import counted, there_are

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["RowTable", "over_rows"]

_SHOWN = 15
_STRONGEST = 10  # of a row


@dataclass(frozen=True, eq=False, repr=False)
class RowTable:
    """The values of sets of names in many rows, largest mean magnitude first.

    Attributes
    ----------
    index : str
        Symbol of the index.
    order : int
        Largest number of features in a set.
    terms : tuple of tuple of str
        The sets, as names of columns or as words. Long names are shortened, and those that look the same then
        are told apart by numbers.
    values : ndarray of float64, shape (rows, T)
        Values in every row, NaN where a row does not have these words. Where words occur several times, the
        sum over their occurrences. In the unit of the value function.
    often : ndarray of int, shape (T,)
        Number of rows in which the set is among the 10 strongest of its number of features.
    """

    index: str
    order: int
    terms: tuple[tuple[str, ...], ...]
    values: FloatArray
    often: IntArray

    @property
    def names(self) -> list[str]:
        """The sets as text, ``"not × good"``."""
        return [" × ".join(term) for term in self.terms]

    @property
    def orders(self) -> IntArray:
        """Number of features in every set, shape (T,)."""
        return np.array([len(term) for term in self.terms], dtype=np.intp)

    @property
    def mean_abs(self) -> FloatArray:
        """Mean magnitude over all rows, 0 for rows without these words, shape (T,)."""
        return np.abs(np.nan_to_num(self.values)).mean(axis=0)

    @property
    def mean(self) -> FloatArray:
        """Mean value over the rows that have these words, shape (T,)."""
        return np.nan_to_num(self.values).sum(axis=0) / np.maximum(self.rows, 1)

    @property
    def rows(self) -> IntArray:
        """Number of rows that have these words, shape (T,)."""
        return np.isfinite(self.values).sum(axis=0)

    def of_order(self, order: int) -> RowTable:
        """Return the sets with exactly ``order`` features.

        Parameters
        ----------
        order : int
            Number of features of a set.

        Returns
        -------
        RowTable
            These sets in the same order.

        Raises
        ------
        InputError
            If the order is no integer ≥ 0.
        """
        return self._select(np.flatnonzero(self.orders == check.count("order", order)))

    def interactions(self) -> RowTable:
        """Return the sets of two and more features.

        Returns
        -------
        RowTable
            These sets in the same order.
        """
        return self._select(np.flatnonzero(self.orders > 1))

    def top(self, k: int) -> RowTable:  # numpydoc ignore=RS01
        """Return the k sets with the largest mean magnitude.

        Parameters
        ----------
        k : int
            Largest number of sets.

        Returns
        -------
        RowTable
            The first k sets.

        Raises
        ------
        InputError
            If k is not an integer ≥ 0.
        """
        return self._select(np.arange(min(check.count("k", k), len(self))))

    def to_frame(self) -> pd.DataFrame:
        """Return the table as a pandas DataFrame.

        Returns
        -------
        pandas.DataFrame
            Columns term, order, mean_abs, mean, rows and often.

        Raises
        ------
        ImportError
            If pandas is not installed.
        """
        import pandas as pd

        numbers = {name: getattr(self, name) for name in ("mean_abs", "mean", "rows", "often")}
        return pd.DataFrame({"term": self.names, "order": self.orders} | numbers)

    def _select(self, columns: IntArray) -> RowTable:
        terms = tuple(self.terms[t] for t in columns.tolist())
        return replace(self, terms=terms, values=self.values[:, columns], often=self.often[columns])

    def __len__(self) -> int:
        return len(self.terms)

    def _title(self) -> str:
        rows = counted(len(self.values), "row")
        return f"{self.index}, order ≤ {self.order}, over {rows}: {counted(len(self), 'set')}"

    def _cells(self) -> list[tuple[str, str, str, str, str]]:
        shown = self.top(_SHOWN)
        columns = (shown.mean_abs.tolist(), shown.mean.tolist(), shown.rows.tolist(), shown.often.tolist())
        numbers = zip(*columns, strict=True)
        return [
            (name, f"{size:.4g}", f"{mean:+.4g}", str(rows), str(often))
            for name, (size, mean, rows, often) in zip(shown.names, numbers, strict=True)
        ]

    def __repr__(self) -> str:
        titles = ("mean |value|", "mean", "rows", "often")
        head = "  ".join(f"{title:>12}" for title in titles)
        lines = ["  ".join([*(f"{cell:>12}" for cell in cells), name]) for name, *cells in self._cells()]
        more = [f"  … {len(self) - _SHOWN} more"] if len(self) > _SHOWN else []
        return "\n".join([self._title(), head, *lines, *more])

    def _repr_html_(self) -> str:
        means = self.top(_SHOWN).mean.tolist()
        limit = max(map(abs, means), default=0.0)
        rows = [
            [
                f"<td class='t'>{html.escape(name)}</td>",
                *(f"<td class='n'>{cell}</td>" for cell in cells),
                html_view.signed_bar(mean, limit),
            ]
            for (name, *cells), mean in zip(self._cells(), means, strict=True)
        ]
        titles = ("set", "mean |value|", "mean", "rows", "often", "mean")
        return html_view.view(html_view.table(rows, self._title(), titles))


def over_rows(
    rows: Sequence[Interactions],
    index: str = "FSII",
    order: int | None = None,
    *,
    output: int | None = None,
) -> RowTable:
    """Collect the values of an index over many rows, by the names of the features.

    Rows of a table have the same columns. Texts have words: the same words in different texts are one set,
    in any order and wherever they stand, without the punctuation around them and in lower case.

    Parameters
    ----------
    rows : sequence of Interactions
        Explanations of the rows, of the same value function.
    index : str
        Symbol of the index, as in `Interactions.index`.
    order : int, optional
        Largest number of features in a set, as in `Interactions.index`.
    output : int, optional
        Which of K outputs, such as a class; needed where there are several.

    Returns
    -------
    RowTable
        Sets of one feature and of several.

    Raises
    ------
    InputError
        If there are no rows, if ``output`` is missing or not needed, or if the index is not defined.
    """
    rows = list(rows) if isinstance(rows, Iterable) else []
    if not rows or not all(isinstance(row, Interactions) for row in rows):
        raise InputError(
            "rows: expected a sequence of at least one Interactions, such as the attribute interactions of "
            "an explanation."
        )
    if output is not None:
        _check_output(output, rows[0])
    if len({row.output_shape for row in rows}) > 1:
        raise InputError("rows: their value functions have different numbers of outputs.")
    if output is None and rows[0].output_shape:
        raise InputError(
            f"output: {there_are(rows[0].n_outputs, 'output')}; choose one, for example output=0."
        )
    if output is not None:
        rows = [row.output(output) for row in rows]
    named = _names(rows)
    tables = [row.index(index, order) for row in rows]
    found = [_by_name(table.as_dict(), names) for table, names in zip(tables, named, strict=True)]
    terms = list(dict.fromkeys(key for one in found for key in one))
    values = np.full((len(rows), len(terms)), np.nan)
    often = np.zeros(len(terms), dtype=np.intp)
    place = {key: t for t, key in enumerate(terms)}
    for row, (one, names) in enumerate(zip(found, named, strict=True)):
        count = Counter(names)
        has = [all(count[word] >= times for word, times in key) for key in terms]
        values[row, has] = 0.0  # a set that is not listed has the value 0
        for key, value in one.items():
            values[row, place[key]] = value
        for key in _strongest(one):
            often[place[key]] += 1
    shown = _written(terms, named)
    result = RowTable(index, tables[0].order, shown, values, often)
    return result._select(np.argsort(-result.mean_abs, kind="stable"))


def _check_output(output: int, row: Interactions) -> None:
    """Raise InputError for an output that the rows do not have; `Interactions.output` checks its type."""
    if (
        row.output_shape
        and isinstance(output, int | np.integer)
        and not -row.n_outputs <= output < row.n_outputs
    ):
        raise InputError(f"output: there are {row.n_outputs} outputs, from 0, got {output}.")


_Key = tuple[tuple[str, int], ...]  # the words of a set, sorted, and how many times each is in it


def _names(rows: Sequence[Interactions]) -> list[list[str]]:
    """Return the names by which features are the same in different rows, as long as they are."""
    first = rows[0].feature_names
    if all(row.feature_names == first for row in rows) and len(set(first)) == len(first):
        return [list(first)] * len(rows)
    return [[_word(name) for name in row.feature_names] for row in rows]


def _word(name: str) -> str:
    """Return what stands for a word, or a sentence, wherever and however it is written."""
    return bare_word(" ".join(displayable(name).split()) or visible(name)).casefold()


def _shown(names: Iterable[str]) -> dict[str, str]:
    """Return how names are shown: not longer than a label, and none like another."""
    distinct = list(dict.fromkeys(names))
    labels = [visible(name) for name in distinct]
    alike = len(set(labels)) < len(labels)
    return dict(zip(distinct, told_apart(labels)[1] if alike else labels, strict=True))


def _by_name(table: dict[tuple[int, ...], float], names: Sequence[str]) -> dict[_Key, float]:
    total: dict[_Key, float] = defaultdict(float)
    for term, value in table.items():
        total[tuple(sorted(Counter(names[i] for i in term).items()))] += value
    return total


def _strongest(found: dict[_Key, float]) -> list[_Key]:
    """Return the strongest sets of a row, of one feature and of every larger number alike."""
    out: list[_Key] = []
    sizes = {sum(times for _, times in key) for key in found}
    for size in sizes:
        own = [key for key in found if sum(times for _, times in key) == size and found[key]]
        out += sorted(own, key=lambda key: -abs(found[key]))[:_STRONGEST]
    return out


def _written(terms: Sequence[_Key], named: Sequence[Sequence[str]]) -> tuple[tuple[str, ...], ...]:
    """Return the words of every set, in the order in which the rows have them first."""
    shown = _shown(chain.from_iterable(named))
    order = {word: place for place, word in enumerate(shown)}
    words = ([word for word, times in key for _ in range(times)] for key in terms)
    return tuple(tuple(shown[word] for word in sorted(one, key=order.__getitem__)) for one in words)
