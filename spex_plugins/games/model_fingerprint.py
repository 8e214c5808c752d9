"""Digests of models and tokenizers: all weights, the configuration, the tokenizer."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import WeakKeyDictionary

import torch

from spex_plugins.errors import InputError
from spex_plugins.queries.store.digest import digest_of_data

__all__ = ["digest", "model_digest", "tokenizer_digest"]

_UNIMPORTANT = {"_name_or_path", "transformers_version", "torch_dtype", "dtype", "architectures"}
_known: WeakKeyDictionary[Any, tuple[object, str]] = WeakKeyDictionary()


def digest(parts: Any) -> str:
    """Return the digest of data that JSON can represent."""
    return digest_of_data(json.dumps(parts, sort_keys=True, default=str))


def model_digest(model: Any) -> str:
    """Return a digest of the class, the configuration and every parameter and buffer of a torch module.

    Weights are read once, and again only after one has been replaced or changed.
    """
    weights = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    state = tuple((name, w.data_ptr(), _version(w)) for name, w in weights.items())
    before, known = _known.get(model, (None, ""))
    if before == state:
        return known
    config: Any = getattr(model, "config", None)  # models that are not of transformers show their structure
    shown = config.to_dict() if hasattr(config, "to_dict") else {"structure": str(model)}
    settings = {k: v for k, v in shown.items() if k not in _UNIMPORTANT}
    found = sha256(f"{type(model).__module__}.{type(model).__qualname__} {digest(settings)}".encode())
    for name, weight in weights.items():
        if weight.is_meta:
            raise InputError(f"fingerprint: the weights {name!r} are not in memory; give fingerprint=.")
        found.update(f"{name} {weight.dtype} {tuple(weight.shape)} ".encode())
        found.update(memoryview(weight.detach().reshape(-1).cpu().contiguous().view(torch.uint8).numpy()))
    _known[model] = state, found.hexdigest()
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


def _version(weight: Any) -> int:
    return -1 if weight.is_inference() else weight._version
