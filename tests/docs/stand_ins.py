"""What a page of the documentation leaves to its reader: a model, a photo, a server. Small and offline.

A stand-in takes a `contextlib.ExitStack`, which is closed behind the page, and returns the names that the
page uses without defining them.
"""

from __future__ import annotations

import os
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
from system_stand_ins import agent, documents, heads, replying_server, training_data

WORDS = ["the", "cast", "never", "fails", "to", "charm", "but", "plot", "drags", "on", "and"]


class Game:
    """Four words of a review, two of which act together."""

    n, feature_names, fingerprint = 4, ("never", "fails", "to", "charm"), "docs 1"

    def __call__(self, masks):
        return 2.0 * masks[:, 3] - 1.5 * masks[:, 1] + 2.5 * (masks[:, 0] & masks[:, 1])


def language_model():
    """Return a causal model with random weights, and a tokenizer of eleven words."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    vocabulary = {word: i for i, word in enumerate(["[UNK]", *WORDS])}
    raw = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.decoder = decoders.WordPiece()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, unk_token="[UNK]")
    tokenizer.pad_token = tokenizer.unk_token
    torch.manual_seed(0)
    size = {"vocab_size": len(tokenizer), "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
    config = transformers.GPT2Config(**size, initializer_range=0.7, bos_token_id=0, eos_token_id=0)
    return transformers.GPT2LMHeadModel(config).eval(), tokenizer


def classifier():
    """Return a text-classification pipeline with random weights."""
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    special = {f"{name}_token": f"[{name.upper()}]" for name in ("unk", "pad", "cls", "sep", "mask")}
    raw = Tokenizer(
        models.WordLevel({w: i for i, w in enumerate([*special.values(), *WORDS])}, unk_token="[UNK]")
    )
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **special)
    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=32, initializer_range=1.0, **size
    )
    model = transformers.BertForSequenceClassification(config).eval()
    return transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu"
    )


def start_shap(_):
    return {"pipeline": classifier(), "game": Game()}


def start_captum(_):
    model, tokenizer = language_model()
    return {"llm": model, "tokenizer": tokenizer, "game": Game()}


def pretrained(stack):
    """Put a small model in the place of what would be downloaded."""
    transformers = pytest.importorskip("transformers")
    for kind, small in zip(("AutoModelForCausalLM", "AutoTokenizer"), language_model(), strict=True):
        stack.enter_context(
            patch.object(getattr(transformers, kind), "from_pretrained", lambda _, it=small: it)
        )
    return {}


def readme(_):
    import shap
    import torch
    from captum.attr import TextTemplateInput

    rng = np.random.default_rng(0)
    llm, tokenizer = language_model()
    torch.manual_seed(0)

    def game(masks):
        return masks[:, 0] + 2.0 * (masks[:, 3] & masks[:, 7])

    vars(game).update(n=12, fingerprint="the game of README")
    return {
        "game": game,
        "X": (X := rng.normal(size=(20, 8))),
        "masker": shap.maskers.Independent(X),
        "model": Both(torch.nn.Sequential(torch.nn.Linear(8, 2), torch.nn.Tanh()).eval()),
        "inputs": torch.rand(1, 8),
        "llm": llm,
        "tokenizer": tokenizer,
        "prompt": TextTemplateInput("the {} {} {} and", ["plot", "never", "drags"]),
        "answer": "never fails",
    }


class Both:
    """A model of tensors for Captum, whose first output is also a function of arrays for SHAP."""

    def __init__(self, network):
        self.network = network

    def __call__(self, rows):
        import torch

        if isinstance(rows, torch.Tensor):
            return self.network(rows)
        with torch.no_grad():
            return self.network(torch.as_tensor(np.asarray(rows), dtype=torch.float32))[:, 0].double().numpy()


def answering_server(stack):
    """Let the client of an API talk to a server on this machine: a review is good unless it is dull."""
    pytest.importorskip("openai")

    def log_probs(prompt):
        words = prompt.split("Review:")[-1]
        logit = (
            2.0 * ("good" in words) - 1.5 * ("dull" in words) + 2.5 * ("never" in words and "dull" in words)
        )
        return {word: -np.logaddexp(0.0, sign * logit) for word, sign in (("True", -1), ("False", 1))}

    server = stack.enter_context(from_tests("games/chat_server.py").ChatServer(log_probs))
    settings = {"OPENAI_API_KEY": "none", "OPENAI_BASE_URL": server.base_url}
    stack.enter_context(patch.dict(os.environ, settings))
    return {}


def from_tests(path):
    """Return a module of another folder of the tests."""
    spec = spec_from_file_location(f"docs_{Path(path).stem}", Path(__file__).parents[1] / path)
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def long_texts(_):
    model, tokenizer = language_model()
    return {"model": model, "tokenizer": tokenizer}


def images(_):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    network = torch.nn.Sequential(
        torch.nn.Conv2d(3, 4, 5, stride=2),
        torch.nn.Tanh(),
        torch.nn.Flatten(),
        torch.nn.Linear(4 * 14 * 14, 3),
    ).eval()

    def predict(batch):
        with torch.no_grad():
            x = torch.as_tensor(np.asarray(batch, dtype=np.float32)).permute(0, 3, 1, 2) / 255
            return network(x).double().numpy()

    photo = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    return {"network": network, "photo": photo, "predict": predict}


STAND_INS = {
    "README.md": readme,
    "docs/howto/agents.md": agent,
    "docs/howto/closed_models.md": answering_server,
    "docs/howto/documents.md": documents,
    "docs/howto/heads.md": heads,
    "docs/howto/images.md": images,
    "docs/howto/long_texts.md": long_texts,
    "docs/howto/replies.md": replying_server,
    "docs/howto/training_data.md": training_data,
    "docs/start/captum.md": start_captum,
    "docs/start/language_models.md": pretrained,
    "docs/start/shap.md": start_shap,
}
