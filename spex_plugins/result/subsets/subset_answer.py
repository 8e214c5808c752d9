"""The answer to a question about sets of features, with what is proven and what was measured."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spex_plugins.result import html_view
from spex_plugins.types import BoolArray
from spex_plugins.wording import counted

__all__ = ["SubsetAnswer"]

_SHOWN = 40  # names


@dataclass(frozen=True, repr=False)
class SubsetAnswer:
    """A set of features that is kept and one that is masked, and the value then.

    Attributes
    ----------
    question : str
        What was asked, in words.
    kept, masked : tuple of int
        Numbers of the features, ascending; together all of them.
    kept_names, masked_names : tuple of str
        Their names, equal ones told apart by numbers.
    predicted : float
        The fitted function at this mask, in the unit of the value function.
    predicted_full : float
        The same at the full mask.
    bound : float
        What no other set exceeds by the terms that were searched: the smallest number of features, or the
        most extreme value. NaN where nothing was searched for.
    gap : float
        Distance of the answer, by the terms that were searched, from the bound, in its unit; 0 if the answer
        is proven to be the best.
    searched : str
        Which sets were predicted, or which terms of the fitted function were searched, and whether the search
        ended.
    measured : float or None
        The value function at this mask, if it was given.
    n_calls : int
        Number of masks at which the value function was evaluated: 0, 1, or that of the candidates.
    """

    question: str
    kept: tuple[int, ...]
    masked: tuple[int, ...]
    kept_names: tuple[str, ...]
    masked_names: tuple[str, ...]
    predicted: float
    predicted_full: float
    bound: float
    gap: float
    searched: str
    measured: float | None = None
    n_calls: int = 0

    @property
    def mask(self) -> BoolArray:
        """The mask of the answer, (n,): True for a feature that is kept."""
        mask = np.zeros(len(self.kept) + len(self.masked), dtype=bool)
        mask[list(self.kept)] = True
        return mask

    def _lines(self) -> list[tuple[str, str]]:
        calls = counted(self.n_calls, "model call")
        measured = "" if self.measured is None else f", measured {self.measured:.4g} ({calls})"
        return [
            (f"keep {len(self.kept)}", _listed(self.kept_names)),
            (f"mask {len(self.masked)}", _listed(self.masked_names)),
            ("value", f"predicted {self.predicted:.4g}{measured}; all features: {self.predicted_full:.4g}"),
            ("searched", self.searched),
        ]

    def __repr__(self) -> str:
        return "\n".join([self.question, *(f"  {name:<12}{text}" for name, text in self._lines())])

    def _repr_html_(self) -> str:
        return html_view.view(html_view.facts(self._lines(), self.question))


def _listed(names: tuple[str, ...]) -> str:
    more = f" … {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return (", ".join(names[:_SHOWN]) + more) or "none"
