"""Images: feature masks of regions, and the arguments of `spex_plugins.plots.image_regions`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from spex_plugins.captum.features import feature_ids
from spex_plugins.errors import InputError
from spex_plugins.regions import ImageGroup, label_map, region_maker

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import Tensor

    from spex_plugins.result.interactions import Interactions
    from spex_plugins.types import IntArray

__all__ = ["image_and_regions", "image_feature_mask"]


def image_feature_mask(image: Tensor, features: ImageGroup = "grid") -> Tensor:
    """Return a feature mask whose features are regions of the image.

    Parameters
    ----------
    image : Tensor, shape (B, C, H, W) or (C, H, W)
        One image or several, in any units.
    features : {"grid", "superpixel"} or callable
        The regions: 10 × 10 rectangles, about 100 superpixels, `Grid`, `Superpixels`, or a function from an
        array (H, W, C) to the region of every pixel, integers ≥ 0 of shape (H, W).

    Returns
    -------
    Tensor of int64, shape (B, 1, H, W)
        Every image has its own mask (B = 1 for one image), with ids from 0 without gaps, which all of
        Captum's methods accept; on the device of the image.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> mask = image_feature_mask(image, Superpixels(60))
    >>> settings = {"target": 207, "feature_mask": mask, "perturbations_per_eval": 32}
    >>> attributions, (found,) = Spex(model).attribute(image, **settings, return_interactions=True)
    >>> image_regions(*image_and_regions(image, mask, found), found)
    """
    maker = region_maker(features)
    batch = _checked("image", image, (3, 4))
    masks = [_labels(maker, pixels) for pixels in _pixels(batch if batch.dim() == 4 else batch[None])]
    return torch.from_numpy(np.stack(masks)[:, None]).to(batch.device)


def image_and_regions(
    image: Tensor, feature_mask: Tensor, interactions: Interactions
) -> tuple[NDArray[Any], IntArray]:
    """Return one image and its regions as `spex_plugins.plots.image_regions` draws them.

    Parameters
    ----------
    image : Tensor, shape (1, C, H, W) or (C, H, W)
        In any units.
    feature_mask : Tensor of int, broadcastable to the image
        The mask that the image was explained with; one id for all channels of a pixel.
    interactions : Interactions
        The explanation of this image.

    Returns
    -------
    pixels : ndarray, shape (H, W, C)
        The image, in its units.
    regions : ndarray of int, shape (H, W)
        For every pixel, the number of its feature in ``interactions``.

    Raises
    ------
    InputError
        If the mask has several ids for a pixel, or features that the interactions do not have.
    """
    one = _single("image", image)
    mask = _single("feature_mask", feature_mask)
    try:
        ids = mask.broadcast_to(one.shape).cpu().numpy()
    except RuntimeError:
        shapes = f"{tuple(feature_mask.shape)} does not fit an image of shape {tuple(image.shape)}"
        raise InputError(f"feature_mask: shape {shapes}; give the mask of this image.") from None
    if (ids != ids[0]).any():
        raise InputError(
            "feature_mask: a pixel has several ids, one for each channel; draw channel by channel."
        )
    known = np.array(feature_ids(interactions))
    missing = np.setdiff1d(ids, known)
    if len(missing):
        raise InputError(
            f"feature_mask: has ids that the interactions do not have, {missing[:5].tolist()} among them; "
            "give the mask that this image was explained with."
        )
    return _pixels(one[None])[0], np.searchsorted(known, ids[0])


def _labels(maker: Any, pixels: NDArray[Any]) -> IntArray:
    labels, _ = label_map(maker(pixels), pixels.shape)
    if labels.min() < 0:
        raise InputError(
            "features: there are regions with negative numbers, but Captum masks every pixel; number them "
            "from 0 and set their baseline to the image itself."
        )
    return labels


def _pixels(batch: Tensor) -> NDArray[Any]:
    """Return images (B, C, H, W) as arrays (B, H, W, C) of a type that NumPy has."""
    host = batch.detach().cpu()
    return (host.float() if host.dtype == torch.bfloat16 else host).permute(0, 2, 3, 1).numpy()


def _checked(name: str, value: Any, axes: tuple[int, ...]) -> Tensor:
    if not isinstance(value, torch.Tensor) or value.dim() not in axes or not value.numel():
        got = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
        raise InputError(f"{name}: expected a tensor (B, C, H, W) or (C, H, W), got {got}.")
    return value


def _single(name: str, value: Any) -> Tensor:
    """Return one image, (C, H, W)."""
    given = _checked(name, value, (2, 3, 4) if name == "feature_mask" else (3, 4))
    if given.dim() < 4:
        return given
    if len(given) > 1:
        raise InputError(f"{name}: has {len(given)} examples; give one of them, as in {name}[:1].")
    return given[0]
