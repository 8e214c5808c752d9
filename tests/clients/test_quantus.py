"""Quantus measures attributions that its ``explain_func`` returns."""

from __future__ import annotations

import numpy as np
import pytest

quantus = pytest.importorskip("quantus")
torch = pytest.importorskip("torch")
pytest.importorskip("captum")

from spex_plugins.captum import Spex  # noqa: E402


def spex(model, inputs, targets, n_samples=80, patch=4, **_):
    """The recipe: attributions of image patches, as an array of the shape of the inputs."""
    inputs, targets = torch.as_tensor(inputs), torch.as_tensor(targets)
    side = inputs.shape[-1] // patch
    ids = torch.arange(side * side).reshape(side, side)
    mask = ids.repeat_interleave(patch, 0).repeat_interleave(patch, 1)[None, None]
    found = Spex(model).attribute(inputs, target=targets, feature_mask=mask, n_samples=n_samples)
    return found.sum(axis=1, keepdim=True).numpy()


def test_metrics_measure_its_attributions():
    torch.manual_seed(0)
    model = torch.nn.Sequential(
        torch.nn.Conv2d(1, 3, 4, stride=4), torch.nn.Tanh(), torch.nn.Flatten(), torch.nn.Linear(27, 3)
    ).eval()
    x, y = np.random.default_rng(0).normal(size=(2, 1, 12, 12)).astype(np.float32), np.array([0, 2])
    patches = {"patch_size": 4, "perturb_baseline": "black", "abs": False, "normalise": False}
    metric = quantus.RegionPerturbation(
        **patches, regions_evaluation=9, disable_warnings=True, display_progressbar=False
    )
    scores = metric(model=model, x_batch=x, y_batch=y, explain_func=spex, device="cpu")
    assert np.shape(scores)[0] == 2
    assert np.isfinite(np.asarray(scores, dtype=float)).all()
    values = spex(model, x, y)
    with torch.no_grad():
        ends = [model(torch.as_tensor(one))[range(2), y].numpy() for one in (x, np.zeros_like(x))]
    # A patch's value stands at each of its 16 pixels.
    np.testing.assert_allclose(values.sum(axis=(1, 2, 3)) / 16, ends[0] - ends[1], atol=1e-4)
