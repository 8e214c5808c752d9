"""Train the network of this folder on random scenes: four minutes on one core of a CPU.

    python examples/images/visual_questions/train.py [--seconds 240] [--out weights.npz]

In half of the training data, random cells and words are masked as explanations mask them, with the answer to
the whole question: the network learns how probable "yes" is given what can be seen. The weights beside this
script are the result of one run.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import scenes
import torch
from network import WEIGHTS, Network, units
from torch.nn.functional import binary_cross_entropy_with_logits, cross_entropy

_BATCH = 128
_RATE = 3e-3


def masked(batch: scenes.Batch, rng: np.random.Generator) -> scenes.Batch:
    """Mask random cells and words of half of the scenes, each scene at a rate of its own."""
    count = len(batch.images)
    rates = np.where(rng.random(count) < 0.5, rng.random(count), 0.0)
    hidden = rng.random((count, scenes.BOARD, scenes.BOARD)) < rates[:, None, None]
    pixels = hidden.repeat(scenes.CELL, axis=1).repeat(scenes.CELL, axis=2)
    images = np.where(pixels[..., None], np.uint8(scenes.GREY), batch.images)
    hidden_words = (rng.random(batch.words.shape) < rates[:, None]) & (batch.words > 0)
    words = np.where(hidden_words, scenes.VOCABULARY.index(scenes.MASKED), batch.words)
    flat = hidden.reshape(count, -1)
    colours = np.where(flat, 1 + len(scenes.COLOURS), batch.colours)
    shapes = np.where(flat, 1 + len(scenes.SHAPES), batch.shapes)
    return replace(batch, images=images, colours=colours, shapes=shapes, words=words)


def accuracy(network: Network, batch: scenes.Batch) -> tuple[float, float]:
    """Return the share of right answers to questions about one shape and about two."""
    with torch.inference_mode():
        odds = network(*network.seen(units(batch.images)), torch.from_numpy(batch.words))
    right, two = (odds.numpy() > 0) == batch.answers, batch.words[:, 5] > 0
    return float(right[~two].mean()), float(right[two].mean())


def losses(network: Network, batch: scenes.Batch) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the loss of the answers and that of what is seen in the cells."""
    seen = network.seen(units(batch.images))
    odds = network(*seen, torch.from_numpy(batch.words))
    named = [
        cross_entropy(logits.flatten(0, 1), torch.from_numpy(true).flatten())
        for logits, true in zip(seen, (batch.colours, batch.shapes), strict=True)
    ]
    return binary_cross_entropy_with_logits(odds, torch.from_numpy(batch.answers).float()), sum(named)


def main() -> None:
    """Train, print the accuracy on new scenes, and write the weights in half precision."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=240.0, help="CPU time")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    rng, network = np.random.default_rng(0), Network()
    optimiser = torch.optim.AdamW(network.parameters(), lr=_RATE, weight_decay=0.01)
    test = scenes.scenes(1000, np.random.default_rng(1))
    start, step, running = time.process_time(), 0, 0.0
    while (spent := (time.process_time() - start) / arguments.seconds) < 1:
        for group in optimiser.param_groups:  # warm-up, then down to zero
            group["lr"] = _RATE * min(1.0, step / 200) * min(1.0, 1.5 * (1 - spent))
        batch = masked(scenes.scenes(_BATCH, rng), rng)
        wrong, named = losses(network, batch)
        optimiser.zero_grad()
        (wrong + named).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        step, running = step + 1, 0.99 * running + 0.01 * wrong.item()
        if step % 250 == 0:
            one, two = accuracy(network, test)
            print(f"{spent:4.0%}  step {step}  loss {running:.3f}  accuracy {one:.3f}, {two:.3f}", flush=True)
    one, two = accuracy(network, scenes.scenes(5000, np.random.default_rng(2)))
    print(f"{step} steps; accuracy on new scenes: one shape {one:.3f}, two shapes {two:.3f}")
    state = {name: value.numpy().astype(np.float16) for name, value in network.state_dict().items()}
    np.savez_compressed(arguments.out, **state)
    print(f"Written: {arguments.out} ({arguments.out.stat().st_size / 1000:.0f} kB)")


if __name__ == "__main__":
    main()
