"""The value function of an image: what a classifier answers when some regions are masked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.image.image_masking import MaskedImage
from spex_plugins.games.image.image_model import ImageModel
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.regions import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["ImageGame", "checked_masks"]


class ImageGame:
    """Masks of regions to the answers of an image classifier.

    Parameters
    ----------
    model : callable or torch.nn.Module
        From images (b, H, W, C), or (b, H, W) where the image has no channels, of the type of the image, to
        (b, K) or (b,). A torch module in evaluation mode gets floats (b, C, H, W), whole numbers divided by
        255, on its own device; give ``preprocess`` where it wants other units.
    image : array_like, shape (H, W, C) or (H, W)
    regions : {"grid", "superpixel"}, callable or array_like of int, shape (H, W)
        The features: `Grid`, `Superpixels`, or the region of every pixel (negative: always kept).
    masking : {"blur", "mean", "inpaint"} or array_like
        What stands in masked regions; see `MaskedImage`. None is neutral: try a second one.
    output : int or sequence of int, optional
        The class whose answer counts, several of them, or by default all K as outputs.
    value : {"logit", "log_prob"}
        The answers as they are, or the logarithms of their softmax over the classes.
    preprocess : callable, optional
        From images to what the model takes: an array, a tensor, or a mapping of keyword arguments.
    fingerprint : str, optional
        Names model and preprocess, revision included, for the store of answers. Needed only where one of
        them is a plain function; of torch modules the parameters are hashed.

    Attributes
    ----------
    n : int
    feature_names : tuple of str
        "cell r1 c2" of a grid (from 1), "region 7" (its number) otherwise.
    regions : ndarray of int, shape (H, W)
        For `spex_plugins.plots.image_regions(game.image, game.regions, found)`.

    Raises
    ------
    InputError
        If an argument is unusable.

    Examples
    --------
    >>> game = ImageGame(network, photo, regions=Superpixels(60), output=985, preprocess=normalised)
    >>> found = spex.explain(game, budget=1000)
    >>> image_regions(game.image, game.regions, found)
    """

    def __init__(
        self,
        model: Any,
        image: Any,
        *,
        regions: Any = Grid(8, 8),  # noqa: B008 (frozen)
        masking: Any = "blur",
        output: int | Sequence[int] | None = None,
        value: str = "logit",
        preprocess: Callable[[NDArray[Any]], Any] | None = None,
        fingerprint: str | None = None,
    ) -> None:
        if value not in ("logit", "log_prob"):
            raise InputError(f"value: {value!r} is unknown; choose 'logit' or 'log_prob'.")
        self._model = ImageModel(model, preprocess)
        self._masked = MaskedImage(image, regions, masking)
        self._output = _checked_output(output)
        self._value = value
        self._named = fingerprint
        self.feature_names = self._masked.names
        self.n = len(self.feature_names)

    @property
    def image(self) -> NDArray[Any]:
        """The image as it was given, as an array."""
        return self._masked.image

    @property
    def regions(self) -> IntArray:
        """The feature that every pixel belongs to, shape (H, W); −1 for what is always kept."""
        return self._masked.regions

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """Names of several chosen classes."""
        return tuple(f"class {k}" for k in self._output) if isinstance(self._output, list) else None

    @property
    def fingerprint(self) -> str:
        """What the answers depend on, as a hex digest; there is none where that cannot be known."""
        model = self._named or self._model.fingerprint
        if model is None:
            raise AttributeError(
                "a plain function has no fingerprint; give fingerprint= when making the game"
            )
        return digest_of_data("ImageGame", model, self._masked.fingerprint, f"{self._output!r} {self._value}")

    def masked_images(self, masks: BoolArray) -> NDArray[Any]:
        """Return what the model sees, shape (b, H, W, C) or (b, H, W)."""
        return self._masked(checked_masks(masks, self.n))

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the values of masks (b, n), shape (b,) or (b, K)."""
        values = self._model(self.masked_images(masks))
        if self._value == "log_prob":
            values = _log_softmax(values)
        if self._output is None:
            return values
        if values.ndim != 2 or np.max(self._output) >= values.shape[1]:
            raise InputError(f"output: there is no class {self._output} in answers of shape {values.shape}.")
        return values[:, self._output]


def checked_masks(masks: BoolArray, n: int) -> BoolArray:
    """Return masks (b, n), or say what is wrong with them."""
    array = np.asarray(masks)
    if array.dtype != bool or array.ndim != 2 or array.shape[1] != n:
        raise InputError(f"masks: expected bool of shape (b, {n}), got {array.dtype} of {array.shape}.")
    return array


def _checked_output(output: Any) -> int | list[int] | None:
    if output is None:
        return None
    numbers = np.asarray(output)
    if numbers.dtype.kind not in "iu" or numbers.ndim > 1 or not numbers.size or numbers.min() < 0:
        raise InputError(f"output: must be a class number ≥ 0, several, or None for all; got {output!r:.80}.")
    chosen: int | list[int] = numbers.tolist()
    return chosen


def _log_softmax(values: FloatArray) -> FloatArray:
    if values.ndim != 2:
        raise InputError(f"value: 'log_prob' needs logits of shape (b, K), but got {values.shape}.")
    shifted = values - values.max(axis=1, keepdims=True)
    return np.asarray(shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True)))
