"""The value function of an image with its text: regions and words as one set of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from spex_plugins.errors import InputError
from spex_plugins.games.fingerprints import identity
from spex_plugins.games.image.image_game import checked_masks
from spex_plugins.games.image.image_masking import MaskedImage
from spex_plugins.games.image.image_model import as_array
from spex_plugins.games.text.text_features import Spans, masked_parts
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.regions import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MultimodalGame"]


class MultimodalGame:
    """Masks of regions and words to the answers of a model of images and texts.

    Parameters
    ----------
    score : callable
        From images (b, H, W, C) and a list of b texts to values (b,) or (b, K): `ConSE`,
        `ImageTextAnswer`, or a function of one's own around a model such as CLIP.
    image : array_like, shape (H, W, C) or (H, W)
    text : str
    regions, image_masking
        As ``regions`` and ``masking`` of `ImageGame`.
    features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        The features of the text, or spans of characters; a function gets the text and returns such spans, or
        the parts as strings. What lies in no span is always kept.
    text_mask : str
        "remove" takes masked parts out of the text; anything else stands in their place.
    fingerprint : str, optional
        Names the score, revision included, for the store of answers; needed where ``score`` has none.

    Attributes
    ----------
    n : int
    feature_names : tuple of str
        First the regions, then the words.
    n_regions : int
        How many of the features are regions.
    regions : ndarray of int, shape (H, W)
        The feature that every pixel belongs to; −1 for what is always kept.

    Raises
    ------
    InputError
        If an argument is unusable.

    Examples
    --------
    >>> game = MultimodalGame(ConSE(network, names, embed), photo, "a cup of coffee", regions=Grid(6, 6))
    >>> found = spex.explain(game, budget=1500)
    """

    def __init__(
        self,
        score: Callable[[NDArray[Any], list[str]], Any],
        image: Any,
        text: str,
        *,
        regions: Any = Grid(8, 8),  # noqa: B008 (frozen)
        features: Spans = "word",
        image_masking: Any = "blur",
        text_mask: str = "remove",
        fingerprint: str | None = None,
    ) -> None:
        if not callable(score):
            raise InputError(f"score: must be callable, got {type(score).__name__}.")
        if not isinstance(text, str) or not isinstance(text_mask, str):
            raise InputError('text, text_mask: must be a text, and "remove" or what stands for masked parts.')
        self._score = score
        self._masked_image = MaskedImage(image, regions, image_masking)
        self._text, self._text_mask = text, text_mask
        self._parts = masked_parts(text, features)
        self._named = fingerprint
        self.n_regions = self._masked_image.n
        self.feature_names = (*self._masked_image.names, *self._parts.names)
        self.n = len(self.feature_names)

    @property
    def image(self) -> NDArray[Any]:
        """The image as it was given, as an array."""
        return self._masked_image.image

    @property
    def regions(self) -> IntArray:
        """The feature that every pixel belongs to, shape (H, W); −1 for what is always kept."""
        return self._masked_image.regions

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """Names of the outputs, where the score has them."""
        return getattr(self._score, "output_names", None)

    @property
    def fingerprint(self) -> str:
        """What the answers depend on, as a hex digest; there is none where that cannot be known."""
        score = self._named or identity(self._score)
        if score is None:
            raise AttributeError("this score has no fingerprint; give fingerprint= when making the game")
        text = (self._text, repr(self._parts.spans), self._text_mask)
        return digest_of_data("MultimodalGame", score, self._masked_image.fingerprint, *text)

    def masked_inputs(self, masks: BoolArray) -> tuple[NDArray[Any], list[str]]:
        """Return what the score sees: images (b, H, W, C) or (b, H, W), and b texts."""
        kept = checked_masks(masks, self.n)
        images = self._masked_image(kept[:, : self.n_regions])
        placeholder = None if self._text_mask == "remove" else self._text_mask
        return images, self._parts.texts(kept[:, self.n_regions :], placeholder)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Return the values of masks (b, n), shape (b,) or (b, K)."""
        return as_array(self._score(*self.masked_inputs(masks)))
