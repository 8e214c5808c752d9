"""The estimators of this package."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

from spex_plugins.api import explain
from spex_plugins.comparison.methods.method import Kind, Method, Surrogate
from spex_plugins.errors import FewSamplesWarning
from spex_plugins.estimators import resolve
from spex_plugins.estimators.base import Estimator

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame

__all__ = ["Ours"]


class Ours(Method):
    """An estimator of `spex_plugins.explain`.

    Parameters
    ----------
    estimator : str or Estimator
        As in `spex_plugins.explain`.
    index : str, optional
        What will be read: it is told to the estimator, and the errors of values and pairs are those of this
        index. By default "SV" for the estimator "shapley", else None, for which uniform masks are chosen and
        Banzhaf values and faithful Banzhaf interactions are read.
    name : str, optional
        Name in the report, by default that of the estimator.

    Raises
    ------
    InputError
        If the estimator or the index is unknown.
    """

    kind: Kind = "interaction"
    asks = True

    def __init__(
        self, estimator: str | Estimator = "auto", index: str | None = None, name: str | None = None
    ) -> None:
        self._estimator, self._index = estimator, index
        own = resolve(estimator, index).name
        self.name = name or (f"{own}, {index}" if index else own)
        if own == "shapley" and index is None:
            self._index = "SV"

    def least(self, n: int) -> int:
        """Return 2: the empty and the full mask."""
        return 2

    def explain(self, game: CountedGame, budget: int, seed: int) -> Surrogate:
        """Fit the estimator; masks without a value are dropped."""
        estimator = self._estimator
        if game.recording is not None:
            estimator = game.recording.estimator(estimator, self._index)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FewSamplesWarning)  # R² is measured here
            found = explain(
                game,
                budget=budget,
                estimator=estimator,
                index=self._index,
                seed=seed,
                batch_size=budget,  # the session behind the game makes the batches
                on_failure="drop",
                retries=0,
                progress=False,
            )
        return Surrogate(found.function, self._index or "FBII", interactions=found)
