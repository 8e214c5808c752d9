"""`HeadsGame`: masked heads and neurons against a model whose weights are changed by hand."""

from __future__ import annotations

import pickle
from copy import deepcopy

import numpy as np
import prompt_models as tiny
import pytest
import torch

from spex_plugins import InputError, explain
from spex_plugins.games import HeadsGame

WORDS = tiny.tokenizer()
PROMPTS = ["Anna moved from Paris to", "The film is not the", "Charming and", "Where does Anna"]
RIGHT = [" Rome", " disaster", " beautifully shot", " live"]
WRONG = [" film", " Paris", " boring", " Rome"]
MODELS = {
    "gpt2": (tiny.gpt2, lambda m: [block.attn.c_proj for block in m.transformer.h], [b"" for _ in range(2)]),
    "llama": (tiny.llama, lambda m: [layer.self_attn.o_proj for layer in m.model.layers], None),
}


def game(model, **changes):
    settings = {"against": WRONG, "value": "log_odds", "replacement": "zero"} | changes
    return HeadsGame(model, WORDS, PROMPTS, RIGHT, **settings)


def log_odds(model):
    """Return the log-odds of every example, by plain forwards."""
    found = []
    for prompt, *answers in zip(PROMPTS, RIGHT, WRONG, strict=True):
        ids = WORDS(prompt)["input_ids"]
        scores = [
            tiny.exact(model, ids, WORDS(prompt + answer)["input_ids"][len(ids) :]) for answer in answers
        ]
        found.append(scores[0] - scores[1])
    return np.array(found)


def without(model, projections, masked, size):
    """Return the log-odds of a copy of the model whose maps ignore some of their inputs."""
    copy = deepcopy(model)
    with torch.no_grad():
        for layer, unit in masked:
            weight = projections(copy)[layer].weight
            columns = weight if isinstance(projections(copy)[layer], torch.nn.Linear) else weight.T
            columns[:, unit * size : (unit + 1) * size] = 0.0
    return log_odds(copy)


@pytest.mark.parametrize("kind", MODELS)
def test_masked_heads_are_those_without_weights(kind):
    make, projections, _ = MODELS[kind]
    model = make()
    heads = game(model)
    assert heads.feature_names == ("layer 0 head 0", "layer 0 head 1", "layer 1 head 0", "layer 1 head 1")
    masks = np.array([[1, 1, 1, 1], [0, 1, 1, 1], [1, 1, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]], bool)
    truth = [
        without(model, projections, [divmod(int(i), 2) for i in np.flatnonzero(~mask)], 8).mean()
        for mask in masks
    ]
    np.testing.assert_allclose(heads(masks), truth, atol=1e-4)
    np.testing.assert_allclose(np.concatenate([heads(mask[None]) for mask in masks]), truth, atol=1e-4)
    np.testing.assert_allclose(log_odds(model).mean(), truth[0], atol=1e-4)  # no hook stays


def test_masked_neurons():
    model = tiny.llama()
    neurons = game(model, part="neurons", layers=[1], block=8)
    assert neurons.feature_names[0] == "layer 1 neurons 0–7"
    masks = np.array([[1, 1, 1, 1], [1, 0, 1, 1], [0, 0, 0, 0]], bool)
    truth = [
        without(model, lambda m: [layer.mlp.down_proj for layer in m.model.layers],
                [(1, int(i)) for i in np.flatnonzero(~mask)], 8).mean()
        for mask in masks
    ]  # fmt: skip
    np.testing.assert_allclose(neurons(masks), truth, atol=1e-4)


def test_means_replace_what_is_masked():
    model = tiny.gpt2()
    seen = []
    hook = model.transformer.h[1].attn.c_proj.register_forward_pre_hook(lambda _, x: seen.append(x[0][0]))
    rows = {tuple(WORDS(p + a)["input_ids"][:-1]) for p, a in zip(PROMPTS * 2, RIGHT + WRONG, strict=True)}
    assert len(rows) < len(RIGHT + WRONG)
    with torch.no_grad():
        for row in rows:
            model(torch.tensor([row]))
    hook.remove()
    mean = torch.cat(seen).mean(dim=0)
    changed = deepcopy(model)
    projection = changed.transformer.h[1].attn.c_proj
    with torch.no_grad():
        projection.bias += mean[8:] @ projection.weight[8:]
        projection.weight[8:] = 0.0
    masked = game(model, replacement="mean")(np.array([[1, 1, 1, 0]], bool))
    np.testing.assert_allclose(masked, log_odds(changed).mean(), atol=1e-4)


