"""Games of `spex_plugins.games` for every Captum method: a forward function of what is to be kept."""

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
    """The game as a forward function: 0 masks a feature, anything else keeps it."""

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
    """Return a game as the forward function that Captum's perturbation methods take.

    The input is one 1 for every feature, ``torch.ones(1, game.n)``, and the baseline 0.

    Parameters
    ----------
    game : callable
        A value function with ``n`` and perhaps ``fingerprint``: any of `spex_plugins.games`.

    Returns
    -------
    callable
        Tensors (b, n) to float64 values (b,) or (b, K).

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
