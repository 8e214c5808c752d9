"""Games of `spex_plugins.games` for every SHAP explainer: a model whose rows say which features are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shap

from spex_plugins.checks import features_of
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray

__all__ = ["as_model"]


class _GameModel:
    """The game as a model: 0 in a row masks the feature, any other number keeps it."""

    def __init__(self, game: Any) -> None:
        self._game = game
        self.output_names = getattr(game, "output_names", None)

    @property
    def fingerprint(self) -> str:
        fingerprint: str = self._game.fingerprint
        return fingerprint

    def __call__(self, rows: Any) -> FloatArray:
        return np.asarray(self._game(np.asarray(rows) != 0))


def as_model(game: Any) -> tuple[Any, Any, Any]:
    """Return a game in the form of the arguments of SHAP's explainers: a model, a masker, the row to explain.

    Parameters
    ----------
    game : callable
        A value function of masks (m, n) with the attribute ``n`` and, optionally, ``feature_names``,
        ``output_names`` and ``fingerprint``, such as those of `spex_plugins.games`.

    Returns
    -------
    model : callable
        From rows (b, n), where 0 masks a feature, to values (b,) or (b, K).
    masker : shap.maskers.Independent
        With one background row, all 0, that masks every feature.
    row : DataFrame, shape (1, n)
        All 1; the columns are the names of the features. A feature that is 0 is not explained.

    Raises
    ------
    InputError
        If the game cannot be called or its ``n`` is unusable.

    Examples
    --------
    >>> model, masker, row = as_model(game)
    >>> explanation = SpexExplainer(model, masker)(row, max_evals=1000)
    >>> shap.plots.waterfall(explanation[0])
    >>> shap.PermutationExplainer(model, masker)(row, max_evals=1000)
    """
    if not callable(game):
        raise InputError(f"game: must be callable, got {type(game).__name__}.")
    n, names = features_of(game, None, None)
    row = pd.DataFrame(np.ones((1, n)), columns=list(names))
    return _GameModel(game), shap.maskers.Independent(0.0 * row), row
