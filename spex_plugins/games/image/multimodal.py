"""The value function of an image with a text: regions and words as one set of features."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from spex_plugins import checks as check
from spex_plugins.core.basis.masks import checked_masks
from spex_plugins.errors import InputError
from spex_plugins.games.common.fingerprints import combined_fingerprint, fingerprint_of_part
from spex_plugins.games.common.no_masks import no_values
from spex_plugins.games.image.image_masking import MaskedImage
from spex_plugins.games.image.image_model import as_array
from spex_plugins.games.text.text_features import Spans, masked_parts
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.regions import Grid
from spex_plugins.wording import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import BoolArray, FloatArray, IntArray

__all__ = ["MultimodalGame"]


class MultimodalGame:
    """Value function of an image with a text: a model's outputs when some regions and words are masked.

    Parameters
    ----------
    score : callable
        From images (b, H, W, C) and a list of b texts to values (b,) or (b, K): `ConSE`,
        `ImageTextAnswer`, `ImageTextMatch`, or a function of your own.
    image : array_like, shape (H, W, C) or (H, W)
        Integers or floats, in any units.
    text : str
        The text that goes with the image.
    image_features, image_replacement : Any
        As ``features`` and ``replacement`` of `ImageGame`.
    text_features : {"word", "sentence", "paragraph"}, sequence of (start, end), or callable
        The parts of the text that can be masked: of a kind, spans of characters, or a function from the text
        to such spans or to the parts as strings. Text outside of all spans is never masked.
    text_replacement : str
        "remove": masked parts are removed, with the white space before them. Any other text replaces each of
        them.
    fingerprint : str, optional
        Names the score, revision included, for the store of answers; needed where ``score`` has no
        ``fingerprint``.

    Attributes
    ----------
    n : int
        Number of features.
    feature_names : tuple of str
        First the regions, then the words.
    n_regions : int
        Number of features that are regions.
    regions : ndarray of int, shape (H, W)
        The feature that every pixel belongs to; −1 where it is never masked.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> score = ConSE(network, names, embed)
    >>> game = MultimodalGame(score, photo, "a cup of coffee", image_features=Grid(6, 6))
    >>> found = spex.explain(game, budget=1500)
    """

    def __init__(
        self,
        score: Callable[[NDArray[Any], list[str]], Any],
        image: Any,
        text: str,
        *,
        image_features: Any = Grid(8, 8),  # noqa: B008 (frozen)
        image_replacement: Any = "blur",
        text_features: Spans = "word",
        text_replacement: str = "remove",
        fingerprint: str | None = None,
    ) -> None:
        if not callable(score):
            raise InputError(f"score: must be callable, got {type(score).__name__}.")
        if not isinstance(text, str) or not isinstance(text_replacement, str):
            raise InputError(
                'text, text_replacement: must be a text, and "remove" or the text that replaces masked parts.'
            )
        self._score = score
        with _named(features="image_features", replacement="image_replacement"):
            self._masked_image = MaskedImage(image, image_features, image_replacement)
        self._text, self._text_replacement = text, text_replacement
        with _named(features="text_features"):
            self._parts = masked_parts(text, text_features)
        self._named = check.text("fingerprint", fingerprint)
        self.n_regions = self._masked_image.n
        self.feature_names = (*self._masked_image.names, *self._parts.names)
        self.n = len(self.feature_names)

    @property
    def image(self) -> NDArray[Any]:
        """The image as it was given, as an array."""
        return self._masked_image.image

    @property
    def regions(self) -> IntArray:
        """The feature that every pixel belongs to, shape (H, W); −1 where it is never masked."""
        return self._masked_image.regions

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """Names of the outputs, where the score has them."""
        return getattr(self._score, "output_names", None)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of everything that the values depend on, hexadecimal; missing where that is not known."""
        score = combined_fingerprint([fingerprint_of_part(self._score)], self._named)
        if score is None:
            raise AttributeError("this score has no fingerprint; give fingerprint= when making the game")
        text = (self._text, repr(self._parts.spans), self._text_replacement)
        return digest_of_data("MultimodalGame", score, self._masked_image.fingerprint, *text)

    def masked_inputs(self, masks: BoolArray) -> tuple[NDArray[Any], list[str]]:
        """Return the images and texts that the score receives.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        images : ndarray, shape (b, H, W, C) or (b, H, W)
            In the dtype and the units of the image.
        texts : list of str
            One for each mask.

        Raises
        ------
        InputError
            If the masks do not have this shape.
        """
        kept = checked_masks(masks, self.n)
        images = self._masked_image(kept[:, : self.n_regions])
        replacement = None if self._text_replacement == "remove" else self._text_replacement
        return images, self._parts.texts(kept[:, self.n_regions :], replacement)

    def __call__(self, masks: BoolArray) -> FloatArray:
        """Evaluate the score at masks.

        Parameters
        ----------
        masks : ndarray of bool, shape (b, n)
            True where a feature is kept.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            In the units of the score; K outputs.

        Raises
        ------
        InputError
            If the masks do not have this shape.
        """
        images, texts = self.masked_inputs(masks)
        return as_array(self._score(images, texts)) if texts else no_values(self.output_names)

    def __repr__(self) -> str:
        score = getattr(self._score, "__qualname__", type(self._score).__name__)
        parts = self.n - self.n_regions
        sizes = f"{counted(self.n_regions, 'region')}, {counted(parts, 'part')}"
        return f"MultimodalGame({score}, {sizes} of {self._text!r:.60})"


@contextmanager
def _named(**names: str) -> Iterator[None]:
    """Name arguments in errors as the user gave them: this game has two of each."""
    try:
        yield
    except InputError as error:
        name, colon, rest = str(error).partition(":")
        raise InputError(f"{names.get(name, name)}{colon}{rest}") from None
