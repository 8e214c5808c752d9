"""SHAP's maskers for images and functions as maskers."""

from __future__ import annotations

import numpy as np
import pytest
import shap
from numpy.testing import assert_allclose

from spex_plugins import InputError
from spex_plugins.shap import SpexExplainer


@pytest.fixture
def images():
    return np.random.default_rng(0).random((3, 4, 4, 1)) + 0.1


def edges(x):
    """Classify an image by a small convolution and two smooth outputs."""
    across, down = x[:, :, 1:] - x[:, :, :-1], x[:, 1:] - x[:, :-1]
    return np.stack([np.tanh(across).sum((1, 2, 3)), (down**2).sum((1, 2, 3))], axis=1)


def pixel_sum(explanation):
    return explanation.base_values + explanation.values.sum(axis=(1, 2, 3))


@pytest.mark.slow
def test_images_with_a_constant(images):
    masker = shap.maskers.Image(np.full((4, 4, 1), 0.5))
    explanation = SpexExplainer(edges, masker)(images, max_evals=200, silent=True)
    assert explanation.values.shape == (3, 4, 4, 1, 2)
    assert_allclose(pixel_sum(explanation), edges(images), atol=1e-8)
    assert_allclose(explanation.base_values, edges(np.full((3, 4, 4, 1), 0.5)), atol=1e-12)


@pytest.mark.slow
def test_small_images_equal_the_exact_values(images):
    few = images[:, :2, :3]
    masker = shap.maskers.Image(np.full((2, 3, 1), 0.5))
    explanation = SpexExplainer(edges, masker)(few, silent=True)
    flat = shap.maskers.Independent(np.full((1, 6), 0.5))
    exact = shap.ExactExplainer(lambda x: edges(x.reshape(-1, 2, 3, 1)), flat)(few.reshape(3, 6))
    assert_allclose(explanation.values.reshape(3, 6, 2), exact.values, atol=1e-8)


def test_pixels_equal_to_the_mask_are_no_features(images):
    image = images[:1].copy()
    image[0, 1:] = 0.5
    masker = shap.maskers.Image(np.full((4, 4, 1), 0.5))
    explanation = SpexExplainer(edges, masker)(image, silent=True)
    assert explanation[0].interactions.n_calls == 2**4
    assert not explanation.values[0, 1:].any()
    assert_allclose(pixel_sum(explanation), edges(image), atol=1e-8)


@pytest.mark.slow
def test_a_convolutional_network(images):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(1, 3, 2), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(27, 2)
    network = torch.nn.Sequential(*layers, torch.nn.Softmax(dim=1)).double()

    def model(x):
        return network(torch.tensor(x).permute(0, 3, 1, 2))

    masker = shap.maskers.Image(np.zeros((4, 4, 1)))
    explanation = SpexExplainer(model, masker, output_names=["cat", "dog"])(images, silent=True)
    assert list(explanation.output_names) == ["cat", "dog"]
    assert_allclose(pixel_sum(explanation), model(images).detach().numpy(), atol=1e-8)


@pytest.mark.slow
def test_every_image_is_blurred_by_itself(images):
    cv2 = pytest.importorskip("cv2")
    masker = shap.maskers.Image("blur(2,2)", (4, 4, 1))
    explanation = SpexExplainer(edges, masker)(images, max_evals=50, silent=True)
    blurred = np.stack([cv2.blur(image, (2, 2)).reshape(4, 4, 1) for image in images])
    assert_allclose(explanation.base_values, edges(blurred), atol=1e-8)
    assert_allclose(pixel_sum(explanation), edges(images), atol=1e-8)


@pytest.mark.slow
def test_inpainting(images):
    pytest.importorskip("cv2")
    whole = np.round(images * 200)  # SHAP paints on bytes
    masker = shap.maskers.Image("inpaint_telea", (4, 4, 1))
    explanation = SpexExplainer(edges, masker)(whole, max_evals=50, silent=True)
    assert_allclose(pixel_sum(explanation), edges(whole), atol=1e-8)
    average = np.array([[100.0, 50], [150, 100]])[None, ..., None]  # two pixels like an image all masked
    masker = shap.maskers.Image("inpaint_telea", (2, 2, 1))
    assert SpexExplainer(edges, masker)(average, silent=True)[0].interactions.n_calls == 2**4


def product(x):
    return 1 / (1 + np.exp(-x[:, 0] * x[:, 1] - x[:, 2]))


@pytest.mark.parametrize("link", [shap.links.identity, shap.links.logit])
@pytest.mark.parametrize("samples", [1, 4])
def test_a_function_as_masker(link, samples):
    table = np.random.default_rng(2).normal(size=(8, 3))

    def masker(mask, x):
        return np.where(mask, x, table[:samples])

    rows = table[6:]
    explanation = SpexExplainer(product, masker, link=link)(rows, silent=True)
    background = shap.maskers.Independent(table[:samples])
    # With one sample SHAP divides 0 by 0 to linearise the link; there is nothing to linearise.
    exact = shap.ExactExplainer(product, background, link=link, linearize_link=samples > 1)(rows)
    assert_allclose(explanation.values, exact.values, atol=1e-8)
    assert_allclose(explanation.base_values, exact.base_values, atol=1e-8)


def test_the_fixed_masker_hides_nothing():
    rows = np.array([[1.0, 2.0], [3.0, 5.0]])
    explainer = SpexExplainer(lambda x: np.sum(x, axis=1), shap.maskers.Fixed())
    explanation = explainer(rows, silent=True)
    assert_allclose(explanation.base_values, [3, 8])
    assert explanation.values.shape == (2, 0)


TEXT = shap.maskers.Text(r"\W")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda table: shap.kmeans(table, 3), "masker: the rows of a summary by shap.kmeans have weights"),
        (shap.maskers.Impute, "masker: shap.maskers.Impute masks no rows"),
        (
            lambda table: shap.maskers.Composite(TEXT, shap.maskers.Independent(table)),
            "masker: shap.maskers.Composite can join tables only, got Text, a table",
        ),
        (lambda table: shap.maskers.Composite(TEXT, TEXT), "masker: .* got Text, Text"),
    ],
)
def test_maskers_that_cannot_be_used_are_refused_before_a_call(make, message):
    with pytest.raises(InputError, match=message):
        SpexExplainer(edges, make(np.random.default_rng(0).random((9, 4))))
