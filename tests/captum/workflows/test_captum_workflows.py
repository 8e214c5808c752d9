"""What Captum's users do with an attribution: noise tunnel, metrics, pictures."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from captum.attr import NoiseTunnel, PerturbationAttribution, ShapleyValueSampling, visualization
from captum.metrics import infidelity, infidelity_perturb_func_decorator, sensitivity_max

from spex_plugins.captum import Spex

X = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
WEIGHTS = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))


def model(x):
    return torch.tanh(x @ WEIGHTS) * x[:, :1]


def linear(x):
    return x @ WEIGHTS


def test_it_is_what_captum_takes():
    method = Spex(model)
    assert isinstance(method, ShapleyValueSampling)
    assert isinstance(method, PerturbationAttribution)
    assert (method.get_name(), method.has_convergence_delta(), method.multiplies_by_inputs) == (
        "Spex",
        False,
        True,
    )
    assert method.forward_func is model


def test_futures_are_not_supported():
    with pytest.raises(NotImplementedError, match="attribute_future"):
        Spex(model).attribute_future()
    with pytest.raises(NotImplementedError, match="attribute_future"):
        Spex(model).attribute_future(X, target=0)


@pytest.mark.parametrize("kind", ["smoothgrad", "smoothgrad_sq", "vargrad"])
def test_noise_tunnel(kind):
    torch.manual_seed(0)
    targets, masks = [0, 1, 2], torch.tensor([[0, 0, 1, 2, 2], [3, 4, 4, 5, 6], [0, 1, 0, 2, 1]])
    found = NoiseTunnel(Spex(model)).attribute(
        X,
        nt_type=kind,
        nt_samples=7,
        nt_samples_batch_size=3,  # a last partial batch of one
        stdevs=0.2,
        target=targets,
        baselines=torch.ones(3, 5),
        feature_mask=masks,
        perturbations_per_eval=4,
    )
    torch.manual_seed(0)
    noisy = []
    for size in (3, 3, 1):
        expanded = X.repeat_interleave(size, dim=0)
        # As in Captum, which draws a normal number for every element.
        noisy.append((expanded + torch.normal(0, torch.full(expanded.shape, 0.2))).reshape(3, size, 5))
    samples = torch.cat(noisy, dim=1)
    each = torch.stack(
        [
            Spex(model).attribute(samples[:, k], torch.ones(3, 5), target=targets, feature_mask=masks)
            for k in range(7)
        ]
    )
    square = (each**2).mean(0)
    truth = {"smoothgrad": each.mean(0), "smoothgrad_sq": square, "vargrad": square - each.mean(0) ** 2}
    torch.testing.assert_close(found, truth[kind], atol=1e-5, rtol=1e-4)


def test_noise_tunnel_over_several_inputs():
    found = NoiseTunnel(Spex(lambda x, y: linear(x + y))).attribute(
        (X, X), nt_samples=2, stdevs=(0.1, 0.1), target=1
    )
    assert [part.shape for part in found] == [(3, 5), (3, 5)]


@infidelity_perturb_func_decorator(True)
def keep_some(inputs, baselines):
    keep = torch.rand(inputs.shape, generator=torch.Generator().manual_seed(len(inputs))) < 0.5
    return torch.where(keep, inputs, baselines)


def test_infidelity_of_exact_values_is_zero_for_a_linear_model():
    baseline = torch.full_like(X, 0.3)
    found = Spex(linear).attribute(X, baselines=baseline, target=2)
    scores = infidelity(linear, keep_some, X, found, baselines=baseline, target=2, n_perturb_samples=20)
    assert scores.shape == (3,)
    assert scores.max() < 1e-10
    wrong = infidelity(linear, keep_some, X, found * 1.2, baselines=baseline, target=2, n_perturb_samples=20)
    assert wrong.min() > 1e-4


def test_infidelity_over_several_inputs():
    def forward(x, y):
        return linear(x - 2 * y)[:, 0]

    @infidelity_perturb_func_decorator(True)
    def halve(inputs, baselines):
        return tuple(
            torch.where(torch.arange(5) % 2 == 0, x, b) for x, b in zip(inputs, baselines, strict=True)
        )

    references = (torch.zeros_like(X), torch.ones_like(X))
    found = Spex(forward).attribute((X, X + 1), baselines=references)
    assert infidelity(forward, halve, (X, X + 1), found, baselines=references).max() < 1e-10


@pytest.mark.slow
def test_sensitivity_is_that_of_the_model_and_not_of_the_masks():
    many = torch.randn(2, 14, generator=torch.Generator().manual_seed(2))

    def smooth(x):
        return torch.tanh(x.sum(dim=1)) + x[:, 0] * x[:, 1]

    options = {"n_samples": 100, "feature_mask": torch.arange(14)[None]}
    still = sensitivity_max(Spex(smooth).attribute, many, perturb_radius=0.0, n_perturb_samples=3, **options)
    assert still.max() < 1e-6
    moved = sensitivity_max(Spex(smooth).attribute, many, perturb_radius=0.2, n_perturb_samples=3, **options)
    assert moved.shape == (2,)
    assert moved.min() > 1e-3


@pytest.fixture
def heatmap():
    """An image of 6 × 6 in four patches, of which two matter together."""
    image = torch.linspace(0.1, 1, 36).reshape(1, 1, 6, 6)
    patches = torch.arange(4).reshape(2, 2).repeat_interleave(3, 0).repeat_interleave(3, 1)
    found = Spex(lambda x: x[..., :3, :3].mean(dim=(1, 2, 3)) * x[..., 3:, 3:].mean(dim=(1, 2, 3))).attribute(
        image, feature_mask=patches[None, None]
    )
    yield image[0].permute(1, 2, 0).numpy(), found[0].permute(1, 2, 0).numpy()
    plt.close("all")


@pytest.mark.parametrize("method", ["heat_map", "blended_heat_map", "masked_image", "alpha_scaling"])
def test_pictures_of_images(method, heatmap):
    image, found = heatmap
    _, axes = visualization.visualize_image_attr(
        found, np.repeat(image, 3, axis=2), method=method, sign="positive", use_pyplot=False, outlier_perc=0
    )
    drawn = np.asarray(axes.images[-1].get_array(), dtype=float)
    assert drawn.shape[:2] == (6, 6)
    if method == "heat_map":
        np.testing.assert_allclose(drawn > 0.5, np.kron(np.eye(2), np.ones((3, 3))) > 0)


def test_pictures_of_texts():
    found = Spex(model).attribute(X[:1], target=1)[0]
    words = ["a", "b", "c", "never", "e"]
    page = visualization.format_word_importances(words, (found / found.abs().max()).tolist())
    strongest = words[found.abs().argmax()]
    others = [color for word, color in _colors(page) if word != strongest]
    assert dict(_colors(page))[strongest] not in others


def _colors(page):
    import re

    return [(word, color) for color, word in re.findall(r"background-color: (.*?);.*?> (\w+)", page)]
