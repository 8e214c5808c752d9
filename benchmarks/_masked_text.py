"""A text as a game: the words that stay, and the model's score of what is left. Scores are kept on disk."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

__all__ = ["MaskedText"]

Scorer = Callable[[Sequence[str]], npt.NDArray[np.float64]]


class MaskedText:
    """The value function of a text over masks of its words.

    Parameters
    ----------
    text : str
        Split at white space into n words; masked words are left out.
    score : callable
        From texts to numbers, (m,).
    folder : Path
        Where scores are kept, so that a second run asks the model nothing. They save time only: `calls`
        counts every mask that is asked for.

    Attributes
    ----------
    calls : int
        Masks asked for since it was set to 0.
    seen : set of bytes
        The masks that were asked for, all together.
    """

    def __init__(self, text: str, score: Scorer, folder: Path) -> None:
        self.words = text.split()
        self.calls = 0
        self.seen: set[bytes] = set()
        self._score = score
        key = hashlib.sha256(text.encode()).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder / f"scores-{key}.txt"
        lines = self._file.read_text().splitlines() if self._file.exists() else []
        pairs = (line.split() for line in lines)
        self._known = {bytes.fromhex(mask): float(value) for mask, value in pairs}

    @property
    def n(self) -> int:
        """Number of words."""
        return len(self.words)

    def __call__(self, masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return the scores of masks (m, n), and count them."""
        keys = self.keys(masks)
        self.calls += len(keys)
        self.seen.update(keys)
        return self.values(masks)

    def values(self, masks: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """Return the scores of masks (m, n) without counting them: for the judge."""
        keys = self.keys(masks)
        missing = {key: mask for key, mask in zip(keys, masks, strict=True) if key not in self._known}
        if missing:
            scores = self._score([self._left(mask) for mask in missing.values()])
            new = dict(zip(missing, scores.tolist(), strict=True))
            self._known |= new
            lines = "".join(f"{key.hex()} {value!r}\n" for key, value in new.items())
            with self._file.open("ab", buffering=0) as file:  # one write: other processes append as well
                file.write(lines.encode())
        return np.array([self._known[key] for key in keys])

    @staticmethod
    def keys(masks: npt.NDArray[np.bool_]) -> list[bytes]:
        """Return a key for every mask."""
        return [row.tobytes() for row in np.packbits(masks, axis=1)]

    def _left(self, mask: npt.NDArray[np.bool_]) -> str:
        return " ".join(word for word, kept in zip(self.words, mask, strict=True) if kept)
