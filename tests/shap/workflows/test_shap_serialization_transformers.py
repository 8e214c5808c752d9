"""Explainers of transformers models, saved and loaded."""

from __future__ import annotations

import io

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import SpexExplainer

pytest.importorskip("transformers")
import tiny_transformers


def saved_and_loaded(explainer):
    file = io.BytesIO()
    explainer.save(file)
    file.seek(0)
    loaded = SpexExplainer.load(file)
    assert file.read() == b""
    return loaded


@pytest.mark.parametrize("logits", [False, True])
def test_pipeline(logits):
    """SHAP cannot load a pipeline that it saved."""
    pipeline = tiny_transformers.classifier()
    model = shap.models.TransformersPipeline(pipeline, rescale_to_logits=True) if logits else pipeline
    explainer = SpexExplainer(model, pipeline.tokenizer, seed=5, max_evals=12, index="SII")
    wrapped = explainer.model
    loaded = saved_and_loaded(explainer)
    assert explainer.model is wrapped
    assert isinstance(loaded.model, shap.models.TransformersPipeline)
    assert (loaded.seed, loaded.max_evals, loaded.index) == (5, 12, "SII")
    text = ["never fails to charm"]
    before, after = explainer(text, silent=True), loaded(text, silent=True)
    assert_allclose(after.values, before.values, atol=0)
    assert list(after.output_names) == ["NEGATIVE", "POSITIVE"]
    assert (before.base_values < 0).any() == logits
    assert np.abs(before.values).max() > 1e-3


def test_language_model():
    explainer = SpexExplainer(*tiny_transformers.language_model(), seed=5, max_order=2)
    loaded = saved_and_loaded(explainer)
    assert (loaded.seed, loaded.max_order) == (5, 2)
    text, target = ["never fails to charm"], ["not bad"]
    before, after = explainer(text, target, silent=True), loaded(text, target, silent=True)
    assert_allclose(after.values, before.values, atol=0)
    assert list(after.output_names) == ["not", "bad"]
    assert np.abs(before.values).max() > 1e-3