def test_accuracy_and_log_probs():
    model = tiny.gpt2()
    odds, accuracy = game(model), game(model, value="accuracy")
    full = np.ones((1, 4), bool)
    np.testing.assert_array_equal(accuracy(full), (log_odds(model) > 0).mean())
    np.testing.assert_array_equal(odds.accuracy(full), accuracy(full))
    plain = game(model, value="log_prob", against=None)
    ids = [WORDS(prompt)["input_ids"] for prompt in PROMPTS]
    truth = [
        tiny.exact(model, one, WORDS(prompt + answer)["input_ids"][len(one) :])
        for one, prompt, answer in zip(ids, PROMPTS, RIGHT, strict=True)
    ]
    np.testing.assert_allclose(plain(full), np.mean(truth), atol=1e-4)
    with pytest.raises(InputError, match=r"^against"):
        plain.accuracy(full)


@pytest.mark.parametrize("make", [tiny.mistral, tiny.gemma2, tiny.phi3, tiny.gpt_neo, tiny.bloom])
@pytest.mark.parametrize("part", ["heads", "neurons"])
def test_other_models(make, part):
    model = make()
    parts = game(model, part=part, block=1 if part == "heads" else 8)
    values = parts(np.stack([np.ones(parts.n, bool), np.zeros(parts.n, bool)]))
    np.testing.assert_allclose(values[0], log_odds(model).mean(), atol=1e-4)
    assert abs(values[1] - values[0]) > 1e-3


def test_explained_and_pruned():
    heads = game(tiny.llama())
    found = explain(heads, progress=False)
    best = found.best_keeping(2).mask
    masks = (np.arange(16)[:, None] >> np.arange(4) & 1).astype(bool)
    pairs = masks[masks.sum(axis=1) == 2]
    assert best.tolist() == pairs[np.argmax(heads(pairs))].tolist()
    assert heads.work(masks).shape == (16,)


def test_fingerprints_and_pickle():
    model = tiny.gpt2()
    changes = [
        {"part": "neurons"},
        {"layers": [0]},
        {"block": 2},
        {"replacement": "mean"},
        {"value": "accuracy"},
    ]
    found = {game(model, **change).fingerprint for change in ({}, {}, *changes)}
    assert len(found) == 6
    assert game(tiny.gpt2(n_layer=1)).fingerprint not in found
    heads = game(model)
    copy = pickle.loads(pickle.dumps(heads))
    np.testing.assert_array_equal(copy(np.ones((1, 4), bool)), heads(np.ones((1, 4), bool)))
    assert "4 features in 2 layers, 4 examples" in repr(heads)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"part": "layers"}, "part"), ({"replacement": "noise"}, "replacement"), ({"value": "loss"}, "value"),
        ({"against": None}, "against"), ({"value": "log_prob"}, "against"), ({"layers": [2]}, "layers"),
        ({"layers": []}, "layers"), ({"layers": [0, 0]}, "layers"), ({"block": 0}, "block"),
        ({"against": WRONG[:2]}, "against"), ({"against": 5}, "against"), ({"against": [1] * 4}, "against"),
        ({"layers": 5}, "layers"), ({"layers": "01"}, "layers"),
    ],
)  # fmt: skip
def test_unusable_arguments(changes, name):
    with pytest.raises(InputError, match=rf"^{name}"):
        game(tiny.gpt2(), **changes)


def test_an_answer_that_the_tokenizer_does_not_know():
    words = tiny.tokenizer_of_pieces("never")
    with pytest.raises(InputError, match=r"^answer: the tokenizer reads .*🎉"):
        HeadsGame(tiny.gpt2(), words, PROMPTS[:1], [" 🎉"])


def test_unusable_models():
    for model in (tiny.t5(), tiny.gpt2().train(), tiny.rwkv(), 5):
        with pytest.raises(InputError, match=r"^model"):
            game(model)


def test_a_model_whose_heads_end_in_another_layer_is_refused_with_what_is_supported():
    model = tiny.moshi()
    with pytest.raises(InputError, match=r"^model: .* MoshiForCausalLM end in a MoshiLinear; .* Llama"):
        game(model)
    assert game(model, part="neurons").n == 32


def test_only_the_logits_of_the_answers_are_computed():
    model, asked = tiny.llama(), []
    odds = game(model)(np.ones((2, 4), bool))
    plain = model.lm_head.forward
    model.lm_head.forward = lambda states: asked.append(states.shape) or plain(states)
    heads = game(model)
    np.testing.assert_array_equal(heads(np.ones((2, 4), bool)), odds)
    assert {shape[1] for shape in asked} == {1, 2}  # the tokens of an answer, at the ends of their rows
