"""Models that read a prompt differently beside others: every value is that of the prompt alone."""

from __future__ import annotations

import warnings

import numpy as np
import prompt_models as tiny
import pytest
import torch
import transformers

from spex_plugins import InputError
from spex_plugins.games import MaskedPrompt
from spex_plugins.language_models.batching import Batching, batches, find_batching

WORDS = tiny.tokenizer()
TEXT = "not the disaster that the critics described, charming and beautifully shot"
TEMPLATES = ["{} Sentiment:", "The film is not the disaster. Anna moved from Paris to Rome. {} Sentiment:"]
ANSWERS = [" positive", " far from boring", " far"]
MAKERS = [tiny.phi3, tiny.dynamic_llama, tiny.gpt_neo, tiny.rwkv, tiny.roberta, tiny.roberta_padded_with_1]


def _masks(n):
    rng = np.random.default_rng(0)
    kept = rng.random((7, n)) < rng.random((7, 1))
    return np.concatenate([np.zeros((1, n), bool), kept, np.ones((1, n), bool)])


@pytest.mark.slow
@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("make", MAKERS)
def test_causal_models(make, template):
    model = make()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # beyond the window, on purpose
        game = MaskedPrompt(model, WORDS, TEXT, template=template, answer=ANSWERS)
    masks = _masks(game.n)
    truth = np.empty((len(masks), len(ANSWERS)))
    for i, mask in enumerate(masks):
        for k, answer in enumerate(ANSWERS):  # each by a model that has never read anything else
            ids, joined = (WORDS(game.prompt(mask) + more)["input_ids"] for more in ("", answer))
            assert joined[: len(ids)] == ids
            truth[i, k] = tiny.exact(make(), ids, joined[len(ids) :])
    assert truth.std(axis=0).min() > 0.02
    np.testing.assert_allclose(game(masks), truth, atol=2e-5)
    np.testing.assert_allclose(game(masks[::-1]), truth[::-1], atol=2e-5)
    np.testing.assert_allclose(np.concatenate([game(mask[None]) for mask in masks]), truth, atol=2e-5)


def test_plain_models_are_asked_all_at_once():
    for model in (tiny.gpt2(), tiny.llama(), tiny.mistral(), tiny.llama().to(torch.bfloat16)):
        game = MaskedPrompt(model, WORDS, TEXT, template=TEMPLATES[1], answer=ANSWERS)
        assert game._scorer._batching is Batching.ANY_LENGTH


def test_a_model_that_reads_what_comes_is_refused():
    """Its words would be scored by words behind them."""
    sizes = {"vocab_size": 400, "hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = transformers.BertConfig(**sizes, intermediate_size=32, initializer_range=0.6)
    torch.manual_seed(0)
    model = transformers.BertLMHeadModel(config).eval()
    with pytest.raises(InputError, match=r"^model: .* change with the tokens after it"):
        MaskedPrompt(model, WORDS, TEXT, template=TEMPLATES[0], answer=ANSWERS)
    config.is_decoder = True
    MaskedPrompt(
        transformers.BertLMHeadModel(config).eval(), WORDS, TEXT, template=TEMPLATES[0], answer=ANSWERS
    )


def test_a_decoder_that_reads_what_comes_answers_in_one_token():
    model, words = tiny.fsmt(), tiny.tokenizer("<s> $A </s>")
    with pytest.raises(InputError, match=r"^model: the decoder of FSMT.* attends to later tokens"):
        MaskedPrompt(model, words, TEXT, answer=ANSWERS)
    game = MaskedPrompt(model, words, TEXT, answer=" positive")
    masks = _masks(game.n)
    (target,) = words(" positive", add_special_tokens=False)["input_ids"]
    for mask, value in zip(masks, game(masks), strict=True):
        ids = torch.tensor([words(game.prompt(mask))["input_ids"]])
        with torch.no_grad():
            logits = model(input_ids=ids, decoder_input_ids=torch.tensor([[2, 1]]), use_cache=False).logits
        assert value == pytest.approx(float(logits[0, -1].log_softmax(-1)[target]), abs=2e-5)


def test_a_classifier_that_reads_padding():
    """Its mask is left out, as some wrapped models do."""
    model, words = tiny.bert(), tiny.tokenizer("<s> $A </s>")
    plain = model.forward

    def forward(input_ids=None, attention_mask=None, token_type_ids=None):
        return plain(input_ids=input_ids)

    model.forward = forward
    game = MaskedPrompt(model, words, TEXT, answer=["good", "bad"])
    masks = _masks(game.n)
    with torch.no_grad():
        truth = [
            plain(torch.tensor([words(game.prompt(mask))["input_ids"]])).logits.log_softmax(-1)[0, [2, 0]]
            for mask in masks
        ]
    np.testing.assert_allclose(game(masks), torch.stack(truth).numpy(), atol=2e-5)


def test_a_part_in_training_mode_is_refused():
    model = tiny.gpt2()
    model.transformer.drop.train()
    with pytest.raises(InputError, match=r"model\.eval\(\)"):
        MaskedPrompt(model, WORDS, TEXT, answer=" positive")


def test_a_decoder_that_knows_no_padding():
    model = tiny.gpt2_classifier()
    model.config.pad_token_id = None
    with pytest.raises(InputError, match=r"model: .*set model\.config\.pad_token_id"):
        MaskedPrompt(model, WORDS, TEXT, answer="good")
    model.config.pad_token_id = WORDS.pad_token_id
    MaskedPrompt(model, WORDS, TEXT, answer="good")


@pytest.mark.parametrize(
    ("depends_on", "way"),
    [
        (lambda rows: 0.0, Batching.ANY_LENGTH),
        (lambda rows: float(max(map(len, rows))), Batching.EQUAL_LENGTH),
        (lambda rows: float(len(rows)), Batching.SINGLE),
    ],
)
def test_what_an_answer_depends_on(depends_on, way):
    def last_logits(rows):
        return torch.tensor([[1.0, len(row)] for row in rows]) + depends_on(rows)

    assert find_batching(last_logits, [1] * 9, [1, 2]) is way
    assert find_batching(last_logits, [1] * 9, [1] * 9) is way


def test_random_answers_are_refused():
    generator = torch.Generator().manual_seed(0)
    with pytest.raises(InputError, match="differ between two calls"):
        find_batching(lambda rows: torch.randn(len(rows), 5, generator=generator), [1] * 9, [1, 2])


def test_the_rows_of_calls():
    lengths = [3, 5, 3, 4]
    assert batches(lengths, Batching.ANY_LENGTH) == [[0, 1, 2, 3]]
    assert batches(lengths, Batching.EQUAL_LENGTH) == [[0, 2], [3], [1]]
    assert batches(lengths, Batching.SINGLE) == [[0], [1], [2], [3]]


def test_scaling_is_found_wherever_a_configuration_tells_it():
    from spex_plugins.language_models.length_scaling import scales_with_length

    class Config:
        def __init__(self, **settings):
            self.settings = settings

        def to_dict(self):
            return self.settings

    def told(**settings):
        model = torch.nn.Linear(1, 1)
        model.config = Config(**settings)
        return scales_with_length(model)

    assert told(rope_scaling={"type": "dynamic", "factor": 2.0})
    assert told(text_config={"rope_parameters": {"full_attention": {"rope_type": "longrope"}}})
    assert told(use_dynamic_ntk=True)
    assert not told(rope_scaling={"rope_type": "linear"}, rope_theta=1e4)
    assert not told(rope_scaling=None, quantization={"type": "dynamic"})
    assert not scales_with_length(tiny.llama())
    assert scales_with_length(tiny.phi3())
