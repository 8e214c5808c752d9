"""Harmonic inpainting against its definition."""

from __future__ import annotations

import numpy as np
import pytest
from image_oracles import inpainted

from spex_plugins.games.image.image_game import ImageGame
from spex_plugins.games.image.inpainting import harmonic_fill
from spex_plugins.regions import Grid


def scattered(image):
    return np.random.default_rng(2).integers(-1, 4, image.shape[:2])


@pytest.mark.parametrize("labels", [Grid(2, 3), scattered])
def test_every_region_is_filled_as_if_it_alone_were_missing(labels):
    image = np.random.default_rng(1).random((9, 8, 2))
    regions = labels(image)
    filled = harmonic_fill(image, regions)
    for region in range(regions.max() + 1):
        missing = regions == region
        np.testing.assert_allclose(filled[missing], inpainted(image, missing), atol=1e-8)
    np.testing.assert_array_equal(filled[regions < 0], image[regions < 0])


def test_a_slope_is_continued_exactly_and_a_spot_vanishes():
    y, x = np.indices((30, 40))
    slope = np.stack([x + 2.0 * y, x - y, np.full_like(x, 7)], axis=2).astype(float)
    regions = np.full((30, 40), -1)
    regions[5:12, 8:20], regions[14:22, 9:30] = 0, 1
    spotted = slope.copy()
    spotted[7:10, 10:15] = 1000
    np.testing.assert_allclose(harmonic_fill(spotted, regions), slope, atol=1e-10)


def test_whole_numbers_are_rounded_and_stay_in_their_limits():
    image = np.array([[0, 255, 0, 255]] * 4, np.uint8)
    game = ImageGame(len, image, features=Grid(2, 2), replacement="inpaint")
    seen = game.masked_images(np.zeros((1, 4), bool))[0]
    expected = np.rint(harmonic_fill(image[..., None].astype(float), game.regions)[..., 0])
    np.testing.assert_array_equal(seen, expected)
    assert seen.dtype == np.uint8
