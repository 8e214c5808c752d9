"""`ImageTextAnswer` on models of transformers with random weights: the real code, without downloads."""

from __future__ import annotations

import copy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import spex_plugins as spex
from spex_plugins.games.image.image_text_answer import ImageTextAnswer
from spex_plugins.games.image.multimodal import MultimodalGame
from spex_plugins.regions import Grid

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
import vision_models as tiny  # noqa: E402
from prompt_models import t5  # noqa: E402

TEMPLATE = "User: <image> {text} Assistant:"
TEXT = "what colour is the big bus"
IMAGES = np.random.default_rng(0).integers(0, 256, (6, 32, 32, 3)).astype(np.uint8)
TEXTS = [TEXT, "what bus", "", "is the big bus", "bus", TEXT]


LLAVA = (tiny.llava, tiny.llava_next)
MODELS = (*LLAVA, tiny.idefics3, tiny.smolvlm, tiny.qwen2_vl, tiny.qwen2_5_vl, tiny.mllama, tiny.gemma3)


@pytest.fixture(scope="module", params=MODELS, ids=lambda make: make.__name__)
def parts(request):
    return tiny.seeded(request.param)


def by_definition(model, processor, image, text, answer):
    """Return the log-probability of one answer, token by token, without padding."""
    prompt = processor(images=[image], text=[TEMPLATE.replace("{text}", text)], return_tensors="pt")
    total, inputs = 0.0, dict(prompt)
    for token in processor.tokenizer(answer, add_special_tokens=False)["input_ids"]:
        with torch.no_grad():
            total += float(model(**inputs).logits[0, -1].log_softmax(-1)[token])
        inputs["input_ids"] = torch.cat([inputs["input_ids"], torch.tensor([[token]])], dim=1)
        inputs["attention_mask"] = torch.ones_like(inputs["input_ids"])
        for name in {"mm_token_type_ids", "token_type_ids"} & set(inputs):  # 0 is text
            inputs[name] = torch.cat([inputs[name], torch.zeros(1, 1, dtype=torch.int64)], dim=1)
        if "cross_attention_mask" in inputs:
            seen = inputs["cross_attention_mask"]
            inputs["cross_attention_mask"] = torch.cat([seen, seen[:, -1:]], dim=1)
    return total


@pytest.mark.parametrize("answer", [" red", " dark blue house"])
def test_a_padded_batch_equals_one_by_one_by_definition(parts, answer):
    score = ImageTextAnswer(*parts, answer, template=TEMPLATE)
    batched = score(IMAGES, TEXTS)
    single = [score(image[None], [text])[0] for image, text in zip(IMAGES, TEXTS, strict=True)]
    truth = [by_definition(*parts, image, text, answer) for image, text in zip(IMAGES, TEXTS, strict=True)]
    np.testing.assert_allclose(batched, truth, atol=1e-4, rtol=0)
    np.testing.assert_allclose(batched, single, atol=1e-4, rtol=0)
    assert np.ptp(batched) > 0.1
    assert abs(batched[0] - batched[5]) > 0.01  # same text, another image


@pytest.mark.parametrize("scheme", ["always", "first", "never"])
@pytest.mark.parametrize("around", ["<s> $A", "<s> $A </s>"])
@pytest.mark.parametrize("template", [TEMPLATE, f"{TEMPLATE} ", "<image>{text}"])
def test_the_answer_is_read_behind_its_prompt(scheme, around, template):
    """Read alone, "red" would have a space before it, and a space at the end of the prompt none behind it."""
    model, processor = tiny.seeded(lambda: tiny.llava(tiny.tokenizer_of_pieces(scheme, around)))
    answers = ["red", " red", " dark blue"]
    values = ImageTextAnswer(model, processor, answers, template=template)(IMAGES, TEXTS)
    begin = torch.tensor([[processor.tokenizer.bos_token_id]])
    for image, text, row in zip(IMAGES, TEXTS, values, strict=True):
        for answer, value in zip(answers, row, strict=True):
            prompt, whole = (
                processor(
                    images=[image],
                    text=[template.replace("{text}", text) + more],
                    add_special_tokens=False,
                    return_tensors="pt",
                )
                for more in ("", answer)
            )
            pairs = zip(prompt["input_ids"][0], whole["input_ids"][0], strict=False)
            start = [*(a == b for a, b in pairs), False].index(False)
            ids = torch.cat([begin, whole["input_ids"]], dim=1)
            with torch.no_grad():
                logits = model(input_ids=ids, pixel_values=whole["pixel_values"]).logits[0, start:-1]
            target = whole["input_ids"][0, start:, None]
            truth = logits.log_softmax(-1).gather(1, target).sum()
            assert value == pytest.approx(float(truth), abs=1e-4)
    assert np.abs(values[:, 0] - values[:, 1]).max() > 0.1 or template.endswith(" ")


def test_several_answers_are_several_outputs(parts):
    score = ImageTextAnswer(*parts, [" red", " dark blue"], template=TEMPLATE)
    alone = [
        ImageTextAnswer(*parts, each, template=TEMPLATE)(IMAGES, TEXTS) for each in (" red", " dark blue")
    ]
    np.testing.assert_allclose(score(IMAGES, TEXTS), np.stack(alone, axis=1), atol=1e-12)
    assert score.output_names == (" red", " dark blue")


