"""Division of an image into regions: a grid, superpixels, or the regions that a function returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.regions.superpixels import superpixel_labels
from spex_plugins.types import IntArray

__all__ = ["Grid", "ImageGroup", "Superpixels", "label_map", "region_maker"]

ImageGroup = str | Callable[[Any], Any]


@dataclass(frozen=True)
class Grid:
    """Rectangles of about equal size, numbered row by row.

    Parameters
    ----------
    rows, columns : int
    """

    rows: int = 10
    columns: int = 10

    def __post_init__(self) -> None:
        _check_positive("rows", self.rows)
        _check_positive("columns", self.columns)

    def __call__(self, image: Any) -> IntArray:
        """Return the region of every pixel, shape (H, W)."""
        height, width = np.shape(image)[:2]
        if self.rows > height or self.columns > width:
            raise InputError(
                f"group: {self} is finer than the pixels of an image of {height} × {width}; take fewer rows "
                "or columns."
            )
        rows = np.arange(height) * self.rows // height
        columns = np.arange(width) * self.columns // width
        return rows[:, None] * self.columns + columns

    def name(self, region: int) -> str:
        """Return ``"row 2, column 3"``; rows and columns are counted from 1."""
        row, column = divmod(region, self.columns)
        return f"row {row + 1}, column {column + 1}"


@dataclass(frozen=True)
class Superpixels:
    """Connected regions of similar colour (SLIC, Achanta et al. 2012).

    Parameters
    ----------
    n : int
        About how many; the number found depends on the image.
    compactness : float
        How much nearness counts against colour: large values give squares, small ones follow every edge.
    """

    n: int = 100
    compactness: float = 0.5

    def __post_init__(self) -> None:
        _check_positive("n", self.n)
        if not self.compactness > 0:
            raise InputError(f"compactness: must be a number above 0, got {self.compactness!r}.")

    def __call__(self, image: Any) -> IntArray:
        """Return the region of every pixel, shape (H, W)."""
        return superpixel_labels(image, self.n, self.compactness)


_MAKERS: dict[str, Callable[[], Callable[[Any], IntArray]]] = {"grid": Grid, "superpixel": Superpixels}


def region_maker(group: Any) -> Callable[[Any], Any]:
    """Return the function that divides an image into regions.

    Parameters
    ----------
    group : str or callable
        "grid", "superpixel", or a function from an image (H, W, C) to the label of every pixel, (H, W). A
        function is returned unchanged.

    Returns
    -------
    callable
        Maps an image to the labels of its pixels.

    Raises
    ------
    InputError
        If the name is unknown.
    """
    if callable(group):
        return group
    if isinstance(group, str) and group in _MAKERS:
        return _MAKERS[group]()
    raise InputError(
        f"group: {group!r} is unknown for images; choose one of {list(_MAKERS)}, Grid(rows, columns), "
        "Superpixels(n) or a function that returns the region of every pixel."
    )


def label_map(labels: Any, shape: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Return a label map whose regions are numbered without gaps.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Label of the region of every pixel; negative labels mark pixels that are never masked.
    shape : tuple of int
        Shape (H, W, C) or (H, W) of the image, in pixels.

    Returns
    -------
    regions : ndarray of int, shape (H, W)
        Number of the region of every pixel, from 0 to n − 1; −1 for pixels that are never masked.
    names : ndarray of int, shape (n,)
        The label of every region, ascending.

    Raises
    ------
    InputError
        If the labels are not integers of shape (H, W), or are all negative.
    """
    array = np.asarray(labels)
    if array.shape != shape[:2] or array.dtype.kind not in "iu":
        raise InputError(
            f"group: the regions must be whole numbers of shape {shape[:2]}, one for every pixel of an image "
            f"(H, W, C) = {shape}; got {array.dtype} of shape {array.shape}."
        )
    names, regions = np.unique(array, return_inverse=True)
    kept = int((names < 0).sum())
    if kept == len(names):
        raise InputError("group: no pixel has a label ≥ 0, so that nothing can be masked.")
    return np.maximum(regions.reshape(array.shape) - kept, -1), names[kept:]


def _check_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name}: must be an integer ≥ 1, got {value!r}.")
