"""Groups over the tokens of real transformers tokenizers, pipelines and language models."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import GroupedText, SpexExplainer

transformers = pytest.importorskip("transformers")

TEXT = "Le café 日本 👍🏽 naïve!"
REVIEW = "unwatchable, never charming."


def byte_level(trim_offsets):
    """A tokenizer like that of GPT-2 without merges: every byte is a token."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    signs = ["</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    raw = Tokenizer(models.BPE(vocab={sign: i for i, sign in enumerate(signs)}, merges=[]))
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.post_processor = processors.ByteLevel(trim_offsets=trim_offsets)
    raw.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, eos_token="</s>", pad_token="</s>")


@pytest.fixture(scope="module")
def pieces():
    """A tokenizer like that of BERT: pieces of words between [CLS] and [SEP]."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors

    special = ("PAD", "UNK", "CLS", "SEP", "MASK")
    parts = ("un", "##watch", "##able", "never", "charm", "##ing", ",", ".", "and")
    vocabulary = [*(f"[{name}]" for name in special), *parts]
    model = models.WordPiece({w: i for i, w in enumerate(vocabulary)}, unk_token="[UNK]")
    raw = Tokenizer(model)
    raw.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    raw.post_processor = processors.TemplateProcessing(
        "[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    names = {f"{name.lower()}_token": f"[{name}]" for name in special}
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, **names)


@pytest.fixture(scope="module")
def pipeline(pieces):
    import torch

    torch.manual_seed(0)
    size = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    config = transformers.BertConfig(
        vocab_size=len(pieces), **size, max_position_embeddings=32, initializer_range=1.0, num_labels=3
    )
    model = transformers.BertForSequenceClassification(config).eval()
    return transformers.pipeline(
        "text-classification", model=model, tokenizer=pieces, top_k=None, device="cpu"
    )


@pytest.mark.parametrize("trim_offsets", [True, False])
def test_signs_of_several_tokens_are_neither_doubled_nor_broken(trim_offsets):
    tokenizer = byte_level(trim_offsets)
    doubled = shap.maskers.Text(tokenizer)(True, TEXT)[0][0]
    assert "caféé" in doubled  # what is repaired
    masker = GroupedText(tokenizer, "word")
    groups = masker.data_transform(TEXT)[0]
    assert groups == ["Le", " café", " 日", "本", " 👍🏽", " naïve!"]
    assert masker(True, TEXT)[0][0] == TEXT
    for i, group in enumerate(groups):
        masked = masker(np.arange(len(groups)) != i, TEXT)[0][0]
        assert masked == TEXT.replace(group, " ...").strip()


def test_token_ids():
    tokenizer = byte_level(False)
    masker = GroupedText(tokenizer, "word", mask_token="_", output_type="token_ids")
    ids = tokenizer("é a")["input_ids"]
    blank = tokenizer("_")["input_ids"][0]
    assert masker(np.array([False, True]), "é a")[0][0].tolist() == [blank, blank, *ids[2:]]


def test_special_tokens_stay_and_are_no_features(pieces):
    masker = GroupedText(pieces)
    assert masker.data_transform(REVIEW)[0] == ["unwatchable,", " never", " charming."]
    assert masker(np.array([False, True, False]), REVIEW)[0][0] == " ".join(
        [*["[MASK]"] * 4, "never", *["[MASK]"] * 3]
    )
    ids = GroupedText(pieces, output_type="token_ids")(False, REVIEW)[0][0]
    assert ids.tolist() == [2, *[4] * 8, 3]
    assert not masker.invariants(REVIEW).any()


def test_a_separator_within_the_text_stays(pieces):
    text = "never charming [SEP] never"
    masker = GroupedText(pieces)
    assert masker(False, text)[0][0] == "[MASK] [MASK] [MASK] [SEP] [MASK]"
    assert masker.shape(text) == (1, 3)
    assert "".join(masker.data_transform(text)[0]) == text


def test_a_tokenizer_without_offsets(pieces):
    class Slow:
        mask_token, mask_token_id, sep_token, sep_token_id = "[MASK]", 4, "[SEP]", 3

        def __call__(self, text):
            return {"input_ids": pieces(text)["input_ids"]}

        def __getattr__(self, name):
            if name in ("convert_ids_to_tokens", "get_special_tokens_mask"):
                return getattr(pieces, name)
            raise AttributeError(name)

    masker = GroupedText(Slow(), "word")
    assert masker.feature_names(REVIEW) == [["unwatchable ,", "never", "charming ."]]
    assert masker(np.array([True, False, True]), REVIEW)[0][0] == "unwatchable , [MASK] charming ."


def test_pipeline(pipeline):
    explainer = SpexExplainer(pipeline, features="word")
    explanation = explainer([REVIEW, "never charming and"], silent=True)
    row = explanation[0]
    assert row.interactions.feature_names == ("unwatchable,", "never", "charming.")
    assert row.interactions.n_calls == 8
    answers = {a["label"]: a["score"] for a in pipeline([REVIEW])[0]}
    assert_allclose(row.base_values + row.values.sum(0), [answers[k] for k in row.output_names], atol=1e-6)
    one = [str(name) for name in row.output_names].index("LABEL_1")
    exact = shap.ExactExplainer(
        lambda z: explainer.model(np.array([explainer.masker(m, REVIEW)[0][0] for m in z.astype(bool)])),
        np.zeros((1, 3)),
    )(np.ones((1, 3)))
    assert_allclose(row.values, exact.values[0], atol=1e-6)
    assert np.abs(row[:, one].values).max() > 1e-3


def small_gpt2(n_tokens):
    size = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 64, "initializer_range": 0.5}
    config = transformers.GPT2Config(vocab_size=n_tokens, **size, bos_token_id=0, eos_token_id=0)
    config.is_decoder = True
    return transformers.GPT2LMHeadModel(config).eval()


def test_language_model():
    import torch

    torch.manual_seed(0)
    tokenizer = byte_level(False)
    model = small_gpt2(len(tokenizer))
    explainer = SpexExplainer(model, tokenizer, features="word")
    assert isinstance(explainer.masker, shap.maskers.OutputComposite)
    explanation = explainer([TEXT], ["ok"], silent=True)
    assert explanation.values.shape == (1, 6, 2)
    row = explanation[0].interactions
    assert row.feature_names == ("Le", "café", "日", "本", "👍🏽", "naïve!")
    whole = explainer.model(np.array([TEXT]), np.array(["ok"]))[0]
    assert_allclose(row.full_value, whole, atol=1e-6)
    assert_allclose(explanation.base_values[0] + explanation.values[0].sum(0), whole, atol=1e-6)
    assert np.abs(explanation.values).max() > 1e-3


def test_the_most_likely_words_of_a_language_model():
    """SHAP wraps the masker in another composite for this one."""
    import torch

    torch.manual_seed(0)
    tokenizer = byte_level(False)
    model = small_gpt2(len(tokenizer))
    top = shap.models.TopKLM(model, tokenizer, k=3)
    explainer = SpexExplainer(top, shap.maskers.Text(tokenizer), features="word")
    assert isinstance(explainer.masker, shap.maskers.FixedComposite)
    explanation = explainer([TEXT], silent=True)
    assert explanation.values.shape == (1, 6, 3)
    assert np.abs(explanation.values).max() > 1e-3
