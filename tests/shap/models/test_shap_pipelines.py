"""Pipelines of transformers: text classifiers with all their classes; other tasks are refused."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer

transformers = pytest.importorskip("transformers")
torch = pytest.importorskip("torch")
tiny_transformers = pytest.importorskip("tiny_transformers")

TEXT = "never fails to charm"
LABELS = {0: "anger", 1: "joy", 2: "calm"}


def softmax(logits):
    return logits.softmax(-1)


def pipeline(classes=3, model=None, **options):
    """Return a pipeline of a classifier of so many classes, made of the tests' own of two."""
    made = tiny_transformers.classifier()
    config = made.model.config
    settings = {k: options.pop(k) for k in ("problem_type",) if k in options}
    labels = {k: LABELS[k] for k in range(classes)}
    config.update({"id2label": labels, "label2id": {v: k for k, v in labels.items()}, **settings})
    torch.manual_seed(1)
    model = transformers.BertForSequenceClassification(config).eval()
    return transformers.pipeline(
        "text-classification", model=model, tokenizer=made.tokenizer, device="cpu", **options
    )


def scores(pipe, text, function):
    with torch.no_grad():
        logits = pipe.model(**pipe.tokenizer(text, return_tensors="pt")).logits[0].double()
    return function(logits).numpy()


def check(explainer, pipe, function, atol=1e-5):
    """Compare the value function of the explanation with the model itself, at every mask."""
    explanation = explainer([TEXT], silent=True)
    found = explanation[0].interactions
    words = TEXT.split()
    masks = (np.arange(16)[:, None] >> np.arange(4)) & 1
    shown = [" ".join(w if k else "[MASK]" for w, k in zip(words, mask, strict=True)) for mask in masks]
    truth = np.array([scores(pipe, text, function) for text in shown])
    assert truth.std(axis=0).min() > 1e-3
    predicted = found.predict(masks.astype(bool))
    assert_allclose(np.reshape(predicted, truth.shape), truth, atol=atol)
    return explanation


@pytest.mark.parametrize(
    ("settings", "function"),
    [
        ({}, softmax),
        ({"classes": 2}, softmax),
        ({"top_k": None}, softmax),
        ({"top_k": 1}, softmax),
        ({"top_k": 2}, softmax),
        ({"return_all_scores": True}, softmax),
        ({"function_to_apply": "sigmoid"}, torch.sigmoid),
        ({"function_to_apply": "none"}, lambda logits: logits),
        ({"problem_type": "multi_label_classification"}, torch.sigmoid),
        ({"problem_type": "multi_label_classification", "top_k": 2}, torch.sigmoid),
        ({"problem_type": "regression", "classes": 1}, lambda logits: logits),
        ({"classes": 1}, torch.sigmoid),
        ({"batch_size": 3}, softmax),
    ],
)
@pytest.mark.filterwarnings("ignore:`return_all_scores`")
def test_all_classes_in_the_order_of_the_model(settings, function):
    pipe = pipeline(**settings)
    explanation = check(SpexExplainer(pipe), pipe, function)
    names = [LABELS[k] for k in range(settings.get("classes", 3))]
    if len(names) > 1:
        assert list(explanation.output_names) == names


def test_what_shap_has_wrapped():
    pipe = pipeline()
    check(SpexExplainer(shap.models.TransformersPipeline(pipe), pipe.tokenizer), pipe, softmax)
    check(SpexExplainer(shap.models.TransformersPipeline(pipe)), pipe, softmax)
    check(SpexExplainer(pipe, shap.maskers.Text(pipe.tokenizer)), pipe, softmax)
    check(SpexExplainer(pipe, features="word"), pipe, softmax)


@pytest.mark.parametrize(
    ("settings", "function"),
    [
        ({}, lambda z: torch.logit(z.softmax(-1))),
        ({"problem_type": "multi_label_classification"}, lambda z: z),
        ({"function_to_apply": "sigmoid", "top_k": 1}, lambda z: z),
    ],
)
def test_log_odds(settings, function):
    pipe = pipeline(**settings)
    wrapped = shap.models.TransformersPipeline(pipe, rescale_to_logits=True)
    check(SpexExplainer(wrapped, pipe.tokenizer), pipe, function)


def test_log_odds_of_what_is_certain():
    pipe = pipeline()
    with torch.no_grad():
        pipe.model.classifier.weight.mul_(1000.0)
    wrapped = shap.models.TransformersPipeline(pipe, rescale_to_logits=True)
    explanation = SpexExplainer(wrapped, pipe.tokenizer)([TEXT], silent=True)
    assert np.isfinite(explanation.values).all()
    assert np.abs(explanation.base_values).max() > 50


def test_log_odds_of_no_probabilities():
    pipe = pipeline(function_to_apply="none")
    wrapped = shap.models.TransformersPipeline(pipe, rescale_to_logits=True)
    with pytest.raises(Exception, match=r"rescale_to_logits: .* no probabilities"):
        SpexExplainer(wrapped, pipe.tokenizer)([TEXT], silent=True)


def test_labels_that_are_not_different():
    pipe = pipeline()
    pipe.model.config.id2label = {0: "joy", 1: "joy", 2: "calm"}
    with pytest.raises(InputError, match=r"^model: the labels .*id2label"):
        SpexExplainer(pipe)


