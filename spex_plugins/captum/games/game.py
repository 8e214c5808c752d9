"""Games of `spex_plugins.games` as forward functions for every Captum method."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.checks import features_of
from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["game_forward"]


class _GameForward:
    """A game as a forward function: 0 masks a feature, anything else keeps it."""

    def __init__(self, game: Any) -> None:
        self._game = game

    @property
    def fingerprint(self) -> str:
        fingerprint: str = self._game.fingerprint
        return fingerprint

    def __call__(self, kept: Tensor) -> Tensor:
        values = self._game((kept != 0).cpu().numpy())
        return torch.from_numpy(np.asarray(values, dtype=np.float64))


def game_forward(game: Any) -> Any:
    """Return a game as a forward function for Captum's perturbation methods.

    The input is 1 for every feature, ``torch.ones(1, game.n)``, and the baseline 0.

    Parameters
    ----------
    game : callable
        A value function with ``n``, the number of features, and optionally ``fingerprint``, such as those of
        `spex_plugins.games`.

    Returns
    -------
    callable
        From tensors (b, n), where 0 masks a feature and anything else keeps it, to float64 values (b,) or
        (b, K) in the unit of the game.

    Raises
    ------
    InputError
        If the game is not callable or has no ``n``.

    Examples
    --------
    >>> spex, ones = Spex(game_forward(game)), torch.ones(1, game.n)
    >>> values, (found,) = spex.attribute(ones, perturbations_per_eval=64, return_interactions=True)
    >>> found.renamed(game.feature_names).top(3)
    >>> KernelShap(game_forward(game)).attribute(ones, baselines=0, n_samples=1000)
    """
    if not callable(game):
        raise InputError(f"game: must be callable, got {type(game).__name__}.")
    features_of(game, None, None)
    return _GameForward(game)
