"""A game whose answers are kept on disk: a stopped run goes on, and a second one costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from library.games.masks import keys
from spex_plugins.queries import Queries, Session

__all__ = ["StoredAnswers"]

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class StoredAnswers:
    """The value function of a game, asked once per mask.

    Parameters
    ----------
    game : MaskedPrompt or the like
        With one output, and a ``fingerprint``.
    folder : Path
        Where a store keeps the answers. They save time only: `calls` counts every mask that is asked for.

    Attributes
    ----------
    calls : int
        Masks asked for since it was set to 0.
    seen : set of bytes
        The masks that were asked for, all together.
    """

    def __init__(self, game: Any, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.n: int = game.n
        self.calls = 0
        self.seen: set[bytes] = set()
        # 16 prompts of similar lengths per model call.
        queries = Queries(store=folder / "answers.sqlite", batch_size=16, progress=False)
        self._session = Session(game, queries).__enter__()  # until the process ends

    def __call__(self, masks: Bools) -> Floats:
        """Return the values of masks (m, n), and count them."""
        self.calls += len(masks)
        self.seen.update(keys(masks))
        return self.values(masks)

    def values(self, masks: Bools) -> Floats:
        """Return the values of masks (m, n) without counting them: for the judge."""
        return self._session.ask(masks).values
