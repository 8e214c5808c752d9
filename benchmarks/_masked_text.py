"""A masked text whose answers are kept on disk: a stopped run goes on, and a second one costs nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

__all__ = ["Game", "MaskedText"]

_BATCH = 16  # prompts per model call

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Game(Protocol):
    """What `MaskedText` needs to know of a value function; a `MaskedPrompt` is one."""

    n: int

    @property
    def fingerprint(self) -> str:
        """Return what tells the model, the text and the question from all others."""

    def work(self, masks: Bools) -> npt.NDArray[np.integer[Any]]:
        """Return the lengths of what is left, (m,)."""

    def __call__(self, masks: Bools) -> Floats:
        """Return the values of masks (m, n), (m,)."""


class MaskedText:
    """The value function of a text over masks of its parts.

    Parameters
    ----------
    game : Game
        With one output.
    folder : Path
        Where answers are kept, in a file named by the fingerprint of the game, so that those of another
        model or prompt are never taken for these. They save time only: `calls` counts every mask that is
        asked for.

    Attributes
    ----------
    calls : int
        Masks asked for since it was set to 0.
    seen : set of bytes
        The masks that were asked for, all together.
    asked : int
        Masks that the model itself was asked at.
    """

    def __init__(self, game: Game, folder: Path) -> None:
        self._game = game
        self.calls = self.asked = 0
        self.seen: set[bytes] = set()
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"answers-{game.fingerprint[:16]}.txt"
        self._known = _read(self._file)

    @property
    def n(self) -> int:
        """Number of parts that can be masked."""
        return self._game.n

    def __call__(self, masks: Bools) -> Floats:
        """Return the values of masks (m, n), and count them."""
        keys = self.keys(masks)
        self.calls += len(keys)
        self.seen.update(keys)
        return self.values(masks)

    def values(self, masks: Bools) -> Floats:
        """Return the values of masks (m, n) without counting them: for the judge."""
        keys = self.keys(masks)
        missing = {key: i for i, key in enumerate(keys) if key not in self._known}
        rows = np.array(list(missing.values()), dtype=np.intp)
        # Similar lengths share a call; longest first, so that too little memory shows at once.
        rows = rows[np.argsort(-self._game.work(masks[rows]), kind="stable")]
        for start in range(0, len(rows), _BATCH):
            chunk = rows[start : start + _BATCH]
            new = dict(zip([keys[i] for i in chunk], self._game(masks[chunk]).tolist(), strict=True))
            self._known |= new
            self.asked += len(new)
            lines = "".join(f"{key.hex()} {value!r}\n" for key, value in new.items())
            with self._file.open("ab", buffering=0) as file:  # one write: other processes append as well
                file.write(lines.encode())
        return np.array([self._known[key] for key in keys])

    @staticmethod
    def keys(masks: Bools) -> list[bytes]:
        """Return a key for every mask."""
        return [row.tobytes() for row in np.packbits(masks, axis=1)]


def _read(file: Path) -> dict[bytes, float]:
    """Read answers; a last line that was not finished is cut off."""
    if not file.exists():
        return {}
    text = file.read_text()
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        file.write_text(whole)
    pairs = (line.split() for line in whole.splitlines())
    return {bytes.fromhex(key): float(value) for key, value in pairs}
