"""Pipelines of transformers: which can be explained; classifiers return the scores of all classes."""

from __future__ import annotations

import inspect
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import shap
from scipy.special import logit
from shap.utils.transformers import is_transformers_lm

from spex_plugins.errors import InputError
from spex_plugins.shap.models.log_odds import log_odds

if TYPE_CHECKING:
    from spex_plugins.types import FloatArray

__all__ = ["TextClassifier", "check_pipeline", "pipeline_of", "with_all_classes"]

# Made by its class, a pipeline has no task.
_WRITES = ("text-generation", "text2text-generation", "summarization", "translation")
_WRITERS = ("TextGenerationPipeline", "Text2TextGenerationPipeline")
_CLASSIFIES = ("text-classification", "sentiment-analysis")
_CLASSIFIERS = ("TextClassificationPipeline",)


class TextClassifier(shap.models.TransformersPipeline):  # type: ignore[misc]
    """`shap.models.TransformersPipeline` that gives the scores of all classes, in the order of the model.

    A pipeline returns its ``top_k`` highest scores, by default one, and SHAP takes the others for 0. With
    ``rescale_to_logits`` log-odds are computed from the logits, so that they are finite. A pipeline whose
    class has its own ``__call__`` without these options is asked for one text at a time, as it may read the
    first only, and must return all labels with their scores.
    """

    def __init__(self, pipeline: Any, rescale_to_logits: bool = False) -> None:
        self.inner_model, self.rescale_to_logits = pipeline, rescale_to_logits
        self._by_itself = not _takes_options(pipeline)
        config = pipeline.model.config
        self.output_names = [str(config.id2label.get(k, k)) for k in range(config.num_labels)]
        self.output_shape = (config.num_labels,)
        self.id2label = dict(enumerate(self.output_names))
        self.label2id = {name: k for k, name in self.id2label.items()}
        if len(self.label2id) < config.num_labels:
            raise InputError(
                f"model: the labels {self.output_names!r:.80} of the pipeline are not different; give "
                "model.config.id2label a name for every class."
            )

    def __call__(self, strings: Any) -> FloatArray:
        """Return the scores (m, K) of texts, or of pairs of texts."""
        asked = [pair if isinstance(pair, dict) else str(pair) for pair in strings]
        if self._by_itself:
            scores = self._scores([self._own_answer(text) for text in asked])
            return logit(scores) if self.rescale_to_logits else scores
        if not self.rescale_to_logits:
            return self._scores(self.inner_model(asked, top_k=None))
        function = _applied(self.inner_model)
        if function == "none":
            raise InputError(
                "rescale_to_logits: the scores of the pipeline are no probabilities; leave it False."
            )
        logits = self._scores(self.inner_model(asked, top_k=None, function_to_apply="none"))
        return log_odds(logits, np.arange(logits.shape[1])[None]) if function == "softmax" else logits

    def _own_answer(self, text: Any) -> Any:
        """Return what a pipeline with its own ``__call__`` answers to one text, as a list of labels."""
        answers = self.inner_model([text])
        return answers if isinstance(answers[0], dict) else answers[0]

    def _scores(self, answers: Any) -> FloatArray:
        scores = np.full((len(answers), *self.output_shape), np.nan)
        for row, classes in enumerate(answers):
            given = {one["label"]: one["score"] for one in classes}
            if given.keys() != self.label2id.keys():
                raise InputError(
                    f"model: the pipeline returned scores of the labels {list(given)!r:.80}, but "
                    f"model.config.id2label has {self.output_names!r:.80}; return the scores of all labels, "
                    "such as with top_k=None, under these names."
                )
            for label, score in given.items():
                scores[row, self.label2id[label]] = score
        return scores


def check_pipeline(model: Any) -> None:
    """Refuse pipelines whose outputs are no scores of a text.

    Raises
    ------
    InputError
        If a pipeline neither classifies nor writes texts, and has no ``__call__`` of its own that could
        return scores.
    """
    pipeline = pipeline_of(model)
    if pipeline is None or _classifies(pipeline):
        return
    writes = str(pipeline.task).startswith(_WRITES) or _is_one_of(pipeline, _WRITERS)
    scores_itself = not type(pipeline).__call__.__module__.startswith("transformers.")
    if writes if is_transformers_lm(pipeline.model) else scores_itself:
        return
    raise InputError(
        f"model: a pipeline for {pipeline.task or type(pipeline).__name__!r} has no fixed scores that could "
        "be explained, as those for 'text-classification' and 'text-generation' have; pass a function of a "
        "list of inputs that calls it and returns the scores of interest, an array (inputs,) or (inputs, K), "
        "and a masker."
    )


def with_all_classes(model: Any) -> Any:
    """Return a `TextClassifier` in place of SHAP's wrapper of such a pipeline, else the model itself."""
    if type(model) is not shap.models.TransformersPipeline:
        return model
    return TextClassifier(model.inner_model, model.rescale_to_logits)


def pipeline_of(model: Any) -> Any:
    """Return a pipeline, also one that SHAP has wrapped; None where there is none."""
    transformers = sys.modules.get("transformers")  # whoever has a pipeline has imported it
    found = getattr(model, "inner_model", model)
    return found if transformers is not None and isinstance(found, transformers.Pipeline) else None


def _is_one_of(pipeline: Any, classes: tuple[str, ...]) -> bool:
    """Return whether a pipeline is of a class of transformers, of those that the installed version has."""
    transformers = sys.modules["transformers"]
    return isinstance(
        pipeline, tuple(getattr(transformers, name) for name in classes if hasattr(transformers, name))
    )


def _classifies(pipeline: Any) -> bool:
    return pipeline.task in _CLASSIFIES or _is_one_of(pipeline, _CLASSIFIERS)


def _takes_options(pipeline: Any) -> bool:
    """Return whether a pipeline takes the options of a text classifier, such as ``top_k``, when called."""
    parameters = inspect.signature(type(pipeline).__call__).parameters.values()
    any_name = any(one.kind is one.VAR_KEYWORD or one.name == "top_k" for one in parameters)
    return _classifies(pipeline) and any_name


def _applied(pipeline: Any) -> str:
    """Return the function from logits to scores that a pipeline applies: "softmax", "sigmoid" or "none"."""
    given = pipeline._postprocess_params.get("function_to_apply")
    if given is not None:
        return str(getattr(given, "value", given)).lower()
    config = pipeline.model.config
    if config.problem_type == "regression":
        return "none"
    several = config.problem_type == "multi_label_classification" or config.num_labels == 1
    return "sigmoid" if several else "softmax"
