"""The masks of a recording: the same ones for a name, whatever was recorded before."""

from __future__ import annotations

import hashlib

import numpy as np

from spex_plugins.core.basis.masks import distinct_pairs, distinct_rows

__all__ = ["masks_of"]

_SHARE = 4  # uniform masks for every mask of all sizes


def masks_of(name: str, n: int, count: int) -> dict[str, np.ndarray] | None:
    """Return the end points, ``count`` uniform masks, and a quarter as many of all sizes; None for all 2^n.

    More masks begin with those of a smaller number. The masks of all sizes are complementary pairs, whose
    sizes are uniform on 1 … n − 1.
    """
    if not count:
        return None
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
    of_uniform, of_sizes = (np.random.default_rng([seed, kind]) for kind in (0, 1))
    uniform = _uniform(n, count, of_uniform)
    return {
        "ends": np.repeat([[False], [True]], n, axis=1),
        "uniform": uniform,
        "all sizes": _of_all_sizes(n, count // _SHARE, of_sizes),
    }


def _uniform(n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    masks = np.zeros((0, n), dtype=bool)
    while len(masks) < count:
        masks = np.concatenate([masks, rng.random((512, n)) < 0.5])
        masks = masks[distinct_rows(masks)[0]]
    return masks[:count]


def _of_all_sizes(n: int, count: int, rng: np.random.Generator) -> np.ndarray:
    masks = np.zeros((0, n), dtype=bool)
    while len(masks) < count // 2:
        sizes = rng.integers(1, n, 512)
        ranks = rng.random((512, n)).argsort(axis=1).argsort(axis=1)
        masks = distinct_pairs(np.concatenate([masks, ranks < sizes[:, None]]))
    masks = masks[: count // 2]
    return np.stack([masks, ~masks], axis=1).reshape(-1, n)
