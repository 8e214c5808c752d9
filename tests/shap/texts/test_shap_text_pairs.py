"""Pairs of texts as rows: what the model reads, features of both texts, rows of every kind."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import GroupedText, SpexExplainer

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
tokenizers = pytest.importorskip("tokenizers")

FIRST, SECOND = "the plot drags", "it is bad"
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [*FIRST.split(), *SECOND.split()]


@pytest.fixture(scope="module")
def tokenizer():
    raw = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({w: i for i, w in enumerate([*SPECIAL, *WORDS])}, unk_token="[UNK]")
    )
    raw.pre_tokenizer = tokenizers.pre_tokenizers.WhitespaceSplit()
    raw.post_processor = tokenizers.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    names = {f"{name[1:-1].lower()}_token": name for name in SPECIAL}
    inputs = ["input_ids", "token_type_ids", "attention_mask"]
    return transformers.PreTrainedTokenizerFast(tokenizer_object=raw, model_input_names=inputs, **names)


@pytest.fixture(scope="module")
def pipeline(tokenizer):
    torch.manual_seed(0)
    labels = {0: "contradiction", 1: "neutral", 2: "entailment"}
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
        initializer_range=0.8,
        id2label=labels,
        label2id={v: k for k, v in labels.items()},
    )
    model = transformers.BertForSequenceClassification(config).eval()
    return transformers.pipeline("text-classification", model=model, tokenizer=tokenizer, device="cpu")


def scores(pipeline, first, second):
    with torch.no_grad():
        logits = pipeline.model(**pipeline.tokenizer(first, second, return_tensors="pt")).logits[0]
    return logits.double().softmax(-1).numpy()


ROWS = {
    "dicts": [{"text": FIRST, "text_pair": SECOND}],
    "tuples": [(FIRST, SECOND)],
    "lists": [[FIRST, SECOND]],
    "array": np.array([[FIRST, SECOND]]),
    "frame": pd.DataFrame({"premise": [FIRST], "hypothesis": [SECOND]}),
    "frame of more columns": pd.DataFrame({"id": [3], "text_pair": [SECOND], "text": [FIRST]}),
    "columns": {"text": [FIRST], "text_pair": [SECOND], "label": [0]},
}


@pytest.fixture(scope="module")
def truth(pipeline):
    """Return the masks of the six words (64, 6), and the scores of the masked pairs."""
    masks = ((np.arange(64)[:, None] >> np.arange(6)) & 1).astype(bool)
    shown = [[word if kept else "[MASK]" for word, kept in zip(WORDS, mask, strict=True)] for mask in masks]
    values = [scores(pipeline, " ".join(words[:3]), " ".join(words[3:])) for words in shown]
    assert np.std(values, axis=0).min() > 0.01
    return masks, values


@pytest.mark.slow
@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("features", [None, "word"])
def test_pipelines_read_real_pairs(pipeline, truth, rows, features):
    explanation = SpexExplainer(pipeline, features=features)(ROWS[rows], silent=True)
    found = explanation[0].interactions
    names = [str(name) for name in explanation.feature_names[0]]
    assert [name for name in names if name] == WORDS
    players = [i for i, name in enumerate(names) if name]
    assert found.n_calls == 64
    masks = np.zeros((64, found.n), dtype=bool)
    masks[:, players], values = truth
    assert_allclose(found.predict(masks), values, atol=1e-5)
    total = explanation.base_values[0] + explanation.values[0].sum(axis=0)
    assert_allclose(total, scores(pipeline, FIRST, SECOND), atol=1e-5)
    assert np.abs(total - scores(pipeline, f"{FIRST} {SECOND}", None)).max() > 0.01


@pytest.mark.parametrize("rows", ["dicts", "tuples"])
def test_functions_get_the_kind_of_pair_that_was_given(rows, tokenizer):
    seen = []

    def model(pairs):
        seen.extend(pairs)
        texts = [tuple(pair.values()) if isinstance(pair, dict) else pair for pair in pairs]
        return np.array([2.0 * ("plot" in a) * ("bad" in b) + ("drags" in a) for a, b in texts])

    explanation = SpexExplainer(model, tokenizer)(ROWS[rows], silent=True)
    assert {type(pair) for pair in seen} == {type(ROWS[rows][0])}
    found = dict(zip(explanation.feature_names[0], explanation.values[0], strict=True))
    assert found["plot"] == pytest.approx(1)
    assert found["bad"] == pytest.approx(1)
    assert found["drags"] == pytest.approx(1)
    assert found["it"] == pytest.approx(0)


@pytest.mark.slow
def test_several_pairs_and_what_hangs_on_an_explanation(pipeline):
    explainer = SpexExplainer(pipeline, GroupedText(pipeline.tokenizer), max_evals=40)
    rows = [(FIRST, SECOND), (SECOND, FIRST), ("bad", "bad")]
    explanation = explainer(rows, silent=True, outputs=[2])
    alone = explainer(rows[1:2], silent=True, outputs=[2])
    assert_allclose(explanation.values[1], alone.values[0], atol=1e-8)
    assert [len(part) for part in explanation.data] == [6, 6, 2]
    page = shap.plots.text(explanation[0, :, 0], display=False)
    assert all(word in page for word in WORDS)
    plain = explainer(["bad it"], silent=True, outputs=[2])  # and texts are still texts
    assert [str(name) for name in plain.feature_names[0]] == ["bad", "it"]


def test_an_explainer_of_pairs_is_saved(pipeline, capsys):
    file = io.BytesIO()
    explainer = SpexExplainer(pipeline)
    explainer.save(file)
    file.seek(0)
    loaded = SpexExplainer.load(file)
    rows = [(FIRST, SECOND)]
    assert_allclose(loaded(rows, silent=True).values, explainer(rows, silent=True).values)


@pytest.mark.parametrize(
    ("rows", "match"),
    [
        (["bad", (FIRST, SECOND)], "some are pairs"),
        ({"text": FIRST, "text_pair": SECOND}, "a single pair"),
        ([[{"role": "user", "content": "bad"}]], "apply_chat_template"),
        ([("a", "b", "c")], "expected texts, or pairs of texts, got tuple"),
        ([("a", 3)], "expected texts, or pairs of texts, got tuple"),
        ([None], "expected texts, or pairs of texts, got NoneType"),
    ],
)
def test_rows_that_are_neither(pipeline, rows, match):
    with pytest.raises(InputError, match=f"^rows: .*{match}"):
        SpexExplainer(pipeline)(rows, silent=True)


def test_language_models_read_one_text():
    import tiny_transformers

    model, words = tiny_transformers.language_model()
    with pytest.raises(InputError, match=r"^rows: a generative language model"):
        SpexExplainer(model, words)([("not", "bad")], silent=True)


def test_pairs_are_masked_as_texts(tokenizer):
    masker = shap.maskers.Text(tokenizer, output_type="token_ids")
    with pytest.raises(InputError, match=r"^masker: pairs"):
        SpexExplainer(len, masker)([(FIRST, SECOND)], silent=True)
