"""Superpixels: connected, of about the wanted number, and true to edges."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy import ndimage

from spex_plugins.regions.superpixels import superpixel_labels


@pytest.fixture(scope="module", params=["china.jpg", "flower.jpg"])
def photo(request):
    from sklearn.datasets import load_sample_image

    return load_sample_image(request.param)[::3, ::3]


def pieces(labels):
    return sum(ndimage.label(labels == k)[1] for k in range(labels.max() + 1))


@pytest.mark.slow
@pytest.mark.parametrize("n", [20, 100])
def test_a_photo(photo, n):
    labels = superpixel_labels(photo, n, 0.5)
    assert labels.shape == photo.shape[:2]
    found = labels.max() + 1
    assert 0.8 * n <= found <= 1.1 * n
    assert pieces(labels) == found
    assert np.bincount(labels.ravel()).min() >= 0.09 * labels.size / n
    assert_array_equal(labels, superpixel_labels(photo, n, 0.5))
    # Regions explain the colours better than equal squares of the same number.
    side = round(n**0.5)
    rows, columns = (np.arange(size) * side // size for size in labels.shape)
    squares = rows[:, None] * side + columns
    grey = photo.mean(axis=2)

    def rest(parts):
        return (grey - ndimage.mean(grey, parts, np.arange(parts.max() + 1))[parts]).var()

    assert rest(labels) < 0.8 * rest(squares)


def test_regions_are_numbered_in_reading_order(photo):
    labels = superpixel_labels(photo, 30, 0.5).ravel()
    first = [int(np.argmax(labels == k)) for k in range(labels.max() + 1)]
    assert first == sorted(first)


def test_units_do_not_matter(photo):
    assert_array_equal(superpixel_labels(photo / 64 - 1, 40, 0.5), superpixel_labels(photo, 40, 0.5))


def test_a_sharp_edge_is_followed():
    image = np.zeros((40, 40, 1))
    image[:, 17:] = 1
    labels = superpixel_labels(image, 16, 0.3)
    assert not set(labels[:, :16].ravel()) & set(labels[:, 18:].ravel())


@pytest.mark.parametrize("shape", [(30, 40, 1), (9, 9), (1, 20, 3), (3, 3, 3)])
def test_noise_and_flat_and_small_images(shape):
    for image in (np.zeros(shape), np.random.default_rng(0).random(shape)):
        labels = superpixel_labels(image, 6, 0.5)
        assert labels.shape == shape[:2]
        assert 1 <= labels.max() + 1 <= 12
        assert pieces(labels) == labels.max() + 1
