"""How well a caption fits an image, by ConSE: class probabilities weight the embeddings of class names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.checks import count, text
from spex_plugins.errors import InputError
from spex_plugins.games.image.image_model import ImageModel, as_array
from spex_plugins.queries.store.digest import digest_of_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import FloatArray

__all__ = ["ConSE"]


class ConSE:
    """Score images and captions by the convex combination of semantic embeddings (Norouzi et al. 2014).

    An image becomes the mean of the embeddings of its ``top`` most probable classes' names, weighted by their
    probabilities; its score is the cosine with the embedding of the caption. This is zero-shot matching with
    two models that were trained separately, not a vision-language model: an image is represented by the
    classes of the classifier alone, without numbers and places of objects.

    Parameters
    ----------
    classifier : callable or torch.nn.Module
        From images (b, H, W, C) to logits (b, K); as ``model`` of `ImageGame`.
    label_names : sequence of str
        The names of the K classes.
    embed : callable
        From a list of m texts to vectors, (m, d), such as ``SentenceTransformer(…).encode``.
    preprocess : callable, optional
        As in `ImageGame`.
    top : int
        Number of classes that are averaged.
    fingerprint : str, optional
        Names classifier, preprocess and embedding, revisions included, for the store of answers.

    Attributes
    ----------
    fingerprint : str or None
        SHA-256 of everything that the scores depend on, hexadecimal; None where no name was given.

    Raises
    ------
    InputError
        If an argument cannot be used.

    Examples
    --------
    >>> score = ConSE(network, names, SentenceTransformer(folder).encode, preprocess=normalised)
    >>> score(photos, ["a cup of coffee", "a temple"])
    """

    def __init__(
        self,
        classifier: Any,
        label_names: Sequence[str],
        embed: Callable[[list[str]], Any],
        *,
        preprocess: Callable[[NDArray[Any]], Any] | None = None,
        top: int = 10,
        fingerprint: str | None = None,
    ) -> None:
        if isinstance(label_names, str) or not isinstance(label_names, Iterable):
            raise InputError(f"label_names: must be a sequence of texts, got {label_names!r:.80}.")
        names = [str(name) for name in label_names]
        self._top = min(count("top", top, 1, "the number of classes that count"), len(names))
        if not callable(embed) or not names:
            raise InputError("embed: must be callable, and label_names must not be empty.")
        self._classifier = ImageModel(classifier, preprocess)
        self._embed = embed
        self._labels = self._embedded(names)
        self._named = text("fingerprint", fingerprint)

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of everything that the scores depend on, hexadecimal; None without ``fingerprint=``."""
        model = None if self._named is None else self._classifier.fingerprint(self._named)
        return None if model is None else digest_of_data("ConSE", model, str(self._top), self._labels)

    def __call__(self, images: NDArray[Any], texts: Sequence[str]) -> FloatArray:
        """Return the cosines of images and their captions.

        Parameters
        ----------
        images : ndarray, shape (b, H, W, C)
            In the units of the classifier.
        texts : sequence of str
            b captions.

        Returns
        -------
        ndarray of float64, shape (b,)
            From −1 to 1.

        Raises
        ------
        InputError
            If the classifier or the embedding returns another shape than expected.
        """
        pictures, captions = self._embedded_images(images), self._embedded_captions(texts)
        lengths = np.linalg.norm(pictures, axis=1) * np.linalg.norm(captions, axis=1)
        return np.asarray((pictures * captions).sum(axis=1) / np.maximum(lengths, np.finfo(np.float64).tiny))

    def _embedded_images(self, images: NDArray[Any]) -> FloatArray:
        logits = self._classifier(images)
        if logits.ndim != 2 or logits.shape[1] != len(self._labels):
            names = f"{len(self._labels)} label_names"
            raise InputError(f"classifier: answers of shape {logits.shape} do not fit {names}.")
        best = np.argpartition(-logits, self._top - 1, axis=1)[:, : self._top]
        chosen = np.take_along_axis(logits, best, axis=1)
        weights = np.exp(chosen - chosen.max(axis=1, keepdims=True))
        return np.einsum("bt,btd->bd", weights / weights.sum(axis=1, keepdims=True), self._labels[best])

    def _embedded_captions(self, texts: Sequence[str]) -> FloatArray:
        """Embed every text once: masks that differ in the image share theirs."""
        distinct = {text: i for i, text in enumerate(dict.fromkeys(texts))}
        return self._embedded(list(distinct))[[distinct[text] for text in texts]]

    def _embedded(self, texts: list[str]) -> FloatArray:
        vectors = as_array(self._embed(texts))
        if vectors.ndim != 2 or len(vectors) != len(texts):
            raise InputError(f"embed: expected vectors ({len(texts)}, d), got shape {vectors.shape}.")
        return vectors
