"""Images: masks of regions, exact values of a convolutional net, and the way to the picture."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from captum.attr import ShapleyValues
from captum_games import exact
from numpy.testing import assert_array_equal

from spex_plugins import InputError
from spex_plugins.captum import Grid, Spex, Superpixels, image_and_regions, image_feature_mask
from spex_plugins.plots import image_regions

GENERATOR = torch.Generator().manual_seed(0)
IMAGES = torch.rand(2, 3, 8, 12, generator=GENERATOR, dtype=torch.float64)
LABELS = np.repeat(np.repeat([[7, 2, 2], [9, 9, 40]], 4, axis=0), 4, axis=1)


@pytest.fixture(scope="module")
def net():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        layers = [torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(240, 2)]
        return torch.nn.Sequential(*layers).double().eval()


def test_a_grid():
    mask = image_feature_mask(IMAGES, Grid(2, 3))
    assert (mask.shape, mask.dtype) == ((2, 1, 8, 12), torch.int64)
    wanted = np.repeat(np.repeat([[0, 1, 2], [3, 4, 5]], 4, axis=0), 4, axis=1)
    assert_array_equal(mask[0, 0], wanted)
    assert_array_equal(image_feature_mask(IMAGES[0], Grid(2, 3)), mask[:1])


def test_a_function_sees_the_image_as_others_show_it():
    seen = []

    def labels(image):
        seen.append(image)
        return LABELS

    mask = image_feature_mask(IMAGES.to(torch.bfloat16), labels)
    assert_array_equal(mask[1, 0], np.searchsorted([2, 7, 9, 40], LABELS))
    assert [image.shape for image in seen] == [(8, 12, 3)] * 2
    np.testing.assert_allclose(seen[1][3, 5], IMAGES[1, :, 3, 5], rtol=0.01)


def test_every_image_has_superpixels_of_its_own():
    image = torch.zeros(2, 3, 40, 40)
    image[0, :, :, 17:] = 1
    image[1, :, 23:] = 1
    mask = image_feature_mask(image, Superpixels(16, 0.3))[:, 0]
    assert not set(mask[0, :, :16].flatten().tolist()) & set(mask[0, :, 18:].flatten().tolist())
    assert not set(mask[1, :22].flatten().tolist()) & set(mask[1, 24:].flatten().tolist())


@pytest.mark.parametrize("features", [Grid(2, 3), lambda image: LABELS, Superpixels(8)])
def test_the_values_of_a_net_are_exact(net, features):
    mask = image_feature_mask(IMAGES, features)
    values = Spex(net).attribute(IMAGES, target=1, feature_mask=mask, perturbations_per_eval=16)
    for x, own, value in zip(IMAGES.split(1), mask.split(1), values.split(1), strict=True):
        (wanted,) = exact(lambda x: net(x)[:, 1], (x,), (0 * x,), (own.expand(x.shape),))
        torch.testing.assert_close(value, wanted[None], atol=1e-9, rtol=0)


def test_the_methods_of_captum_understand_the_mask(net):
    mask = image_feature_mask(IMAGES, lambda image: LABELS)
    settings = {"target": 0, "feature_mask": mask}
    theirs = ShapleyValues(net).attribute(IMAGES, **settings)
    torch.testing.assert_close(Spex(net).attribute(IMAGES, **settings), theirs.double(), atol=1e-6, rtol=0)


def test_from_a_result_to_its_picture(net):
    """Every region has the colour of its own value, through ids with gaps."""
    mask = torch.from_numpy(LABELS)[None, None]
    x = IMAGES[:1].float()
    values, (found,) = Spex(net.float()).attribute(
        x, target=1, feature_mask=mask, return_interactions=True, index="FSII"
    )
    net.double()
    pixels, regions = image_and_regions(x, mask, found)
    assert_array_equal(pixels, x[0].permute(1, 2, 0))
    assert_array_equal(np.array([2, 7, 9, 40])[regions], LABELS)
    assert_array_equal(regions, image_and_regions(x[0], mask[0, 0], found)[1])
    (picture,) = image_regions(pixels, regions, found, order=1).images
    red, _, blue = np.moveaxis(np.asarray(picture.get_array()), 2, 0)
    assert_array_equal(np.sign(red - blue), np.sign(values[0, 0].numpy()))


@pytest.mark.parametrize("shade", [0.5, -2.0, 300.0])
def test_a_model_that_nothing_changes_has_a_picture_without_colours(shade):
    x = torch.full((1, 3, 8, 12), shade)
    mask = image_feature_mask(x, Grid(4, 4))
    values, (found,) = Spex(lambda x: x.new_ones(len(x))).attribute(
        x, feature_mask=mask, n_samples=100, perturbations_per_eval=50, return_interactions=True
    )
    assert not values.any()
    (picture,) = image_regions(*image_and_regions(x, mask, found), found).images
    assert np.ptp(picture.get_array(), axis=2).max() == 0


@pytest.mark.parametrize(
    ("image", "features", "message"),
    [
        (IMAGES[0, 0], "grid", r"image: .*got \(8, 12\)"),
        (IMAGES.numpy(), "grid", "image: .*ndarray"),
        (IMAGES[:0], "grid", "image: "),
        (IMAGES, "grid", "finer than the pixels"),
        (IMAGES, "patch", "'grid', 'superpixel'"),
        (IMAGES, lambda image: LABELS - 9, "negative"),
        (IMAGES, lambda image: LABELS.T, r"\(8, 12\)"),
    ],
)
def test_unusable_images_and_groups(image, features, message):
    with pytest.raises(InputError, match=message):
        image_feature_mask(image, features)


def test_unusable_pictures():
    mask = image_feature_mask(IMAGES[:1], Grid(2, 2))
    settings = {"feature_mask": mask, "return_interactions": True}
    _, (found,) = Spex(lambda x: x.sum((1, 2, 3))).attribute(IMAGES[:1], **settings)
    for image, own, message in [
        (IMAGES, mask, r"image: has 2 examples.*image\[:1\]"),
        (IMAGES[0], mask.expand(2, -1, -1, -1), "feature_mask: has 2 examples"),
        (IMAGES[0], mask[..., :5], r"feature_mask: shape \(1, 1, 8, 5\)"),
        (IMAGES[0], torch.arange(3).reshape(3, 1, 1), "several ids"),
        (IMAGES[0], mask + 2, r"\[4, 5\]"),
    ]:
        with pytest.raises(InputError, match=message):
            image_and_regions(image, own, found)
