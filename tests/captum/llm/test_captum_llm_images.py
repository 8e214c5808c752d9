"""`SpexLLMAttribution` of patches of an image, on a tiny model of images and text."""

from __future__ import annotations

import numpy as np
import pytest
import tiny_llms
import torch
from captum.attr import ImageMaskInput, LLMAttribution, ShapleyValues
from tiny_llms import transformers

from spex_plugins.captum import Spex, SpexLLMAttribution

IMAGE_TOKEN, SIZE = 11, 12
TARGET = torch.tensor([2, 5])


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    text = {"vocab_size": SIZE, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2}
    vision = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "image_size": 8}
    config = transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**vision, patch_size=4, num_attention_heads=2),
        text_config=transformers.LlamaConfig(**text, num_attention_heads=2, initializer_range=0.7),
        image_token_index=IMAGE_TOKEN,
    )
    model = transformers.LlavaForConditionalGeneration(config).eval()
    for parameter in model.model.multi_modal_projector.parameters():
        torch.nn.init.normal_(parameter)
    return model


def _input():
    from PIL import Image

    grey = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    patches = torch.arange(4).reshape(2, 2).repeat_interleave(4, 0).repeat_interleave(4, 1)

    def processed(image):
        pixels = torch.tensor(np.asarray(image, dtype=np.float32) / 255 - 0.5).permute(2, 0, 1)[None]
        return {"input_ids": torch.tensor([[1, *[IMAGE_TOKEN] * 4, 3, 7, 5, 6, 4]]), "pixel_values": pixels}

    return ImageMaskInput(Image.fromarray(grey), mask=patches * 3, processor_fn=processed)


@pytest.mark.slow
@pytest.mark.parametrize("at_once", [1, 16])
def test_equals_exact_values(at_once, model):
    tokenizer = tiny_llms.make_tokenizer()
    spex = SpexLLMAttribution(Spex(model), tokenizer)
    found = spex.attribute(_input(), TARGET, perturbations_per_eval=at_once)
    host = LLMAttribution(ShapleyValues(model), tokenizer)
    truth = host.attribute(_input(), TARGET, use_cached_outputs=False, forward_in_tokens=False)
    torch.testing.assert_close(found.token_attr, truth.token_attr, atol=1e-4, rtol=0)
    torch.testing.assert_close(found.seq_attr, truth.seq_attr, atol=1e-4, rtol=0)
    assert found.seq_attr.abs().min() > 0.001
    assert found.interactions.feature_names == tuple(f"image_feature_{3 * k}" for k in range(4))


def test_is_drawn_by_captum(model):
    import matplotlib.pyplot as plt

    found = SpexLLMAttribution(Spex(model), tiny_llms.make_tokenizer()).attribute(_input(), TARGET)
    _, axes = found.plot_image_heatmap(target_token_pos=1)
    heat = axes.images[1].get_array()
    np.testing.assert_allclose(heat[[0, 0, 4, 4], [0, 4, 0, 4]], found.token_attr[1])
    plt.close("all")
