"""SHAP's image masker for images in any units: masked pixels are inpainted or blurred in these units."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shap

from spex_plugins.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray

__all__ = ["ImageMasker", "replacing_image_masker"]

_INPAINT = {"inpaint_telea": "INPAINT_TELEA", "inpaint_ns": "INPAINT_NS"}
_RADIUS = 3  # of SHAP
_BLURRED = ("uint8", "uint16", "int16", "float32", "float64")  # types that OpenCV blurs


class ImageMasker(shap.maskers.Image):  # type: ignore[misc]
    """`shap.maskers.Image` with "blur(w, h)", "inpaint_telea" or "inpaint_ns" in the units of the image.

    Before it inpaints, SHAP truncates all pixels to integers, which destroys an image in [0, 1]; and it may
    use the blur of another image, as it identifies images by an address in memory. Here pixels that are kept
    do not change, and OpenCV inpaints in 256 levels of the image.
    """

    _blurred_image: Any = None  # the image that was blurred last
    _blurred: Any = None

    def __call__(self, mask: Any, x: Any) -> tuple[NDArray[Any]]:
        """Mask an image.

        Parameters
        ----------
        mask : ndarray of bool, shape (H · W · C,), or bool
            True for what is kept.
        x : array_like, shape (H, W, C) or (H · W · C,)

        Returns
        -------
        tuple of one ndarray, shape (1, H, W, C) or (1, H · W · C)
            Of the type of the image.
        """
        given = np.asarray(x)
        if given.size != np.prod(self.input_shape):
            raise InputError(f"image: expected the masker's shape {self.input_shape}, got {given.shape}.")
        image = given.reshape(self.input_shape)
        kept = np.asarray(mask, dtype=bool)
        shown = np.broadcast_to(kept.reshape(self.input_shape) if kept.ndim else kept, image.shape)
        gone: BoolArray = np.logical_not(shown)
        if self.blur_kernel is not None:
            drawn = np.where(gone, self._blur(image, x), image)
        else:
            drawn = _inpainted(image, np.atleast_2d(gone.any(axis=2)), _INPAINT[self.mask_value])
        return (drawn.reshape(1, *given.shape),)

    def _blur(self, image: NDArray[Any], x: Any) -> NDArray[Any]:
        import cv2

        if self._blurred_image is not x:
            source = image if image.dtype.name in _BLURRED else image.astype(np.float64)
            blurred = cv2.blur(source, self.blur_kernel).reshape(image.shape)
            self._blurred, self._blurred_image = _in_type_of(image, blurred), x
        return self._blurred


def replacing_image_masker(masker: Any) -> Any:
    """Return an `ImageMasker` in place of an image masker that blurs or inpaints, else the masker itself.

    Raises
    ------
    InputError
        If the masker names a way of masking that SHAP does not have.
    """
    if type(masker) is shap.maskers.OutputComposite:  # around the masker of a model that writes texts
        return shap.maskers.OutputComposite(replacing_image_masker(masker.masker), masker.model)
    if type(masker) is not shap.maskers.Image or not isinstance(masker.mask_value, str):
        return masker
    way = masker.mask_value
    if way not in _INPAINT and not re.fullmatch(r"blur\(\s*[1-9]\d*\s*,\s*[1-9]\d*\s*\)", way):
        raise InputError(f'masker: {way!r} is unknown; choose "blur(w,h)" or one of {list(_INPAINT)}.')
    if len(masker.input_shape) != 3:
        raise InputError(f"masker: images have the shape (H, W, C), got {tuple(masker.input_shape)}.")
    new = ImageMasker.__new__(ImageMasker)
    new.__dict__.update(masker.__dict__)
    return new


def _inpainted(image: NDArray[Any], gone: BoolArray, way: str) -> NDArray[Any]:
    """Return an image (H, W, C) in which the pixels that are gone (H, W) are inpainted from the others."""
    import cv2

    drawn = image.copy()
    if gone.all():
        drawn[:] = image.mean(axis=(0, 1))  # as SHAP does: there is nothing to inpaint from
        return drawn
    if not gone.any():
        return drawn
    low, unit = _levels(image)
    levels = np.rint((image - low) / unit).astype(np.uint8)
    channels = [levels] if levels.shape[2] in (1, 3) else np.split(levels, levels.shape[2], axis=2)
    hole, flags = gone.astype(np.uint8), getattr(cv2, way)
    parts = [cv2.inpaint(np.ascontiguousarray(part), hole, _RADIUS, flags) for part in channels]
    filled = np.concatenate([part.reshape(*gone.shape, -1) for part in parts], axis=2)
    drawn[gone] = _in_type_of(image, filled[gone] * unit + low)
    return drawn


def _levels(image: NDArray[Any]) -> tuple[float, float]:
    """Return the pixel value of level 0, and the difference of two levels of 256."""
    low, high = float(image.min()), float(image.max())
    if not np.isfinite([low, high]).all():
        raise InputError(
            "image: it has pixels that are NaN or inf, so that it cannot be inpainted; replace them."
        )
    if image.dtype.kind == "f" and low >= 0 and high <= 1:
        return 0.0, 1 / 255
    if low >= 0 and high <= 255 and (image.dtype.kind != "f" or np.array_equal(image, np.rint(image))):
        return 0.0, 1.0
    return low, (high - low) / 255 or 1.0


def _in_type_of(image: NDArray[Any], values: NDArray[Any]) -> NDArray[Any]:
    return (np.rint(values) if image.dtype.kind in "iu" else values).astype(image.dtype)
