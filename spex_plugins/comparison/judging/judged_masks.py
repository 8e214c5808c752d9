"""The held-out masks that a run is judged on: those that it did not ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from spex_plugins.comparison.calls.counted_game import CountedGame
    from spex_plugins.comparison.judging.held_out import HeldOut
    from spex_plugins.types import BoolArray

__all__ = ["JudgedMasks", "judged_masks"]

_LEAST = 10  # masks; R² on fewer is a matter of chance
_ALL = "asked for all masks: R² and infidelity tell how well it describes known values, and are no prediction"


@dataclass(frozen=True, eq=False)
class JudgedMasks:
    """The held-out masks that count for a run.

    Attributes
    ----------
    uniform, sizes : ndarray of bool, shape (m,)
        Which of the held-out masks of either law.
    note : str
        What is to be known about them, "" if nothing.
    """

    uniform: BoolArray
    sizes: BoolArray
    note: str


def judged_masks(held_out: HeldOut, game: CountedGame) -> JudgedMasks:
    """Return the held-out masks whose values the run has not asked for; none where fewer than ten are left.

    A method that interpolates knows the values that it asked for, whether it has learned anything or not. Of
    a run that asked for all 2^n masks, nothing is left to predict: it is judged on all held-out masks.

    Parameters
    ----------
    held_out : HeldOut
    game : CountedGame
        After the method has run.
    """
    both = (held_out.uniform.masks, held_out.sizes.masks)
    if game.calls == 2**game.n:
        uniform, sizes = (np.ones(len(masks), dtype=bool) for masks in both)
        return JudgedMasks(uniform, sizes, _ALL)
    uniform, sizes = (~game.has_asked(masks) for masks in both)
    lacking = []
    for kept, names in ((uniform, ["r2"]), (sizes, ["r2_sizes", "infidelity"])):
        if kept.sum() < min(_LEAST, len(kept)):
            kept[:] = False
            lacking += names
    reason = f"NaN, as fewer than {_LEAST} held-out masks are left that it has not asked for"
    return JudgedMasks(uniform, sizes, f"{', '.join(lacking)}: {reason}" if lacking else "")
