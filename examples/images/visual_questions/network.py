"""A small network that answers questions about scenes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import scenes
import torch
from torch import nn

WEIGHTS = Path(__file__).with_name("weights.npz")
_HEADS, _WIDTH = 4, 32
_COLOURS, _SHAPES = len(scenes.COLOURS) + 2, len(scenes.SHAPES) + 2  # one for "nothing" and one for "hidden"
_OFFSETS = 2 * scenes.BOARD - 1  # of rows, and of columns


class Network(nn.Module):
    """What is in every cell, then attention over cells and their relative places, steered by the question.

    The words give two attention maps over the cells (what is asked for; what its place relates to) and say
    how well each relative place fits, as neural module networks compose them (Andreas et al. 2016). Each of
    four heads has its own.
    """

    def __init__(self) -> None:
        super().__init__()
        pixels = 3 * (scenes.CELL // 2) ** 2
        self.cells = nn.Sequential(nn.Linear(pixels, 64), nn.ReLU(), nn.Linear(64, _COLOURS + _SHAPES))
        self._parts = [_WIDTH, 2 * _HEADS * (_COLOURS + _SHAPES), _HEADS * _OFFSETS**2]
        self.words = nn.Embedding(len(scenes.VOCABULARY) * scenes.LONGEST, sum(self._parts))
        nn.init.normal_(self.words.weight, std=0.3)
        self.answer = nn.Sequential(nn.Linear(_WIDTH + 3 * _HEADS, 64), nn.ReLU(), nn.Linear(64, 1))
        row, column = np.divmod(np.arange(scenes.BOARD**2), scenes.BOARD)
        rows, columns = (np.subtract.outer(each, each) + scenes.BOARD - 1 for each in (row, column))
        self._offsets = torch.from_numpy(rows * _OFFSETS + columns)

    def seen(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits of the colour (b, 16, 6) and of the shape (b, 16, 5) of what is in every cell."""
        half = nn.functional.avg_pool2d(images, 2)
        pixels = nn.functional.unfold(half, scenes.CELL // 2, stride=scenes.CELL // 2).mT
        colours, shapes = self.cells(pixels).split([_COLOURS, _SHAPES], dim=2)
        return colours, shapes

    def forward(self, colours: torch.Tensor, shapes: torch.Tensor, words: torch.Tensor) -> torch.Tensor:
        """Return the log-odds of "yes", (b,), from what is `seen` and the words, int64 of shape (b, 10)."""
        cells = torch.cat([colours.softmax(dim=2), shapes.softmax(dim=2)], dim=2)
        places = torch.arange(scenes.LONGEST) * len(scenes.VOCABULARY)
        question, wanted, places = self.words(words + places).sum(dim=1).split(self._parts, dim=1)
        maps = torch.sigmoid(2 * cells @ wanted.unflatten(1, (2 * _HEADS, -1)).mT - 1)
        first, second = maps.chunk(2, dim=2)
        fits = torch.sigmoid(places.unflatten(1, (_HEADS, -1))[:, :, self._offsets])
        related = torch.einsum("bih,bjh,bhij->bh", first, second, fits)
        read = torch.cat([question, first.sum(dim=1), second.sum(dim=1), related], dim=1)
        return self.answer(read)[:, 0]


def units(images: np.ndarray) -> torch.Tensor:
    """Bring pixels (b, 64, 64, 3) into the units of the network."""
    return torch.from_numpy(images.astype(np.float32) / scenes.GREY - 1).permute(0, 3, 1, 2)


class VisualQuestions:
    """The trained network as a score for `MultimodalGame`: images and questions to log-odds of "yes"."""

    def __init__(self, weights: Path = WEIGHTS) -> None:
        self._network = Network().eval()
        with np.load(weights) as stored:
            state = {name: torch.from_numpy(stored[name].astype(np.float32)) for name in stored.files}
        self._network.load_state_dict(state)

    def __call__(self, images: np.ndarray, questions: Sequence[str]) -> np.ndarray:
        """Return float64 of shape (b,)."""
        words = torch.tensor([scenes.encoded(question) for question in questions])
        with torch.inference_mode():
            return self._network(*self._network.seen(units(images)), words).double().numpy()
