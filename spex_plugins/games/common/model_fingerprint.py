"""Digests of models and tokenizers: all weights, the configuration, the tokenizer."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from spex_plugins.errors import InputError
from spex_plugins.queries.store.digest import digest_of_data
from spex_plugins.queries.store.value_digest import digest_of_value

__all__ = ["digest", "model_digest", "tokenizer_digest"]

_UNIMPORTANT = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "architectures"}


def digest(parts: Any) -> str:
    """Return the digest of data that JSON can represent, with arrays and the types of torch."""
    return digest_of_data(json.dumps(parts, sort_keys=True, default=_exact_text))


def model_digest(model: Any) -> str:
    """Return a digest of the class, the configuration and every parameter and buffer of a torch module.

    All of them are read at every call: neither the address nor the version counter of a tensor shows an edit
    through ``.data``. It takes about a second for 500 MB.
    """
    weights = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    config: Any = getattr(model, "config", None)  # models that are not of transformers show their structure
    shown = config.to_dict() if hasattr(config, "to_dict") else {"structure": str(model)}
    settings = {k: v for k, v in shown.items() if k not in _UNIMPORTANT}
    found = sha256(f"{type(model).__module__}.{type(model).__qualname__} {digest(settings)}".encode())
    for name, weight in weights.items():
        if weight.is_meta:
            raise InputError(f"fingerprint: the weights {name!r} are not in memory; give fingerprint=.")
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)} ".encode())
        found.update(memoryview(weight.detach().reshape(-1).cpu().contiguous().view(torch.uint8).numpy()))
    return found.hexdigest()


def tokenizer_digest(tokenizer: Any) -> str:
    """Return a digest of everything that the tokens of a text depend on."""
    about: dict[str, Any] = {"class": type(tokenizer).__name__, "special": tokenizer.special_tokens_map}
    fast: Any = getattr(tokenizer, "backend_tokenizer", None)
    if hasattr(fast, "to_str"):
        state = json.loads(fast.to_str())
        # These two are set by the last call.
        about["state"] = {key: part for key, part in state.items() if key not in ("padding", "truncation")}
        return digest(about)
    with TemporaryDirectory() as folder:
        tokenizer.save_pretrained(folder)
        files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
        about["files"] = {path.name: sha256(path.read_bytes()).hexdigest() for path in files}
    return digest(about)


def _exact_text(value: Any) -> str:
    return digest_of_value(value) or str(value)
