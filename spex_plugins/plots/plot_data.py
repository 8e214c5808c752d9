"""The data of every plot, read once from `Interactions`: words, values, ranked sets, facts."""

from __future__ import annotations

from dataclasses import dataclass
from math import floor, isfinite, log10
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.indices import INDICES
from spex_plugins.errors import InputError
from spex_plugins.result.feature_labels import joined, right_to_left, told_apart, visible, visible_text
from spex_plugins.result.interactions import Interactions
from spex_plugins.wording import counted, there_are

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from spex_plugins.types import FloatArray

__all__ = ["PlotData", "RankedSet", "is_sentence", "one_output", "read_plot_data", "signed"]

_LONGEST_UNBROKEN = 24  # letters


@dataclass(frozen=True)
class RankedSet:
    """One interaction of the plot; rank 1 is the strongest."""

    rank: int
    features: tuple[int, ...]
    value: float


@dataclass(frozen=True)
class PlotData:
    """The data of a plot.

    Attributes
    ----------
    words : tuple of str
        The features as in the text; sentences are whole.
    marked : tuple of str
        The same with a subscript where a word occurs more than once: "good₂,".
    labels : tuple of str
        The names for lists, without punctuation, and shortened: "good₂".
    effects : ndarray of float64, shape (n,)
        First-order values of the index.
    sets : tuple of RankedSet
        The strongest interactions, strongest first.
    n_sets : int
        Number of interactions that the table lists.
    unlisted : bool
        Whether more have a value than those (see `IndexTable`).
    reading : str
        Index and order, in words.
    facts : tuple of str
        Values of all features and of none, R² and number of model calls.
    right_to_left : bool
        Whether the text is written from right to left.
    """

    words: tuple[str, ...]
    marked: tuple[str, ...]
    labels: tuple[str, ...]
    effects: FloatArray
    sets: tuple[RankedSet, ...]
    n_sets: int
    unlisted: bool
    reading: str
    facts: tuple[str, ...]
    right_to_left: bool

    @property
    def effect_limit(self) -> float:
        """Largest magnitude of a single feature."""
        return float(np.abs(self.effects).max(initial=0.0))

    @property
    def set_limit(self) -> float:
        """Largest magnitude of an interaction."""
        return abs(self.sets[0].value) if self.sets else 0.0

    @property
    def caption(self) -> str:
        """Index and order, and how many of the interactions are shown."""
        if not self.n_sets:
            return f"{self.reading}: no interactions"
        sets = counted(self.n_sets, "listed set" if self.unlisted else "set")
        return f"{self.reading}: strongest {len(self.sets):,} of {sets}"

    @property
    def kind(self) -> str:
        """What a feature is called: a word, or, where some are of several words, a part."""
        return "part" if any(is_sentence(word) or " " in word.strip() for word in self.words) else "word"

    @property
    def linked(self) -> frozenset[int]:
        """The features that take part in a shown interaction."""
        return frozenset(i for ranked in self.sets for i in ranked.features)

    def shown_features(self, few: int) -> list[int]:
        """Return the features of the shown interactions; where there are none, the few that matter most."""
        strongest = np.argsort(-np.abs(self.effects), kind="stable")[:few]
        return sorted(self.linked) or sorted(strongest.tolist())

    def name(self, ranked: RankedSet) -> str:
        """Return ``"not × good"``, with marks of direction where a word is written from right to left."""
        return joined((self.labels[i] for i in ranked.features), self.right_to_left)

    def in_text(self) -> list[str]:
        """Return the words of the text, with a subscript only where a shown interaction needs it."""
        linked = self.linked
        return [self.marked[i] if i in linked else word for i, word in enumerate(self.words)]