def test_labels_that_were_renamed_in_one_direction_only():
    pipe = pipeline()
    pipe.model.config.id2label = {0: "a", 1: "b", 2: "c"}
    assert list(SpexExplainer(pipe)([TEXT], silent=True).output_names) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("task", "kind"),
    [
        ("token-classification", "BertForTokenClassification"),
        ("zero-shot-classification", "BertForSequenceClassification"),
        ("fill-mask", "BertForMaskedLM"),
        ("feature-extraction", "BertModel"),
    ],
)
@pytest.mark.parametrize("wrapped", [False, True])
@pytest.mark.filterwarnings("ignore")
def test_other_tasks_are_refused(task, kind, wrapped):
    made = tiny_transformers.classifier()
    config = made.model.config
    if task.startswith("zero"):
        config.update({"id2label": {0: "contradiction", 1: "entailment"}})
    model = getattr(transformers, kind)(config).eval()
    pipe = transformers.pipeline(task, model=model, tokenizer=made.tokenizer, device="cpu")
    with pytest.raises(InputError, match=f"^model: a pipeline for '{task}' .* pass a function"):
        SpexExplainer(shap.models.TransformersPipeline(pipe) if wrapped else pipe)


def of_class(kind, settings, classes=3):
    """Return a pipeline that is made by its class, and has no task then."""
    made = pipeline(classes)
    found = kind(model=made.model, tokenizer=made.tokenizer, device="cpu", **settings)
    assert not found.task
    return found


def test_classifiers_made_by_their_class():
    pipe = of_class(transformers.TextClassificationPipeline, {})
    check(SpexExplainer(pipe), pipe, softmax)
    check(SpexExplainer(shap.models.TransformersPipeline(pipe)), pipe, softmax)


@pytest.mark.filterwarnings("ignore:Using the model-agnostic default")
def test_writers_made_by_their_class():
    model, words = tiny_transformers.language_model()
    settings = {"model": model, "tokenizer": words, "device": "cpu"}
    pipes = [
        transformers.TextGenerationPipeline(**settings),
        transformers.pipeline("text-generation", **settings),
    ]
    by_class, by_task = (SpexExplainer(pipe)(["not bad"], silent=True) for pipe in pipes)
    assert_allclose(by_class.values, by_task.values, atol=1e-6)
    assert by_class.output_names == by_task.output_names


class OnlyTexts(transformers.TextClassificationPipeline):
    def __call__(self, texts):
        return super().__call__(texts, top_k=None)


class AnyOptions(transformers.TextClassificationPipeline):
    def __call__(self, texts, **options):
        return super().__call__(list(texts), **options)


class OnlyTheLikeliest(transformers.TextClassificationPipeline):
    def __call__(self, texts):
        return super().__call__(texts)


@pytest.mark.parametrize("kind", [OnlyTexts, AnyOptions])
def test_classifiers_with_a_call_of_their_own(kind):
    pipe = of_class(kind, {})
    assert list(check(SpexExplainer(pipe), pipe, softmax).output_names) == list(LABELS.values())
    wrapped = shap.models.TransformersPipeline(pipe, rescale_to_logits=True)
    # The pipeline rounds its scores to single precision.
    check(SpexExplainer(wrapped, pipe.tokenizer), pipe, lambda z: torch.logit(z.softmax(-1)), atol=1e-3)


def test_a_call_that_leaves_labels_out():
    with pytest.raises(Exception, match=r"model: the pipeline returned scores of .*all labels"):
        SpexExplainer(of_class(OnlyTheLikeliest, {}))([TEXT], silent=True)


class Topics(transformers.ZeroShotClassificationPipeline):
    """As in SHAP's notebook of zero-shot classification: it answers to the first text."""

    def __call__(self, texts):
        answer = super().__call__(texts[0], list(LABELS.values()), hypothesis_template="{} bad")
        return [[{"label": a, "score": b} for a, b in zip(answer["labels"], answer["scores"], strict=True)]]


@pytest.mark.filterwarnings("ignore")
def test_a_zero_shot_classifier_that_returns_labels():
    pipe = of_class(Topics, {})
    entailment = transformers.BertForSequenceClassification(pipe.model.config).eval()
    entailment.config.label2id = {"contradiction": 0, "neutral": 1, "entailment": 2}
    made = Topics(model=entailment, tokenizer=pipe.tokenizer, device="cpu")
    made.model.config.id2label = LABELS
    explanation = SpexExplainer(made)([TEXT], silent=True)
    assert list(explanation.output_names) == list(LABELS.values())
    masks = (np.arange(16)[:, None] >> np.arange(4)) & 1
    for mask, found in zip(masks, explanation[0].interactions.predict(masks.astype(bool)), strict=True):
        shown = " ".join(w if k else "[MASK]" for w, k in zip(TEXT.split(), mask, strict=True))
        truth = {one["label"]: one["score"] for one in made([shown])[0]}
        assert_allclose(found, [truth[label] for label in LABELS.values()], atol=1e-5)


def test_features_of_a_language_model_are_not_taken_for_what_it_writes():
    model, words = tiny_transformers.language_model()
    pipe = transformers.pipeline("feature-extraction", model=model, tokenizer=words, device="cpu")
    with pytest.raises(InputError, match=r"^model: a pipeline for 'feature-extraction'"):
        SpexExplainer(pipe)


@pytest.mark.slow
def test_the_way_out():
    """A function of texts that calls the pipeline."""
    made = tiny_transformers.classifier()
    model = transformers.BertForTokenClassification(made.model.config).eval()
    pipe = transformers.pipeline("token-classification", model=model, tokenizer=made.tokenizer, device="cpu")

    def highest(texts):
        return np.array([max(token["score"] for token in pipe(str(text))) for text in texts])

    explanation = SpexExplainer(highest, made.tokenizer)([TEXT], silent=True)
    assert_allclose(explanation.base_values + explanation.values.sum(axis=1), highest([TEXT]), atol=1e-6)
