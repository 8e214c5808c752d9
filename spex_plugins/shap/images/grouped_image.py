"""A SHAP masker for images whose features are regions instead of pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from scipy.cluster.hierarchy import linkage
from shap._serializable import Deserializer, Serializer

from spex_plugins.errors import InputError
from spex_plugins.regions import ImageGroup, label_map, region_maker
from spex_plugins.shap.images.image_masker import replacing_image_masker

if TYPE_CHECKING:
    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["GroupedImage", "values_in_shape_of_input"]


class GroupedImage(shap.maskers.Masker):  # type: ignore[misc]
    """A `shap.maskers.Image` that keeps or masks whole regions.

    `SpexExplainer` divides the value of a region equally among its H · W · C numbers, so that the values have
    the shape of the image and `shap.plots.image` shows them; SHAP's explainers return one value per region.
    With many outputs, choose some by ``outputs``: each has as many values as the image.

    Parameters
    ----------
    image_masker : shap.maskers.Image
        Says what replaces masked pixels.
    features : {"grid", "superpixel"} or callable
        The regions: 10 × 10 rectangles, about 100 superpixels, `Grid`, `Superpixels`, or a function from an
        image (H, W, C) to the region of every pixel, integers of shape (H, W), equal for equal images. Pixels
        with negative numbers are never masked.

    Raises
    ------
    InputError
        If the features are unknown, or `image_masker` replaces pixels in a way that SHAP does not have.

    Examples
    --------
    >>> masker = GroupedImage(shap.maskers.Image("blur(16,16)", image.shape), Superpixels(60))
    >>> explanation = SpexExplainer(model, masker)(image[None], max_evals=2000)
    >>> shap.plots.image(explanation)
    >>> image_regions(image, masker.regions(image), explanation[0])
    """

    def __init__(self, image_masker: Any, features: ImageGroup = "grid") -> None:
        self._regions = region_maker(features)
        if not hasattr(image_masker, "fixed_background"):
            kind = type(image_masker).__name__
            raise InputError(f"image_masker: must be a masker such as shap.maskers.Image(…), got {kind}.")
        self.image_masker = replacing_image_masker(image_masker)
        self.features = features
        self.image_data = True
        self.immutable_outputs = True
        self.fixed_background = image_masker.fixed_background
        self._image: Any = None

    def __call__(self, mask: BoolArray | bool, x: Any) -> Any:
        """Mask an image.

        Parameters
        ----------
        mask : ndarray of bool, shape (n,), or bool
            True for the regions to keep.
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        tuple of one ndarray, shape (1, H, W, C)
            The masked image, in the units of the image.

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        self._update(x)
        kept = np.append(self._standardize_mask(mask, x), True)
        return self.image_masker(kept[self._region_of_number], x)

    def regions(self, x: Any) -> IntArray:
        """Return the region of every pixel of an image.

        Parameters
        ----------
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        ndarray of int, shape (H, W)
            From 0 to n − 1; −1 where a pixel is never masked.

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        self._update(x)
        return self._map.copy()

    def shape(self, x: Any) -> tuple[int, int]:
        """Return the shape of the mask of an image, as SHAP's maskers do.

        Parameters
        ----------
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        tuple of int
            One sample, and the number n of regions.

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        self._update(x)
        return 1, len(self._names)

    def mask_shapes(self, x: Any) -> list[tuple[int, ...]]:
        """Return the shape of the mask of every input of the model.

        Parameters
        ----------
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        list of one tuple of int
            (n,) for n regions.

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        return [self.shape(x)[1:]]

    def feature_names(self, x: Any) -> list[list[str]]:
        """Return the names of the regions.

        Parameters
        ----------
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        list of one list of n str
            "row 2, column 3" for a `Grid`, else "region 7".

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        self._update(x)
        name = getattr(self._regions, "name", "region {}".format)
        return [[name(label) for label in self._names.tolist()]]

    def clustering(self, x: Any) -> FloatArray:
        """Return a hierarchy of the regions for `shap.PartitionExplainer`.

        Parameters
        ----------
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        ndarray of float64, shape (n − 1, 4)
            Ward's linkage of the centres of the regions, with heights up to 1.

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        n = self.shape(x)[1]
        if n == 1:
            return np.zeros((0, 4))
        places = np.nonzero(self._map >= 0)
        regions = self._map[places]
        centres = np.stack([np.bincount(regions, axis) for axis in places], axis=1)
        tree = linkage(centres / np.bincount(regions)[:, None], "ward")
        tree[:, 2] /= tree[:, 2].max()
        return np.asarray(tree)

    def save(self, out_file: Any) -> None:
        super().save(out_file)
        with Serializer(out_file, "spex_plugins.shap.GroupedImage", version=0) as block:
            block.save("image_masker", self.image_masker)
            block.save("features", self.features)

    @classmethod
    def load(cls, in_file: Any, instantiate: bool = True) -> Any:
        if instantiate:
            return cls._instantiated_load(in_file)
        kwargs = super().load(in_file, instantiate=False)
        with Deserializer(in_file, "spex_plugins.shap.GroupedImage", min_version=0, max_version=0) as block:
            kwargs["image_masker"] = block.load("image_masker")
            kwargs["features"] = block.load("features")
        return kwargs

    def values_per_pixel(self, values: FloatArray, x: Any) -> FloatArray:
        """Divide the values of regions equally among their pixels and channels.

        Parameters
        ----------
        values : ndarray, shape (n,) or (n, K)
            Values of the n regions, for K outputs.
        x : array_like, shape (H, W, C)
            The image.

        Returns
        -------
        ndarray of float64, shape (H · W · C,) or (H · W · C, K)
            The sum over a region is its value; 0 where a pixel is never masked.

        Raises
        ------
        InputError
            If the image has another shape than the masker.
        """
        self._update(x)
        regions = self._region_of_number
        n = len(self._names)
        count = np.bincount(regions[regions < n], minlength=n).reshape(n, *[1] * (values.ndim - 1))
        return np.concatenate([values / count, np.zeros((1, *values.shape[1:]))])[regions]

    def _update(self, x: Any) -> None:
        if x is self._image:
            return
        shape = tuple(self.image_masker.input_shape)
        if len(shape) != 3 or np.prod(np.shape(x)) != np.prod(shape):
            raise InputError(f"image: expected the masker's shape (H, W, C) = {shape}, got {np.shape(x)}.")
        self._map, self._names = label_map(self._regions(np.asarray(x).reshape(shape)), shape)
        # The region of every number of the flat image; n where it is never masked.
        flat = np.where(self._map < 0, len(self._names), self._map)
        self._region_of_number = np.repeat(flat.ravel(), shape[2])
        self._image = x


def values_in_shape_of_input(
    masker: Any, row: tuple[Any, ...], values: FloatArray, shapes: list[tuple[int, ...]]
) -> tuple[FloatArray, list[tuple[int, ...]]]:
    """Return values and mask shapes in the shape of the input: of an image where regions are the features."""
    image_masker = getattr(masker, "masker", masker)  # SHAP wraps the maskers of models that write texts
    if not isinstance(image_masker, GroupedImage):
        return values, shapes
    return image_masker.values_per_pixel(values, *row), [tuple(np.shape(row[0]))]
