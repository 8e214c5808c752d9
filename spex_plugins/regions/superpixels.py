"""SLIC superpixels (Achanta et al. 2012, IEEE TPAMI 34(11)): k-means in colour and position, kept local."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["superpixel_labels"]

_ROUNDS = 10
_NEIGHBOURS = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]
_CROSS = ndimage.generate_binary_structure(2, 1)
_LEAST_SHARE = 0.1  # of the mean size; smaller regions join their neighbours


def superpixel_labels(image: Any, n: int, compactness: float) -> IntArray:
    """Return about n connected regions of similar colour.

    Parameters
    ----------
    image : array_like, shape (H, W, C) or (H, W)
        Any units: colours are measured in standard deviations of this image.
    n : int
        Number of regions to begin with.
    compactness : float
        Weight of the distance in position, which is measured in widths of a region.

    Returns
    -------
    ndarray of int, shape (H, W)
        Numbered from 0 in reading order of their first pixels.
    """
    pixels = np.asarray(image, dtype=np.float64)
    height, width = pixels.shape[:2]
    colours = pixels.reshape(height, width, -1)
    spread = colours.std(axis=(0, 1)).mean() or 1.0
    colours = ndimage.gaussian_filter(colours, (1, 1, 0)) / spread
    rows = min(max(round((n * height / width) ** 0.5), 1), height)
    columns = min(max(round(n / rows), 1), width)
    side = (height * width / (rows * columns)) ** 0.5
    y, x = np.indices((height, width)) * (compactness / side)
    points = np.concatenate([colours, y[..., None], x[..., None]], axis=2).reshape(height * width, -1)
    home_row = np.arange(height)[:, None] * rows // height
    home_column = np.arange(width) * columns // width
    return _connected(_clustered(points, home_row, home_column, (rows, columns)).reshape(height, width))


def _clustered(
    points: FloatArray, home_row: IntArray, home_column: IntArray, shape: tuple[int, int]
) -> IntArray:
    """Run k-means from a grid; a pixel may join the clusters of its home cell and the eight around it."""
    rows, columns = shape
    candidates = [
        np.clip(home_row + i, 0, rows - 1) * columns + np.clip(home_column + j, 0, columns - 1)
        for i, j in _NEIGHBOURS
    ]
    choices = np.stack([one.ravel() for one in candidates])
    labels = choices[len(_NEIGHBOURS) // 2]
    for _ in range(_ROUNDS):
        count = np.maximum(np.bincount(labels, minlength=rows * columns), 1)
        means = [np.bincount(labels, column, rows * columns) / count for column in points.T]
        centres = np.stack(means, axis=1)
        distances = np.stack([((points - centres[choice]) ** 2).sum(axis=1) for choice in choices])
        labels = choices[distances.argmin(axis=0), np.arange(len(points))]
    return labels


def _connected(labels: IntArray) -> IntArray:
    """Keep the largest piece of every label unless it is small; the kept pieces grow over the rest."""
    pieces, n = _pieces(labels)
    _, first, size = np.unique(pieces, return_index=True, return_counts=True)
    label = labels.ravel()[first]
    order = np.lexsort((size, label))
    largest = order[np.append(label[order[1:]] != label[order[:-1]], True)]
    least = _LEAST_SHARE * labels.size / len(largest)
    kept = np.zeros(n, dtype=bool)
    kept[largest] = size[largest] >= min(least, size.max())
    grown = np.where(kept[pieces], pieces, -1)
    while (grown < 0).any():
        grown = np.where(grown < 0, ndimage.maximum_filter(grown, footprint=_CROSS), grown)
    return _pieces(grown)[0]


def _pieces(labels: IntArray) -> tuple[IntArray, int]:
    """Return numbered pieces of equal label that are connected by edges, and their number."""
    flat = np.arange(labels.size).reshape(labels.shape)
    down, right = labels[:-1] == labels[1:], labels[:, :-1] == labels[:, 1:]
    edges = (
        np.concatenate([flat[:-1][down], flat[:, :-1][right]]),
        np.concatenate([flat[1:][down], flat[:, 1:][right]]),
    )
    graph = coo_array((np.ones(len(edges[0]), dtype=bool), edges), shape=(labels.size, labels.size))
    n, found = connected_components(graph, directed=False)
    return found.reshape(labels.shape).astype(np.int64), n
