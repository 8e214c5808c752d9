"""A real transformers pipeline: SHAP calls our constructor a second time from inside."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import SpexExplainer

transformers = pytest.importorskip("transformers")

TEXT = "never fails to charm"


@pytest.fixture(scope="module")
def tokenizer():
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *TEXT.split(), "not", "bad"]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    raw.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    special = {f"{name.lower()}_token": f"[{name}]" for name in ("PAD", "UNK", "CLS", "SEP", "MASK")}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **special)


@pytest.fixture(scope="module")
def pipeline(tokenizer):
    import torch

    torch.manual_seed(0)
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=32,
        initializer_range=1.0,  # far from linear
        id2label={0: "NEGATIVE", 1: "POSITIVE", 2: "NEUTRAL"},
        label2id={"NEGATIVE": 0, "POSITIVE": 1, "NEUTRAL": 2},
    )
    model = transformers.BertForSequenceClassification(config).eval()
    return transformers.pipeline(
        "text-classification", model=model, tokenizer=tokenizer, top_k=None, device="cpu"
    )


def scores(pipeline, texts):
    answers = pipeline(list(texts))
    return np.array(
        [
            [
                a["score"]
                for a in sorted(one, key=lambda a: ["NEGATIVE", "POSITIVE", "NEUTRAL"].index(a["label"]))
            ]
            for one in answers
        ]
    )


def test_pipeline(pipeline):
    settings = {"seed": 3, "max_order": 4, "index": "SII", "max_evals": 16, "batch_size": 7}
    explainer = SpexExplainer(pipeline, **settings)
    assert {name: getattr(explainer, name) for name in settings} == settings
    explanation = explainer([TEXT, "not bad"], silent=True)
    assert list(explanation.output_names) == ["NEGATIVE", "POSITIVE", "NEUTRAL"]
    assert explanation.base_values.shape == (2, 3)
    for row, text in zip(explanation, [TEXT, "not bad"], strict=True):
        empty = " ".join("[MASK]" for _ in text.split())
        assert_allclose(row.base_values, scores(pipeline, [empty])[0], atol=1e-6)
        assert_allclose(row.base_values + row.values.sum(0), scores(pipeline, [text])[0], atol=1e-6)
        assert not row.values[[0, -1]].any()  # [CLS] and [SEP] are not features
        assert row.interactions.n_calls == 2 ** len(text.split())
    assert np.abs(explanation[0].values).max() > 1e-3
    assert explanation[0, :, "POSITIVE"].interactions.output_shape == ()


def test_tokenizer_as_masker(pipeline, tokenizer):
    explainer = SpexExplainer(lambda texts: scores(pipeline, texts), tokenizer)
    assert isinstance(explainer.masker, shap.maskers.Text)
    by_pipeline = SpexExplainer(pipeline)([TEXT], silent=True)
    assert_allclose(explainer([TEXT], silent=True).values, by_pipeline.values, atol=1e-6)
    assert by_pipeline[0].interactions.feature_names[1:-1] == tuple(TEXT.split())


def test_language_model_with_texts_of_different_lengths():
    """Every token of a target text is an output; a target of one token keeps its axis among longer ones."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers

    vocabulary = ["<unk>", "</s>", *TEXT.split(), "not", "bad"]
    raw = Tokenizer(models.WordLevel({w: i for i, w in enumerate(vocabulary)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    plain = transformers.PreTrainedTokenizerFast(
        tokenizer_object=raw, unk_token="<unk>", eos_token="</s>", pad_token="</s>"
    )
    torch.manual_seed(0)
    size = {"vocab_size": len(vocabulary), "n_embd": 16, "n_layer": 2, "n_head": 2, "n_positions": 64}
    config = transformers.GPT2Config(**size, initializer_range=0.5, bos_token_id=1, eos_token_id=1)
    config.is_decoder = True
    model = transformers.GPT2LMHeadModel(config).eval()
    texts, targets = [TEXT, "not bad"], ["to charm never", "bad"]
    explanation = SpexExplainer(model, plain)(texts, targets, silent=True)
    assert [row.output_shape for row in explanation.interactions] == [(3,), (1,)]
    for i in range(2):
        row = explanation[i]
        assert row.values.shape == (len(texts[i].split()), len(targets[i].split()))
        assert_allclose(row.base_values + row.values.sum(0), row.interactions.full_value, atol=1e-8)
        assert explanation[..., 0].interactions[i].output_shape == ()
    assert explanation[0, :, 2].interactions.full_value == explanation[0].interactions.full_value[2]
    assert np.abs(explanation[0].values).max() > 1e-3
