"""How well a text fits an image, by a transformers model with two encoders, such as CLIP and SigLIP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.common.fingerprints import fingerprint_of_part
from spex_plugins.games.image.image_text_model import check_packages, check_pixels, loaded
from spex_plugins.games.text.prompt_arguments import check_eval_mode
from spex_plugins.queries.store.digest import digest_of_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.types import FloatArray, IntArray

__all__ = ["ImageTextMatch"]


class ImageTextMatch:
    """Score images and captions by CLIP, SigLIP and their kin: a score for `MultimodalGame`.

    The score is the model's ``logits_per_image`` of an image and its caption: of CLIP (Radford et al. 2021)
    the cosine of their embeddings times the learned scale, of SigLIP (Zhai et al. 2023) the log-odds that
    they belong together. In a batch, equal images and equal captions are encoded once.

    Parameters
    ----------
    model : transformers model
        Its output has ``logits_per_image``: CLIP, SigLIP, ALIGN, AltCLIP; in evaluation mode.
    processor : transformers processor
        The processor of the model.

    Raises
    ------
    InputError
        If the model is in training mode.
    MissingExtraError
        If torch or transformers is not installed.

    Examples
    --------
    >>> score = ImageTextMatch.from_pretrained("openai/clip-vit-base-patch32")
    >>> game = MultimodalGame(score, photo, "a cup of coffee on a table", image_features=Grid(6, 6))
    """

    def __init__(self, model: Any, processor: Any) -> None:
        check_packages("ImageTextMatch")
        check_eval_mode(model)
        self._model, self._processor = model, processor

    @classmethod
    def from_pretrained(cls, name: str, *, device: Any = None, **settings: Any) -> ImageTextMatch:
        """Load a model and its processor by `AutoModel` and `AutoProcessor`.

        Parameters
        ----------
        name : str
            A folder or a name on the Hugging Face hub.
        device : str or torch.device, optional
            Where the model runs; by default where `AutoModel` loads it.
        **settings : Any
            Keyword arguments of the model's loader, such as ``dtype``; ``revision``, ``token`` and
            ``local_files_only`` also go to the processor's.

        Returns
        -------
        ImageTextMatch
            With the model in evaluation mode.

        Raises
        ------
        MissingExtraError
            If torch or transformers is not installed.
        """
        check_packages("ImageTextMatch")
        return cls(*loaded("AutoModel", name, device, settings))

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the parameters and the processor; None where unknown."""
        known = [fingerprint_of_part(self._model), fingerprint_of_part(self._processor)]
        return None if None in known else digest_of_data("ImageTextMatch", *map(str, known))

    def __call__(self, images: NDArray[Any], texts: Sequence[str]) -> FloatArray:
        """Return the scores of images and their captions.

        Parameters
        ----------
        images : ndarray of uint8, shape (b, H, W, 3)
            RGB, from 0 to 255.
        texts : sequence of str
            b captions.

        Returns
        -------
        ndarray of float64, shape (b,)
            See the class.

        Raises
        ------
        InputError
            If the images are not uint8 of this shape, a caption is longer than the model reads, or the model
            does not compare images with texts.
        """
        import torch

        check_pixels(images)
        check_eval_mode(self._model)
        rows, image_of = _distinct([image.tobytes() for image in images])
        chosen, text_of = _distinct(texts)
        inputs = self._inputs(images[rows], [texts[i] for i in chosen])
        with torch.inference_mode():
            scores = getattr(self._model(**inputs), "logits_per_image", None)
        if scores is None:
            raise InputError(
                f"model: {type(self._model).__name__} returns no logits_per_image; give a model such as CLIP."
            )
        table: FloatArray = scores.double().cpu().numpy()
        return table[image_of, text_of]

    def _inputs(self, images: NDArray[Any], texts: list[str]) -> Any:
        """Return the inputs of the model for all images and all texts."""
        settings = self._model.config.text_config
        longest = int(settings.max_position_embeddings)
        # SigLIP has learned with texts of full length, and attends to padding.
        whole = self._model.config.model_type.startswith("siglip")
        padding = {"padding": "max_length", "max_length": longest} if whole else {"padding": True}
        inputs = self._processor(images=list(images), text=texts, return_tensors="pt", **padding)
        if inputs["input_ids"].shape[1] > longest:
            raise InputError(f"text: is longer than the {longest} tokens that the model reads; shorten it.")
        inputs = inputs.to(self._model.device)
        inputs["pixel_values"] = inputs["pixel_values"].to(self._model.dtype)
        return inputs


def _distinct(keys: Sequence[Any]) -> tuple[IntArray, IntArray]:
    """Return where each distinct key occurs first, and its number at every place."""
    numbers: dict[Any, int] = {}
    which = np.array([numbers.setdefault(key, len(numbers)) for key in keys])
    return np.unique(which, return_index=True)[1], which
