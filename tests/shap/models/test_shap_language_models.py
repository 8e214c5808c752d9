"""Language models as SHAP wraps them: scored on generated and on given texts, and on the next token."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError, ValueFunctionError
from spex_plugins.shap import SpexExplainer
from spex_plugins.shap.models.log_odds import log_odds

transformers = pytest.importorskip("transformers")
tiny = pytest.importorskip("tiny_models")
TEXT = tiny.TEXT

MODELS = {
    "gpt2": (tiny.gpt2, lambda: tiny.word_tokenizer()),
    "t5": (tiny.t5, lambda: tiny.word_tokenizer(eos=True)),
    "bart": (tiny.bart, lambda: tiny.word_tokenizer(eos=True)),
}


@pytest.fixture(params=MODELS)
def lm(request):
    model, tokenizer = MODELS[request.param]
    return model(), tokenizer()


def additivity(row):
    assert_allclose(row.base_values + row.values.sum(axis=0), row.interactions.full_value, atol=1e-8)


@pytest.mark.slow
def test_given_texts(lm):
    """Compare with the Shapley values of two words, from SHAP's own model at SHAP's own masked prompts."""
    explanation = SpexExplainer(*lm)(["not bad", "to charm"], ["to charm never", "bad not"], silent=True)
    model, masker = _wrapped(*lm)
    cases = [("not bad", "to charm never"), ("to charm", "bad not")]
    for row, (text, target) in zip(explanation, cases, strict=True):
        masks = [[0, 0], [1, 0], [0, 1], [1, 1]]
        kept = [np.array([*mask, *[1] * (row.shape[0] - 2)], dtype=bool) for mask in masks]
        prompts = np.array([masker.masker(mask, text)[0][0] for mask in kept])
        none, first, second, both = model(prompts, np.array([target] * 4))
        exact = np.stack([first - none + both - second, second - none + both - first]) / 2
        assert_allclose(row.base_values, none, rtol=1e-4)
        assert_allclose(row.values[:2], exact, rtol=1e-3, atol=1e-4)
        assert [str(name) for name in row.output_names] == target.split()
        assert row.interactions.n_calls == 4
        assert np.abs(exact).max() > 1e-3


def _wrapped(model, tokenizer):
    plain = shap.Explainer(model, tokenizer)
    return plain.model, plain.masker


def test_generated_texts(lm):
    explainer = SpexExplainer(*lm)
    explanation = explainer([TEXT, "not bad"], silent=True)
    for row, text in zip(explanation, [TEXT, "not bad"], strict=True):
        generated = np.asarray(_wrapped(*lm)[1].model(text))[0]
        assert row.interactions.output_shape == (len(generated),)
        assert [str(name) for name in row.output_names] == [lm[1].decode([i]) for i in generated]
        assert row.interactions.n_calls == 2 ** len(text.split())
        additivity(row)


def test_given_texts_hold_for_one_call():
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    before = explainer(["not bad"], silent=True)
    given = explainer(["not bad"], ["to charm"], silent=True)
    after = explainer(["not bad"], silent=True)
    assert given.values.shape == (1, 2, 2)
    assert_allclose(after.values, before.values, atol=0)
    assert after.values.shape[2] > 2


def test_equal_inputs_with_different_given_texts():
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    together = explainer([TEXT, TEXT], ["to charm", "bad"], silent=True)
    for i, target in enumerate(["to charm", "bad"]):
        alone = explainer([TEXT], [target], silent=True)
        assert [str(name) for name in together[i].output_names] == target.split()
        assert_allclose(together[i].values, alone[0].values, atol=1e-12)
    assert np.shape(together[..., 0].values) == (2, 4)


@pytest.mark.parametrize("targets", [["to charm"], "to"])  # two letters for two rows
def test_a_given_text_for_every_row(targets):
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    with pytest.raises(InputError, match="targets: expected a list of 2 texts"):
        explainer([TEXT, "not bad"], targets, silent=True)


def test_a_given_text_without_tokens():
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    with pytest.raises(
        ValueFunctionError, match="targets: the text to be scored, given or generated, has no tokens"
    ):
        explainer([TEXT], [""], silent=True)


def test_prompts_of_special_tokens_only():
    """Every mask of them would be the same prompt; it is asked once."""
    explanation = SpexExplainer(tiny.t5(), tiny.word_tokenizer(eos=True))([""], ["to charm"], silent=True)
    assert explanation[0].interactions.n_calls == 1
    assert not explanation.values.any()


def test_no_prompt_is_scored_twice():
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    score, seen = explainer.model.__call__, []

    class Counting(type(explainer.model)):
        def __call__(self, prompts, targets):
            seen.extend(map(str, prompts))
            return score(prompts, targets)

    explainer.model.__class__ = Counting
    text = "never fails to charm not bad"
    explainer([text], ["to charm"], max_evals=40, batch_size=1, silent=True)
    assert len(seen) == 40


def test_chosen_outputs_of_texts():
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    every = explainer([TEXT, "not bad"], ["to charm bad", "bad to not"], silent=True)
    some = explainer(
        [TEXT, "not bad"],
        ["to charm bad", "bad to not"],
        outputs=shap.Explanation.argsort.flip[:1],
        silent=True,
    )
    for one, all_of_it in zip(some, every, strict=True):
        best = all_of_it.interactions.full_value.argmax()
        assert [str(name) for name in one.output_names] == [str(all_of_it.output_names[best])]
        assert_allclose(one.values[:, 0], all_of_it.values[:, best], atol=1e-12)


@pytest.mark.parametrize("as_masker", [True, False])
def test_the_most_likely_next_tokens(as_masker):
    tokenizer = tiny.word_tokenizer()
    model = shap.models.TopKLM(tiny.gpt2(), tokenizer, k=3, device="cpu")
    masker = shap.maskers.Text(tokenizer, mask_token="...", collapse_mask_token=True)
    explanation = SpexExplainer(model, masker if as_masker else tokenizer)([TEXT, "not bad"], silent=True)
    for row, text in zip(explanation, [TEXT, "not bad"], strict=True):
        expected = model(np.array([text]), np.array([text]))[0]
        assert [str(name) for name in row.output_names] == model.output_names
        assert (np.diff(expected) <= 0).all()
        assert_allclose(row.base_values + row.values.sum(axis=0), expected, atol=1e-5)


def test_text_generation_by_a_function():
    """A model behind an interface: its answers are scored by a model at hand, as in SHAP."""
    tokenizer = tiny.word_tokenizer()

    def answers(prompts):
        return np.array(["to charm" if "not" in prompt else "bad never" for prompt in prompts])

    similarity = {"similarity_model": tiny.gpt2(), "similarity_tokenizer": tokenizer}
    model = shap.models.TeacherForcing(answers, **similarity)
    masker = shap.maskers.Text(tokenizer, mask_token="...", collapse_mask_token=True)
    explanation = SpexExplainer(model, masker)(["not bad"], silent=True)
    assert [str(name) for name in explanation[0].output_names] == ["to", "charm"]
    expected = model(np.array(["not bad"]), np.array(["to charm"]))[0]
    assert_allclose(explanation.base_values[0] + explanation.values[0].sum(axis=0), expected, atol=1e-5)
    assert_allclose(explanation.values[0, 1], 0, atol=1e-8)  # "bad" changes no answer
    generation = shap.models.TextGeneration(answers)
    own = shap.maskers.OutputComposite(masker, generation)
    assert_allclose(SpexExplainer(model, own)(["not bad"], silent=True).values, explanation.values)


@pytest.mark.slow
def test_captions_of_images():
    """One pixel changes the caption and carries the whole score."""
    tokenizer = tiny.word_tokenizer()

    def captions(images):
        images = np.reshape(images, (-1, 2, 2, 1))  # SHAP asks for the caption with a single image
        return np.array(["to charm" if image[0, 0, 0] > 0.5 else "bad never" for image in images])

    similarity = {"similarity_model": tiny.gpt2(), "similarity_tokenizer": tokenizer}
    model = shap.models.TeacherForcing(captions, **similarity)
    images = np.zeros((2, 2, 2, 1))
    images[0, 0], images[1, :, 0] = 1.0, 0.2
    explanation = SpexExplainer(model, shap.maskers.Image(np.zeros((2, 2, 1))))(images, silent=True)
    assert explanation.values.shape == (2, 2, 2, 1, 2)
    assert isinstance(explanation.data, np.ndarray)
    assert [row.n_calls for row in explanation.interactions] == [4, 4]
    first = model(images[:1], np.array(["to charm"]))[0]
    assert [str(name) for name in explanation[0].output_names] == ["to", "charm"]
    assert_allclose((explanation.base_values + explanation.values.sum((1, 2, 3)))[0], first, rtol=1e-4)
    pixels = explanation.values[0].reshape(4, 2)
    assert np.abs(pixels[0]).min() > 1e-3
    assert_allclose(pixels[1:], 0, atol=1e-6)


def test_texts_under_their_name():
    explainer = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())
    named = explainer({"text": ["not bad"], "label": [0]}, silent=True)
    assert_allclose(named.values, explainer(["not bad"], silent=True).values)


def test_a_text_generation_pipeline():
    generate = transformers.pipeline(
        "text-generation", model=tiny.gpt2(), tokenizer=tiny.word_tokenizer(), device="cpu"
    )
    explanation = SpexExplainer(generate)([TEXT], silent=True)
    direct = SpexExplainer(tiny.gpt2(), tiny.word_tokenizer())([TEXT], silent=True)
    assert_allclose(explanation.values, direct.values, atol=1e-6)


def test_certain_tokens_have_finite_log_odds():
    """With large weights SHAP's exponentials overflow and its probabilities round to 1."""
    model, tokenizer = tiny.gpt2(scale=50.0), tiny.word_tokenizer()
    with np.errstate(all="ignore"):
        theirs = _wrapped(model, tokenizer)[0](np.array(["..."]), np.array(["to charm"]))
    assert not np.isfinite(theirs).all()
    additivity(SpexExplainer(model, tokenizer)([TEXT], ["to charm"], silent=True)[0])


def test_log_odds_equal_shap_where_it_is_finite():
    logits = 3.0 * np.random.default_rng(0).normal(size=(4, 3, 9))
    model = shap.models.TopKLM.__new__(shap.models.TopKLM)
    model.topk_token_ids = np.array([2, 0, 7, 5])
    assert_allclose(
        log_odds(logits[:, 0], model.topk_token_ids[None]), model.get_logodds(logits[:, 0]), rtol=1e-10
    )
    forced = shap.models.TeacherForcing.__new__(shap.models.TeacherForcing)
    forced.output = np.array([[1, 8, 3]])
    ours = log_odds(logits, forced.output[:, :, None])[..., 0]
    assert_allclose(ours, forced.get_logodds(logits), rtol=1e-10)


def test_log_odds_far_out():
    logits = np.array([[2000.0, 0.0, -2000.0, 2000.0], [0.0, -1000.0, -1000.0, -1000.0]])
    found = log_odds(logits, np.array([[0, 1, 2, 3]]))
    assert_allclose(found[0], [0, -2000 - np.log(2), -4000 - np.log(2), 0], atol=1e-12)
    assert_allclose(found[1], [1000 - np.log(3), *[-1000.0] * 3])