def one_output(given: Any, output: int | None) -> Interactions:
    """Return the explanation of one output of ``given``, an `Interactions` or an object that has one."""
    found = getattr(given, "interactions", given)
    if not isinstance(found, Interactions):
        raise InputError(
            f"interactions: expected Interactions of one row, got {type(found).__name__}; "
            "with several rows choose one of them."
        )
    if output is None:
        if found.output_shape:
            raise InputError(
                f"output: {there_are(found.n_outputs, 'output')}; choose one, for example output=0."
            )
        return found
    integer = isinstance(output, int | np.integer) and not isinstance(output, bool)
    if found.output_shape and not (integer and 0 <= output < found.n_outputs):
        raise InputError(f"output: must be an integer from 0 to {found.n_outputs - 1}, got {output!r:.80}.")
    return found.output(output)


def read_plot_data(
    given: Any,
    index: str,
    order: int | None,
    top: int,
    output: int | None,
    words: Sequence[str] | None = None,
    drawable: Callable[[str], str] = str,
) -> PlotData:
    """Return the data of a plot from an explanation; the arguments are those of `text_arcs`.

    ``drawable`` replaces what cannot be drawn in a name.
    """
    found = one_output(given, output)
    if words is not None:
        found = found.renamed(check.names_of("words", words, found.n, "word"))
    if index == "Fourier":
        raise InputError(
            "index: 'Fourier' has no sign that gives a direction; choose 'FSII', 'FBII' or 'BII'."
        )
    top = check.count("top", top, 0, "the number of interactions to show")
    fixed = INDICES[check.index(index)].fixed_order
    if order is None and fixed is None:
        # As in Interactions.top: triples are shown apart when there are any.
        order = min(max(found.spectrum.max_order, 2), 3)
    table = found.index(index, order)
    several = table._select(np.flatnonzero(table.orders > 1))
    pairs = enumerate(zip(several.top(top).terms, several.top(top).values.tolist(), strict=True), start=1)
    names = [drawable(name) for name in found.feature_names]
    texts = tuple(visible_text(name) for name in names)
    marked, _ = told_apart(texts)
    _, labels = told_apart([visible(name) for name in names])
    return PlotData(
        words=texts,
        marked=marked,
        labels=labels,
        effects=table.first_order(),
        sets=tuple(RankedSet(rank, features, value) for rank, (features, value) in pairs),
        n_sets=len(several),
        unlisted=table.unlisted is not None,
        reading=f"{index}, order {table.order}" if fixed is None else index,
        facts=_facts(found),
        right_to_left=right_to_left(found.feature_names),
    )


def is_sentence(text: str) -> bool:
    """Whether the text of a feature may be broken into lines at its spaces."""
    return len(text) > _LONGEST_UNBROKEN and " " in text


def signed(value: float, limit: float) -> str:
    """Write a value with its sign and as many decimals as give ``limit`` three digits."""
    if value == 0:
        return "0"
    digits = 2 - floor(log10(max(limit, abs(value))))
    text = f"{value:+.2e}" if digits < -3 or digits > 6 else f"{value:+.{max(digits, 0)}f}"
    return text.replace("-", "−")


def _facts(found: Interactions) -> tuple[str, ...]:
    full, empty = float(found.full_value), float(found.empty_value)
    scale = max((abs(value) for value in (full, empty) if isfinite(value)), default=0.0)

    def number(value: float) -> str:
        if abs(value) < 1e-9 * scale:  # rounding of a difference of equal numbers
            return "0"
        return f"{value:.4g}".replace("-", "−") if isfinite(value) else "not measured"

    r2 = float(found.r2)
    source = f" ({found.r2_source})" if isfinite(r2) else ""
    stored = f" and {counted(found.n_stored, 'stored answer')}" if found.n_stored else ""
    return (
        f"f(x) = {number(full)}",
        f"f(empty) = {number(empty)}",
        f"R² = {f'{r2:.3f}'.replace('-', '−') if isfinite(r2) else 'not measured'}{source}",
        f"{counted(found.n_calls, 'model call')}{stored}",
    )
