"""SHAP's plots of texts and images."""

from __future__ import annotations

import re

import matplotlib.pyplot as plt
import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins.shap import SpexExplainer


@pytest.fixture
def texts(sentiment, words):
    explainer = SpexExplainer(sentiment.decision_function, words)
    return explainer(["this film never fails to charm", "not bad at all"], silent=True)


def drawn_labels():
    plt.gcf().canvas.draw()
    return [label.get_text() for label in plt.gca().get_yticklabels()]


@pytest.mark.slow
def test_waterfall_of_words(texts):
    shap.plots.waterfall(texts[0], show=False)
    assert any(label.endswith("= never") for label in drawn_labels())


@pytest.mark.parametrize("plot", [shap.plots.waterfall, shap.plots.bar])
def test_interactions_of_words(plot, texts):
    plot(texts[0].interaction_explanation(), show=False)
    assert "never × fails" in drawn_labels()


def test_force_of_interactions(texts):
    shap.plots.force(texts[1].interaction_explanation(top=3), matplotlib=True, show=False)
    assert "not × bad" in [text.get_text() for text in plt.gca().texts]


def test_bar_of_words_over_rows(texts):
    """SHAP groups the words of all rows by name."""
    shap.plots.bar(texts.abs.mean(0), show=False)
    widths = dict(zip(drawn_labels(), (bar.get_width() for bar in plt.gca().patches), strict=False))
    assert_allclose(widths["never"], abs(texts[0].values[2]))
    assert_allclose(widths["bad"], abs(texts[1].values[1]))


def test_text(texts):
    # SHAP 0.51 writes numbers as numpy 2 prints them, which browsers do not read.
    with np.printoptions(legacy="1.25"):
        html = shap.plots.text(texts, display=False)
    shown = re.findall(r"background: rgba\((.*?)\).*?>\s*(\w+)", html, flags=re.DOTALL)
    words = [word for _, word in shown]
    assert words[:6] == ["this", "film", "never", "fails", "to", "charm"]
    opacity = {word: float(color.split(",")[3]) for color, word in shown}
    assert opacity["never"] == max(opacity[word] for word in words[:6])
    assert opacity["never"] > opacity["this"]


def test_text_of_several_outputs(sentiment, words):
    explainer = SpexExplainer(sentiment.predict_proba, words, output_names=["negative", "positive"])
    html = shap.plots.text(explainer(["not bad at all"], silent=True), display=False)
    assert "positive" in html
    assert "bad" in html


@pytest.fixture
def images():
    def classify(pixels):
        flat = pixels.reshape(len(pixels), -1)
        return np.stack([4 * flat[:, 1] * flat[:, 2], flat[:, 3] - flat[:, 4] * flat[:, 0]], axis=1)

    pictures = np.random.default_rng(0).random((2, 3, 3, 1))
    masker = shap.maskers.Image(np.zeros((3, 3, 1)))
    return SpexExplainer(classify, masker, output_names=["up", "down"])(pictures, silent=True)


def test_image(images):
    assert images.shape == (2, 3, 3, 1, 2)
    shap.plots.image(images, show=False)
    axes = plt.gcf().axes[:6]
    assert [one.get_title() for one in axes[:3]] == ["", "up", "down"]
    for row in range(2):
        assert_allclose(axes[3 * row].images[0].get_array(), images.data[row, :, :, 0])
        for output in range(2):
            overlay = axes[3 * row + 1 + output].images[-1].get_array()
            assert_allclose(overlay, images.values[row, :, :, 0, output])


def test_image_of_chosen_outputs(images):
    shap.plots.image(images[..., [1]], show=False)
    assert [axes.get_title() for axes in plt.gcf().axes[:2]] == ["", "down"]
    assert_allclose(plt.gcf().axes[1].images[-1].get_array(), images.values[0, :, :, 0, 1])


@pytest.mark.slow
def test_interactions_of_pixels(images):
    shap.plots.waterfall(images[0, ..., 0].interaction_explanation(), show=False)
    assert drawn_labels()[0] != ""
    assert "Feature 1 × Feature 2" in drawn_labels()