@pytest.mark.slow
def test_game_of_regions_and_words_is_explained_exactly(parts):
    score = ImageTextAnswer(*parts, " red", template=TEMPLATE)
    game = MultimodalGame(score, IMAGES[0], TEXT, image_features=Grid(2, 2), image_replacement="mean")
    assert game.n == 10
    found = spex.explain(game, budget=1024, progress=False)
    masks = np.random.default_rng(1).random((20, 10)) < 0.5
    np.testing.assert_allclose(found.predict(masks), game(masks), atol=1e-4)
    mixed = [sets for sets in found.index("FSII").terms if min(sets) < 4 <= max(sets)]
    assert mixed


@pytest.mark.parametrize("make", [tiny.llava, tiny.idefics3])
def test_loads_by_the_auto_classes(make, tmp_path):
    model, processor = parts = tiny.seeded(make)
    model.save_pretrained(tmp_path)
    processor.save_pretrained(tmp_path)
    loaded = ImageTextAnswer.from_pretrained(
        str(tmp_path), " red", template=TEMPLATE, device="cpu", dtype=torch.float32, local_files_only=True
    )
    here = ImageTextAnswer(*parts, " red", template=TEMPLATE)
    np.testing.assert_allclose(loaded(IMAGES, TEXTS), here(IMAGES, TEXTS), atol=1e-5)


def test_chat_template_stands_in_for_a_template(parts):
    model, processor = parts
    with pytest.raises(spex.InputError, match=r"^template: this processor has no chat template"):
        ImageTextAnswer(model, processor, " red")
    processor.chat_template = (
        "{% for turn in messages %}User: {% for part in turn['content'] %}"
        "{% if part['type'] == 'image' %}<image> {% else %}{{ part['text'] }}{% endif %}"
        "{% endfor %}{% endfor %}{% if add_generation_prompt %} Assistant:{% endif %}"
    )
    try:
        chat = ImageTextAnswer(model, processor, " red")
        written = ImageTextAnswer(model, processor, " red", template=TEMPLATE)
        np.testing.assert_allclose(chat(IMAGES, TEXTS), written(IMAGES, TEXTS), atol=1e-12)
    finally:
        processor.chat_template = None


def test_a_written_beginning_does_not_stand_twice():
    from tokenizers import processors

    torch.manual_seed(0)
    model, processor = tiny.llava()
    words = processor.tokenizer
    words.bos_token = "dark"
    words.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="dark $A", special_tokens=[("dark", words.bos_token_id)]
    )
    added, written = (
        ImageTextAnswer(model.eval(), processor, " red", template=beginning + TEMPLATE)
        for beginning in ("", "dark ")
    )
    np.testing.assert_allclose(written(IMAGES, TEXTS), added(IMAGES, TEXTS), atol=1e-12)
    truth = by_definition(model, processor, IMAGES[0], TEXT, " red")  # the processor adds it
    assert added(IMAGES, TEXTS)[0] == pytest.approx(truth, abs=1e-4)


def test_fingerprint_follows_the_parameters(parts):
    model, processor = parts

    def of(answer=" red", template=TEMPLATE):
        return ImageTextAnswer(model, processor, answer, template=template).fingerprint

    before = of()
    assert len({before, of(answer=" blue"), of(template="<image> {text}")}) == 3
    weight = next(model.parameters())
    with torch.no_grad():
        old = weight.flatten()[0].item()
        weight.view(-1)[0] += 1
        assert of() != before
        weight.view(-1)[0] = old
    assert of() == before
    game = MultimodalGame(ImageTextAnswer(model, processor, " red", template=TEMPLATE), IMAGES[0], TEXT)
    assert len(game.fingerprint) == 64


def test_unusable_arguments(parts):
    model, processor = parts
    with pytest.raises(spex.InputError, match=r"^answer: must have at least one token"):
        ImageTextAnswer(model, processor, "", template=TEMPLATE)
    with pytest.raises(spex.InputError, match=r"^template: must hold"):
        ImageTextAnswer(model, processor, " red", template="<image>")
    with pytest.raises(spex.InputError, match=r"^image: must be uint8"):
        ImageTextAnswer(model, processor, " red", template=TEMPLATE)(IMAGES / 255, TEXTS)
    with pytest.raises(spex.InputError, match=r"^model: T5ForCond.* reads texts by an encoder"):
        ImageTextAnswer(t5(), processor, " red", template=TEMPLATE)
    score = ImageTextAnswer(model, processor, " red", template=TEMPLATE)
    model.train()
    try:
        with pytest.raises(spex.InputError, match=r"^model: is in training mode"):
            score(IMAGES, TEXTS)
        with pytest.raises(spex.InputError, match=r"^model: is in training mode"):
            ImageTextAnswer(model, processor, " red", template=TEMPLATE)
    finally:
        model.eval()


def test_torch_is_loaded_only_by_who_uses_it():
    modules = "spex_plugins.games." + ", spex_plugins.games.".join(
        [
            "image.image_game",
            "image.multimodal",
            "image.conse",
            "image.image_text_answer",
            "common.fingerprints",
        ]
    )
    code = f"import sys, {modules}; print(*{{'torch', 'transformers', 'shap', 'captum'}} & set(sys.modules))"
    root = Path(spex.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


@pytest.mark.parametrize("missing", ["torch", "transformers"])
def test_what_is_missing_is_named_with_its_extra(monkeypatch, missing):
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(spex.MissingExtraError, match=r"spex-plugins\[llm\]"):
        ImageTextAnswer(None, None, " red", template=TEMPLATE)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_model_on_a_gpu_gives_the_same(parts):
    model, processor = parts
    here = ImageTextAnswer(model, processor, " red", template=TEMPLATE)(IMAGES, TEXTS)
    there = ImageTextAnswer(copy.deepcopy(model).cuda(), processor, " red", template=TEMPLATE)
    np.testing.assert_allclose(there(IMAGES, TEXTS), here, atol=1e-4)
