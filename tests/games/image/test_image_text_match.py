"""`ImageTextMatch` on CLIP and SigLIP of transformers with random weights."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.games import ImageTextMatch, MultimodalGame
from spex_plugins.regions import Grid

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")
import vision_models as tiny  # noqa: E402

CAPTION = "the big blue bus"
IMAGES = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3)).astype(np.uint8)
TEXTS = [CAPTION, "the bus", "", "red house"]


@pytest.fixture(scope="module", params=[tiny.clip, tiny.siglip], ids=lambda make: make.__name__)
def parts(request):
    return tiny.seeded(request.param)


def by_definition(model, processor, image, text):
    """Return the score from the embeddings of one image and one text."""
    padding = "max_length" if "Siglip" in type(model).__name__ else "do_not_pad"
    inputs = processor(images=[image], text=[text], return_tensors="pt", padding=padding, max_length=12)
    pixels = inputs.pop("pixel_values")
    with torch.no_grad():
        seen = model.get_image_features(pixel_values=pixels).pooler_output[0]
        read = model.get_text_features(**inputs).pooler_output[0]
        cosine = torch.nn.functional.cosine_similarity(seen, read, dim=0)
        bias = getattr(model, "logit_bias", torch.zeros(1))
        return float(cosine * model.logit_scale.exp() + bias)


def test_a_batch_equals_one_by_one_by_definition(parts):
    order = [0, 1, 2, 3, 0, 0, 2]
    images, texts = IMAGES[order], [TEXTS[i] for i in [0, 1, 2, 3, 1, 0, 2]]
    truth = [by_definition(*parts, image, text) for image, text in zip(images, texts, strict=True)]
    found = ImageTextMatch(*parts)(images, texts)
    np.testing.assert_allclose(found, truth, atol=1e-5)
    assert len(np.unique(np.round(truth, 3))) == 5


def test_equal_images_and_texts_are_encoded_once(parts, monkeypatch):
    model, processor = parts
    seen = []
    plain = model.forward

    def spy(**inputs):
        seen.append((len(inputs["pixel_values"]), len(inputs["input_ids"])))
        return plain(**inputs)

    monkeypatch.setattr(model, "forward", spy)
    ImageTextMatch(model, processor)(IMAGES[[0, 1, 0, 1, 0, 0]], ["bus", "bus", "bus", "red", "red", "bus"])
    assert seen == [(2, 2)]


@pytest.mark.slow
def test_game_of_cells_and_words_is_explained_exactly(parts):
    score = ImageTextMatch(*parts)
    game = MultimodalGame(score, IMAGES[0], CAPTION, image_features=Grid(2, 2), image_replacement="mean")
    assert game.n == 8
    found = spex.explain(game, budget=256, progress=False)
    masks = np.random.default_rng(1).random((20, 8)) < 0.5
    images, texts = game.masked_inputs(masks)
    truth = [by_definition(*parts, image, text) for image, text in zip(images, texts, strict=True)]
    np.testing.assert_allclose(found.predict(masks), truth, atol=1e-4)
    assert any(min(sets) < 4 <= max(sets) for sets in found.index("FSII").terms)
    assert len(game.fingerprint) == 64


def test_loads_by_the_auto_classes(parts, tmp_path):
    if "Siglip" in type(parts[0]).__name__ and transformers.__version__.startswith("5.0."):
        pytest.skip("transformers 5.0 finds tokenizers of SigLIP with sentencepiece only")
    for part in parts:
        part.save_pretrained(tmp_path)
    loaded = ImageTextMatch.from_pretrained(str(tmp_path), device="cpu", local_files_only=True)
    here = ImageTextMatch(*parts)
    np.testing.assert_allclose(loaded(IMAGES, TEXTS), here(IMAGES, TEXTS), atol=1e-5)


def test_fingerprint_follows_the_parameters(parts):
    model, _ = parts
    before = ImageTextMatch(*parts).fingerprint
    with torch.no_grad():
        model.logit_scale += 1
        assert ImageTextMatch(*parts).fingerprint != before
        model.logit_scale -= 1
    assert ImageTextMatch(*parts).fingerprint == before


def test_unusable_arguments(parts, monkeypatch):
    model, _ = parts
    score = ImageTextMatch(*parts)
    with pytest.raises(spex.InputError, match=r"^image: must be uint8"):
        score(IMAGES / 255, TEXTS)
    with pytest.raises(spex.InputError, match=r"^text: is longer than the 12 tokens"):
        score(IMAGES[:1], ["bus " * 12])
    monkeypatch.setattr(model, "forward", lambda **_: object())
    with pytest.raises(spex.InputError, match=r"^model: \w+ returns no logits_per_image"):
        score(IMAGES, TEXTS)
    model.train()
    try:
        with pytest.raises(spex.InputError, match=r"^model: is in training mode"):
            ImageTextMatch(*parts)
    finally:
        model.eval()


def test_what_is_missing_is_named_with_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    with pytest.raises(spex.MissingExtraError, match=r"^ImageTextMatch needs .*spex-plugins\[llm\]"):
        ImageTextMatch(None, None)
