"""A run at a store that may be killed at any moment; every batch is noted in a file before it is answered.

Arguments: store, file of notes, masks, batch size, seconds per batch.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

from spex_plugins.queries import Queries, Session

N = 40


def masks_of(count: int) -> np.ndarray:
    """Return the masks of every run, (count, N)."""
    return np.unique(np.random.default_rng(0).random((2 * count, N)) < 0.5, axis=0)[:count]


def value(masks: np.ndarray) -> np.ndarray:
    """Return two outputs that cannot be guessed from other masks, exact in floating point."""
    kept = masks @ np.arange(1.0, N + 1)
    return np.column_stack([kept, (masks @ np.arange(N, 0.0, -1)) % 17])


def main(store: str, notes: str, count: str, batch: str, seconds: str) -> None:
    file = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def noted(masks: np.ndarray) -> np.ndarray:
        os.write(file, b"".join(np.packbits(masks, axis=1)))
        time.sleep(float(seconds))
        return value(masks)

    queries = Queries(store=Path(store), fingerprint="value", batch_size=int(batch), progress=False)
    with Session(noted, queries) as session:
        answers = session.ask(masks_of(int(count)))
    assert (answers.values == value(masks_of(int(count)))).all()


if __name__ == "__main__":
    main(*sys.argv[1:])
