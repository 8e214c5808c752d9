"""The log-probability of an answer, by a transformers model that reads images and texts."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from typing import TYPE_CHECKING, Any

import numpy as np

from spex_plugins.errors import InputError
from spex_plugins.games.common.fingerprints import fingerprint_of_part
from spex_plugins.games.image.image_text_model import check_packages, check_pixels, loaded
from spex_plugins.games.image.image_text_rows import with_answers
from spex_plugins.games.text.prompt_arguments import check_eval_mode
from spex_plugins.queries.store.digest import digest_of_data

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from spex_plugins.games.text.tokens import Ending
    from spex_plugins.types import FloatArray

__all__ = ["ImageTextAnswer"]


class ImageTextAnswer:
    """Score images and texts by the log-probability of an answer: a score for `MultimodalGame`.

    The text, such as a question, can be masked; the template around it cannot. Batches are padded on the
    left, and one forward pass scores all tokens of an answer, which is tokenised behind its prompt as one
    text.

    Parameters
    ----------
    model : transformers model
        Of `AutoModelForImageTextToText`, with causal attention over the text (LLaVA, Idefics3, SmolVLM,
        Qwen-VL, Gemma 3, Llama 3.2), in evaluation mode.
    processor : transformers processor
        The processor of the model.
    answer : str or sequence of str
        The text that follows the prompt, exactly: ``" Red"`` with its space after ``"Assistant:"``. Several
        answers are several outputs.
    template : str, optional
        The prompt, with the processor's image token and ``{text}``; by default the processor's chat template
        with the image and the text as the user's turn.

    Raises
    ------
    InputError
        If an argument cannot be used.
    MissingExtraError
        If torch or transformers is not installed.

    Examples
    --------
    >>> score = ImageTextAnswer.from_pretrained("HuggingFaceTB/SmolVLM-256M-Instruct", answer=" Red")
    >>> game = MultimodalGame(score, photo, "What colour is the bus?", image_replacement="mean")
    """

    def __init__(
        self, model: Any, processor: Any, answer: str | Sequence[str], *, template: str | None = None
    ) -> None:
        check_packages("ImageTextAnswer")
        from spex_plugins.games.text.tokens import Encoder

        check_eval_mode(model)
        _check_decoder_only(model)
        if getattr(model.config, "model_type", "") == "paligemma":
            raise InputError(
                "model: PaliGemma reads prompt and answer in both directions, so one pass does not give the "
                "log-probability of an answer; choose a model with causal attention."
            )
        if template is not None and "{text}" not in template:
            raise InputError('template: must hold "{text}", where the masked text goes.')
        self._model, self._processor, self._template = model, processor, template
        if template is None and not getattr(processor, "chat_template", None):
            raise InputError("template: this processor has no chat template; give a template.")
        self._answers = [answer] if isinstance(answer, str) else [str(each) for each in answer]
        self._one = isinstance(answer, str)
        if not self._answers or not all(self._answers):
            raise InputError("answer: must have at least one token.")
        self._encoder = Encoder(processor.tokenizer)
        for each, ids in zip(self._answers, self._encoder.bare(self._answers), strict=True):
            self._encoder.check_answer(each, ids)

    @classmethod
    def from_pretrained(
        cls,
        name: str,
        answer: str | Sequence[str],
        *,
        template: str | None = None,
        device: Any = None,
        **settings: Any,
    ) -> ImageTextAnswer:
        """Load a model and its processor by `AutoModelForImageTextToText` and `AutoProcessor`.

        Parameters
        ----------
        name : str
            A folder or a name on the Hugging Face hub.
        answer : str or sequence of str
            As in the class.
        template : str, optional
            As in the class.
        device : str or torch.device, optional
            Where the model runs; by default where `AutoModelForImageTextToText` loads it.
        **settings : Any
            Keyword arguments of the model's loader, such as ``dtype``; ``revision``, ``token`` and
            ``local_files_only`` also go to the processor's.

        Returns
        -------
        ImageTextAnswer
            With the model in evaluation mode.

        Raises
        ------
        InputError
            If an argument cannot be used.
        MissingExtraError
            If torch or transformers is not installed.
        """
        check_packages("ImageTextAnswer")
        model, processor = loaded("AutoModelForImageTextToText", name, device, settings)
        return cls(model, processor, answer, template=template)

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """The answers where several were given; else None."""
        return None if self._one else tuple(self._answers)

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of the parameters, the processor, the template and the answers; None where unknown."""
        known = [fingerprint_of_part(self._model), fingerprint_of_part(self._processor)]
        if None in known:
            return None
        template = self._template or f"chat: {self._processor.chat_template}"
        return digest_of_data("ImageTextAnswer", *map(str, known), template, *self._answers)

    def __call__(self, images: NDArray[Any], texts: Sequence[str]) -> FloatArray:
        """Return the log-probability of the answers.

        Parameters
        ----------
        images : ndarray of uint8, shape (b, H, W, 3)
            RGB, from 0 to 255.
        texts : sequence of str
            b texts, which take the place of ``{text}`` in the template.

        Returns
        -------
        ndarray of float64, shape (b,) or (b, K)
            Natural logarithms; K where several answers were given.

        Raises
        ------
        InputError
            If the images are not uint8 of this shape, or the model is in training mode.
        """
        check_pixels(images)
        check_eval_mode(self._model)
        written = [self._prompt(text) for text in texts]
        prompts, n_behind = self._prompts(images, written)
        endings = zip(*self._encoder.endings(written, self._answers), strict=True)
        values = [self._log_probability(prompts, n_behind, answer) for answer in endings]
        return values[0] if self._one else np.stack(values, axis=1)

    def _prompts(self, images: NDArray[Any], written: list[str]) -> tuple[Any, int]:
        """Return the inputs of the model for prompts, and the number of special tokens at their end."""
        begin = self._processor.tokenizer.bos_token  # chat templates may write it; it must not stand twice
        added = not (begin and written[0].startswith(begin))
        prompts = self._processor(
            images=[[image] for image in images],  # one image for every prompt
            text=written,
            add_special_tokens=added,
            padding=True,
            padding_side="left",
            return_tensors="pt",
        ).to(self._model.device)
        if prompts["pixel_values"].is_floating_point():
            prompts["pixel_values"] = prompts["pixel_values"].to(self._model.dtype)
        return prompts, len(self._encoder.behind) if added else 0

    def _prompt(self, text: str) -> str:
        if self._template is not None:
            return self._template.replace("{text}", text)
        content = [{"type": "image"}, {"type": "text", "text": text}]
        turn = [{"role": "user", "content": content}]
        return str(self._processor.apply_chat_template(turn, add_generation_prompt=True))

    def _log_probability(self, prompts: Any, n_behind: int, endings: Sequence[Ending]) -> FloatArray:
        """Return the log-probability of an answer after every prompt, (b,)."""
        import torch

        from spex_plugins.games.text.tokens import padded

        inputs = with_answers(prompts, endings, n_behind, self._processor.tokenizer.pad_token_id or 0)
        if self._counts_positions():
            inputs["position_ids"] = (inputs["attention_mask"].cumsum(dim=1) - 1).clamp(min=0)
        tokens, real = padded([ending.ids for ending in endings], 0, self._model.device, "left")
        most = tokens.shape[1]
        with torch.inference_mode():
            logits = self._model(**inputs, logits_to_keep=most + 1, use_cache=False).logits
        wanted = logits[:, -most - 1 : -1].float().log_softmax(dim=-1)
        found = wanted.gather(2, tokens[..., None])[..., 0].double().where(real.bool(), 0.0).sum(dim=1)
        return np.asarray(found.cpu().numpy())

    def _counts_positions(self) -> bool:
        """Tell whether positions are to be given, one for each token, so that padding does not count.

        Models with positions in several dimensions work them out from the attention mask themselves.
        """
        inner = getattr(self._model, "model", self._model)
        takes = "position_ids" in signature(self._model.forward).parameters
        return takes and not hasattr(inner, "get_rope_index")


def _check_decoder_only(model: Any) -> None:
    """Raise an error if a model has an encoder for texts, which would read the answer."""
    config = getattr(model, "config", None)
    if any(
        getattr(one, "is_encoder_decoder", False) for one in (config, getattr(config, "text_config", None))
    ):
        raise InputError(
            f"model: {type(model).__name__} reads texts by an encoder and writes by a decoder; choose a "
            "model that continues its prompt."
        )
