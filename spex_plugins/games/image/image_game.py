"""The value function of an image: the outputs of a classifier when some regions are masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError
from spex_plugins.games.common.no_masks import no_values
from spex_plugins.games.image.image_masking import MaskedImage
from spex_plugins.games.image.image_model import ImageModel
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.regions import Grid
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["ImageGame"]


class ImageGame:
    """Value function of an image: the outputs of a classifier when some regions are masked.

    Parameters
    ----------
    model : callable or torch.nn.Module
        From images (b, H, W, C), or (b, H, W) where the image has no channels, of the dtype of the image, to
        (b, K) or (b,). A torch module in evaluation mode receives floats (b, C, H, W) on its device, uint8
        divided by 255 and uint16 by 65,535; give ``preprocess`` where it needs other units.
    image : array_like, shape (H, W, C) or (H, W)
        Integers or floats, in any units.
    features : {"grid", "superpixel"}, callable or array_like of int, shape (H, W)
        The regions that can be masked: `Grid`, `Superpixels`, a function from the image to the region of
        every pixel, or these numbers themselves; pixels with negative numbers are never masked.
    replacement : {"blur", "mean", "inpaint"} or array_like
        The pixels of masked regions: the image blurred with a standard deviation of a twentieth of its
        longer side; its mean colour; the smoothest continuation of the pixels around the region (Laplace's
        equation; neighbours that are masked too do not count as missing); or a given image or colour. No
        replacement is neutral: try a second one.
    output : int or sequence of int, optional
        The class to explain, or several classes; by default all K are outputs.
    value : {"logit", "log_prob"}
        The outputs of the model as they are, or the natural logarithms of their softmax over the classes.
    preprocess : callable, optional
        From images to the input of the model: an array, a tensor, or a mapping of keyword arguments.
    fingerprint : str, optional
        Names model or preprocess, revision included, for the store of answers. Needed only where one of
        them is a plain function; the parameters of torch modules are hashed all the same.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        "row 1, column 2" for the cells of a grid, counted from 1; "region 7" with the given number otherwise.
    regions : ndarray of int, shape (H, W)
        For `spex_plugins.plots.image_regions(game.image, game.regions, found)`.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> game = ImageGame(network, photo, features=Superpixels(60), output=985, preprocess=normalised)
    >>> found = spex.explain(game, budget=1000)
    >>> image_regions(game.image, game.regions, found)
    """

    def __init__(
        self,
        model: Any,
        image: Any,
        *,
        features: Any = Grid(8, 8),  # noqa: B008 (frozen)
        replacement: Any = "blur",
        output: int | Sequence[int] | None = None,
        value: str = "logit",
        preprocess: Callable[[NDArray[Any]], Any] | None = None,
        fingerprint: str | None = None,
    ) -> None:
        if value not in ("logit", "log_prob"):
            raise InputError(f"value: {value!r} is unknown; choose 'logit' or 'log_prob'.")
        self._model = ImageModel(model, preprocess)
        self._masked = MaskedImage(image, features, replacement)
        self._output = _checked_output(output)
        self._value = value
        self._named = check.text("fingerprint", fingerprint)
        self.feature_names = self._masked.names
        self.n = len(self.feature_names)

    @property
    def image(self) -> NDArray[Any]:
        """The image as it was given, as an array."""
        return self._masked.image

    @property
    def regions(self) -> IntArray:
        """The feature that every pixel belongs to, shape (H, W); −1 where it is never masked."""
        return self._masked.regions

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """Names of several chosen classes."""
        return tuple(f"class {k}" for k in self._output) if isinstance(self._output, list) else None

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the values depend on, hexadecimal; missing where that is not known."""
        model = self._model.fingerprint(self._named)
        if model is None:
            raise AttributeError(
                "a plain function has no fingerprint; give fingerprint= when making the game"
            )
        return digest_of_data("ImageGame", model, self._masked.fingerprint, f"{self._output!r} {self._value}")

    def masked_images(self, masks: BoolArray) -> NDArray[Any]:
        """Return the images that the model receives.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray, shape (b, H, W, C) or (b, H, W)
            In the dtype and the units of the image.

        Raises
        ------
        InputError
            If the masks do not have this shape.
        """
        return self._masked(checked_masks(masks, self.n))

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate the classifier at masks.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            In the units of the model, or natural logarithms of probabilities, see ``value``; K outputs.

        Raises
        ------
        InputError
            If the masks do not have this shape, or the outputs of the model do not fit ``output`` and
            ``value``.
        """
        images = self.masked_images(masks)
        if not len(images):
            return no_values(self.output_names)
        values = self._model(images)
        if self._value == "log_prob":
            values = _log_softmax(values)
        if self._output is None:
            return values
        if values.ndim != 2 or np.max(self._output) >= values.shape[1]:
            raise InputError(f"output: there is no class {self._output} in outputs of shape {values.shape}.")
        return values[:, self._output]

    def __repr__(self) -> str:
        size = " × ".join(map(str, self.image.shape))
        return f"ImageGame({self._model}, {counted(self.n, 'region')} of an image of {size}, {self._value})"


def _checked_output(output: Any) -> int | list[int] | None:
    if output is None:
        return None
    numbers = np.asarray(output)
    if numbers.dtype.kind not in "iu" or numbers.ndim > 1 or not numbers.size or numbers.min() < 0:
        raise InputError(
            f"output: must be a class number ≥ 0, several of them, or None for all; got {output!r:.80}."
        )
    chosen: int | list[int] = numbers.tolist()
    return chosen


def _log_softmax(values: FloatArray) -> FloatArray:
    if values.ndim != 2:
        raise InputError(f"value: 'log_prob' needs logits of shape (b, K), but got {values.shape}.")
    shifted = values - values.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
