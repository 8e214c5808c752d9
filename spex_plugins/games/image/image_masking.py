"""Images with some of their regions masked: many at once; the replacement is computed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.image.inpainting import harmonic_fill
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.regions import Grid, label_map, region_maker

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MaskedImage"]

_BLUR = 0.05  # standard deviation of the blur, in longer sides of the image


class MaskedImage:
    """An image whose regions can be kept or masked.

    Parameters
    ----------
    image : array_like, shape (H, W, C) or (H, W)
        Whole numbers or floats, in any units.
    features : {"grid", "superpixel"}, callable or array_like of int, shape (H, W)
        `Grid`, `Superpixels`, a function from the image to the region of every pixel, or these numbers
        themselves; pixels with negative numbers are never masked.
    replacement : {"blur", "mean", "inpaint"} or array_like
        The pixels of a masked region: the image blurred with a standard deviation of a twentieth of its
        longer side; its mean colour; the smoothest continuation of the pixels around the region (of the whole
        image: neighbours that are masked too do not count as missing); or a given image or colour.

    Attributes
    ----------
    image : ndarray, shape (H, W, C) or (H, W)
    regions : ndarray of int, shape (H, W)
        The feature that every pixel belongs to; −1 where it is never masked.
    replacement : ndarray, shape and dtype of the image
    names : tuple of str
    """

    def __init__(self, image: Any, features: Any, replacement: Any) -> None:
        self.image = _pixels(image)
        self.regions, labels = _labels(features, self.image)
        self.replacement = _replacement(self.image, self.regions, replacement)
        self.names = tuple(map(_namer(features), labels.tolist()))

    @property
    def n(self) -> int:
        """Number of regions."""
        return len(self.names)

    @property
    def fingerprint(self) -> str:
        """What the masked images depend on, as a hex digest."""
        return digest_of_data(self.image, self.regions, self.replacement)

    def __call__(self, masks: BoolArray) -> NDArray[Any]:
        """Return masked images.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)

        Returns
        -------
        ndarray, shape (b, H, W, C) or (b, H, W)
            Of the type of the image.
        """
        always = np.ones((len(masks), 1), dtype=bool)  # where the region is −1
        kept = np.concatenate([masks, always], axis=1)[:, self.regions]
        return np.where(kept[..., None] if self.image.ndim == 3 else kept, self.image, self.replacement)


def _pixels(image: Any) -> NDArray[Any]:
    pixels = np.array(image)
    if pixels.ndim not in (2, 3) or pixels.dtype.kind not in "iuf" or not pixels.size:
        raise InputError(
            "image: expected numbers of shape (H, W, C) or (H, W), got "
            f"{pixels.dtype} of shape {pixels.shape}."
        )
    if not np.isfinite(pixels).all():
        raise InputError("image: has pixels that are NaN or inf; replace them.")
    return pixels


def _labels(features: Any, image: NDArray[Any]) -> tuple[IntArray, IntArray]:
    given = isinstance(features, np.ndarray | list | tuple)
    shape = image.shape if image.ndim == 3 else (*image.shape, 1)
    return label_map(features if given else region_maker(features)(image), shape)


def _namer(features: Any) -> Callable[[int], str]:
    """Return the function that names a region."""
    maker = region_maker(features) if isinstance(features, str) else features
    return maker.name if isinstance(maker, Grid) else "region {}".format


def _replacement(image: NDArray[Any], regions: IntArray, replacement: Any) -> NDArray[Any]:
    """Return the values of masked pixels, in the shape and type of the image."""
    numbers = image.astype(np.float64).reshape(*image.shape[:2], -1)
    if isinstance(replacement, str):
        if replacement not in _REPLACEMENTS:
            raise InputError(
                f"replacement: {replacement!r} is unknown; choose one of {list(_REPLACEMENTS)}, or give an "
                "image or a colour that replaces masked pixels."
            )
        return _like(image, _REPLACEMENTS[replacement](numbers, regions).reshape(image.shape))
    given = np.asarray(replacement)
    try:
        own = np.broadcast_to(given, image.shape)
    except ValueError:
        own = np.empty(0)
    if given.dtype.kind not in "iuf" or not own.size or not np.isfinite(own).all():
        raise InputError(
            f"replacement: expected finite numbers that fit an image of shape {image.shape}, got "
            f"{given.dtype} of shape {given.shape}."
        )
    return _like(image, own)


def _like(image: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    """Return values in the type of the image, rounded where it has whole numbers."""
    if image.dtype.kind == "f":
        return np.array(values, dtype=image.dtype)
    limits = np.iinfo(image.dtype)
    whole = np.rint(values)
    if whole.min() < limits.min or whole.max() > limits.max:
        raise InputError(f"replacement: numbers must lie from {limits.min} to {limits.max}, as in the image.")
    return whole.astype(image.dtype)


def _blurred(image: FloatArray, regions: IntArray) -> FloatArray:
    from scipy.ndimage import gaussian_filter

    deviation = _BLUR * max(image.shape[:2])
    return np.asarray(gaussian_filter(image, (deviation, deviation, 0.0), mode="nearest"))


def _mean(image: FloatArray, regions: IntArray) -> FloatArray:
    return np.broadcast_to(image.mean(axis=(0, 1)), image.shape)


_REPLACEMENTS: dict[str, Callable[[FloatArray, IntArray], FloatArray]] = {
    "blur": _blurred,
    "mean": _mean,
    "inpaint": harmonic_fill,
}
