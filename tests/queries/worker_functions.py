"""Value functions for other processes: they import this module by its name."""

from __future__ import annotations

import os
import time

import numpy as np


def weighted(masks):
    return masks @ np.arange(1.0, masks.shape[1] + 1)


class Model:
    """A model that notes in a folder when it is pickled, unpickled, and by which process it is called."""

    def __init__(self, folder, weights=1000):
        self.folder, self.weights = folder, np.zeros(weights)

    def __getstate__(self):
        self.note("pickled")
        return self.__dict__

    def __setstate__(self, state):
        self.__dict__ = state
        self.note("unpickled")

    def note(self, what):
        (self.folder / f"{what}-{os.getpid()}-{time.monotonic_ns()}").touch()

    def noted(self, what):
        return sorted(path.name for path in self.folder.glob(f"{what}-*"))

    def __call__(self, masks):
        assert masks.dtype == bool
        self.note("called")
        time.sleep(0.002)
        return weighted(masks)


def fails_at_some(masks):
    if (masks[:, :3].all(axis=1)).any():
        raise ValueError(f"failed in {os.getpid()}")
    return weighted(masks)


def ends_its_process(masks):
    if masks.all(axis=1).any():
        os._exit(3)
    return weighted(masks)


def little_memory(masks):
    if len(masks) > 11:
        raise MemoryError
    return np.column_stack([weighted(masks), -weighted(masks)])


def exits(masks):
    if masks[:, 0].any():
        raise SystemExit(3)
    return weighted(masks)
