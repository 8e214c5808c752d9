"""Harmonic inpainting: every region is filled with the smoothest continuation of the pixels around it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray, IntArray

__all__ = ["harmonic_fill"]


def harmonic_fill(image: FloatArray, labels: IntArray) -> FloatArray:
    """Fill every region as if it alone were missing: Laplace's equation with the pixels around as boundary.

    One sparse system holds all regions, as their unknowns are independent.

    Parameters
    ----------
    image : ndarray of float, shape (H, W, C)
    labels : ndarray of int, shape (H, W)
        The region of every pixel; negative where it is never masked.

    Returns
    -------
    ndarray of float64, shape (H, W, C)
        The image itself where pixels are never masked.

    Raises
    ------
    InputError
        If one region is the whole image, so that nothing surrounds it.
    """
    from scipy.sparse.linalg import splu

    if labels.min() == labels.max():
        raise InputError(
            'replacement: "inpaint" needs pixels around a region, but one region is the whole image; choose '
            '"blur" or "mean".'
        )
    filled = np.array(image, dtype=np.float64)
    missing = labels >= 0
    matrix, border = _laplace(filled, labels)
    # The matrix is symmetric and diagonally dominant: no pivoting, and an order that keeps it sparse.
    solver = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    filled[missing] = solver.solve(border)
    return filled


def _laplace(image: FloatArray, labels: IntArray) -> tuple[Any, FloatArray]:
    """Return the matrix of Laplace's equation for the missing pixels, and its right-hand side."""
    from scipy.sparse import coo_array

    missing = labels >= 0
    number = np.cumsum(missing).reshape(labels.shape) - 1
    n = int(missing.sum())
    degree, border = np.zeros(n), np.zeros((n, image.shape[2]))
    rows, columns = [], []
    everything = slice(None)
    for axis in (0, 1):
        first = (everything,) * axis + (slice(None, -1),)
        second = (everything,) * axis + (slice(1, None),)
        for here, there in ((first, second), (second, first)):
            from_here = missing[here]
            inside = from_here & (labels[here] == labels[there])
            outside = from_here & ~inside
            np.add.at(degree, number[here][from_here], 1.0)
            np.add.at(border, number[here][outside], image[there][outside])
            rows.append(number[here][inside])
            columns.append(number[there][inside])
    row, column = np.concatenate(rows), np.concatenate(columns)
    diagonal = np.arange(n)
    entries = np.concatenate([np.full(len(row), -1.0), degree])
    places = (np.concatenate([row, diagonal]), np.concatenate([column, diagonal]))
    return coo_array((entries, places), shape=(n, n)).tocsc(), border
