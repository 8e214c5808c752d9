"""The features of an image: cells of a grid, superpixels, or the regions that a function returns."""

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
    """Divide an image into rectangles of about equal size, numbered row by row.

    Parameters
    ----------
    rows, columns : int
        Number of rectangles along the height and along the width, ≥ 1.

    Raises
    ------
    InputError
        If a number is not an integer ≥ 1.
    """

    rows: int = 10
    columns: int = 10

    def __post_init__(self) -> None:
        _check_positive("rows", self.rows)
        _check_positive("columns", self.columns)

    def __call__(self, image: Any) -> IntArray:
        """Return the region of every pixel.

        Parameters
        ----------
        image : array_like, shape (H, W, C) or (H, W)
            Only its shape counts.

        Returns
        -------
        ndarray of int, shape (H, W)
            From 0 to rows · columns − 1.

        Raises
        ------
        InputError
            If there are more rows or columns than pixels, or it is no image.
        """
        if len(np.shape(image)) not in (2, 3):
            raise InputError(f"image: must have shape (H, W, C) or (H, W), got {np.shape(image)}.")
        height, width = np.shape(image)[:2]
        if self.rows > height or self.columns > width:
            raise InputError(
                f"features: {self} is finer than the pixels of an image of {height} × {width}; choose fewer "
                "rows or columns."
            )
        rows = np.arange(height) * self.rows // height
        columns = np.arange(width) * self.columns // width
        return rows[:, None] * self.columns + columns

    def name(self, region: int) -> str:
        """Return the name of a region, such as ``"row 2, column 3"``.

        Parameters
        ----------
        region : int
            Number of the region, from 0.

        Returns
        -------
        str
            Rows and columns are counted from 1.
        """  # numpydoc ignore=RS01
        row, column = divmod(region, self.columns)
        return f"row {row + 1}, column {column + 1}"


@dataclass(frozen=True)
class Superpixels:
    """Divide an image into connected regions of similar colour (SLIC, Achanta et al. 2012).

    Parameters
    ----------
    n : int
        Approximate number of regions, ≥ 1; the number found depends on the image.
    compactness : float
        Weight of distance relative to colour, > 0: large values give squares, small ones follow every edge.

    Raises
    ------
    InputError
        If a number is out of its range.
    """

    n: int = 100
    compactness: float = 0.5

    def __post_init__(self) -> None:
        _check_positive("n", self.n)
        number = isinstance(self.compactness, int | float | np.number)
        if not number or not self.compactness > 0:
            raise InputError(f"compactness: must be a number above 0, got {self.compactness!r}.")

    def __call__(self, image: Any) -> IntArray:
        """Return the region of every pixel.

        Parameters
        ----------
        image : array_like, shape (H, W, C) or (H, W)
            In any units.

        Returns
        -------
        ndarray of int, shape (H, W)
            Numbered from 0 in reading order of the first pixels.
        """  # numpydoc ignore=RS01
        return superpixel_labels(image, self.n, self.compactness)


_MAKERS: dict[str, Callable[[], Callable[[Any], IntArray]]] = {"grid": Grid, "superpixel": Superpixels}


def region_maker(features: Any) -> Callable[[Any], Any]:
    """Return the function that divides an image into features.

    Parameters
    ----------
    features : {"grid", "superpixel"} or callable
        `Grid` or `Superpixels` with their default parameters, or a function, which is returned.

    Returns
    -------
    callable
        From an image (H, W, C) to the region of every pixel, (H, W).

    Raises
    ------
    InputError
        If the features are unknown.
    """
    if callable(features):
        return features
    if isinstance(features, str) and features in _MAKERS:
        return _MAKERS[features]()
    raise InputError(
        f"features: {features!r} is unknown for images; choose one of {list(_MAKERS)}, Grid(rows, columns), "
        "Superpixels(n) or a function that returns the region of every pixel."
    )


def label_map(labels: Any, shape: tuple[int, ...]) -> tuple[IntArray, IntArray]:
    """Return a label map in which the regions are numbered without gaps.

    Parameters
    ----------
    labels : array_like of int, shape (H, W)
        Any numbers; pixels with negative ones are never masked.
    shape : tuple of int
        Shape (H, W, C) or (H, W) of the image, in pixels.

    Returns
    -------
    regions : ndarray of int, shape (H, W)
        From 0; −1 where a pixel is never masked.
    names : ndarray of int, shape (n,)
        The label of every region in ``labels``.

    Raises
    ------
    InputError
        If the labels are no integers of the shape of the image, or all of them are negative.
    """
    array = np.asarray(labels)
    if array.shape != shape[:2] or array.dtype.kind not in "iu":
        raise InputError(
            f"features: the regions must be whole numbers of shape {shape[:2]}, one for every pixel of an "
            f"image (H, W, C) = {shape}; got {array.dtype} of shape {array.shape}."
        )
    names, regions = np.unique(array, return_inverse=True)
    kept = int((names < 0).sum())
    if kept == len(names):
        raise InputError("features: no pixel has a label ≥ 0, so nothing could be masked.")
    return np.maximum(regions.reshape(array.shape) - kept, -1), names[kept:]


def _check_positive(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise InputError(f"{name}: must be an integer ≥ 1, got {value!r}.")
